//! A value that remembers its key's place, so that somebody can be sent to that line later.

use super::read::Read;
use crate::diagnostics::Report;
use crate::source::Span;
use crate::yaml::{Entry, Node};

/// A value, where it stands, and where its key stands: in block style that is a line above.
#[derive(Debug, Clone)]
pub(crate) struct Keyed<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
    pub(crate) key: Span,
}

impl<T: Read> Read for Keyed<T> {
    /// Without a key the value's own place stands for it.
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        T::read(node, report).map(|value| Self { value, span: node.span, key: node.span })
    }

    fn read_entry(entry: &Entry, report: &mut Report) -> Option<Self> {
        Self::read(&entry.value, report).map(|it| Self { key: entry.key.span, ..it })
    }
}
