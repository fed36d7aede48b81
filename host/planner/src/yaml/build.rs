//! From the parser's events to the tree. Built on serde-saphyr's own parser, since a deserializer would stop at the first
//! mistake.

use std::collections::{BTreeMap, HashMap};

use lockgate_model::limits::PIPELINE_BYTES_MAX;
use serde_saphyr::granit_parser::{ErrorKind, Event, Parser, ScanError, Span as Mark, Tag};

use super::{Entry, NODE_BYTES, Node, Value, scalar};
use crate::diagnostics::Report;
use crate::source::{Span, Spanned};

/// How deep lists and maps may be nested.
pub const YAML_DEPTH_MAX: usize = 64;
/// All values of a file after its aliases are expanded: the bytes of their text, and `NODE_BYTES` for each.
pub const YAML_EXPANDED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The tree of `text`; nothing, with one diagnostic that says why, where it is not YAML or beyond a limit.
pub(crate) fn parse(text: &str, report: &mut Report) -> Option<Node> {
    if text.len() > PIPELINE_BYTES_MAX {
        let message = format!("the file is {} bytes long, {PIPELINE_BYTES_MAX} are allowed", text.len());
        report.error("too-large", Span::default(), message).help("move data out of the pipeline file");
        return None;
    }
    match Builder::new(text, report).build() {
        Ok(root) => Some(root),
        Err(stop) => {
            report.error(stop.code, stop.span, stop.message).maybe_help(stop.help);
            None
        }
    }
}

/// Why reading cannot go on.
struct Stop {
    code: &'static str,
    span: Span,
    message: String,
    help: Option<String>,
}

impl Stop {
    fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None }
    }

    fn help(self, help: &str) -> Self {
        Self { help: Some(help.to_owned()), ..self }
    }
}

/// A list or map that has begun and not ended.
struct Frame {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Spanned<String>> },
}

/// Builds the tree from events, with a stack of its own: depth is a limit here, never the thread's stack.
struct Builder<'a> {
    text: &'a str,
    report: &'a mut Report,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    documents: usize,
    bytes: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, report: &'a mut Report) -> Self {
        Self { text, report, stack: Vec::new(), anchors: BTreeMap::new(), root: None, documents: 0, bytes: 0 }
    }

    fn build(mut self) -> Result<Node, Stop> {
        for next in Parser::new_from_str(self.text) {
            let (event, mark) = next.map_err(|error| syntax_error(self.text, &error))?;
            let span = span_of(self.text, mark);
            let tag_span = mark.tag_span().map_or(span, |mark| span_of(self.text, mark));
            self.check_tag(&event, tag_span)?;
            self.event(event, span)?;
        }
        let empty = || Stop::new("empty", Span::default(), "the file is empty").help("a pipeline has at least `jobs:`");
        self.root.filter(|root| !root.is_null()).ok_or_else(empty)
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(..) => self.document(span),
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = scalar::type_of(&text, style, tag.as_deref());
                let span = trimmed(self.text, span);
                self.node(Node { span, value: Value::Scalar(text.into_owned(), scalar) }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.open(span, anchor, Content::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                self.open(span, anchor, Content::Map { entries: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn document(&mut self, span: Span) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(Stop::new("several-documents", span, "a pipeline file holds one document")
                .help("put the second pipeline into a file of its own"));
        }
        Ok(())
    }

    /// Only the tags of the core schema mean something, each on its own sort of value.
    fn check_tag(&self, event: &Event<'_>, span: Span) -> Result<(), Stop> {
        let known: &[&str] = match event {
            Event::SequenceStart(..) => &["seq"],
            Event::MappingStart(..) => &["map"],
            _ => &["str", "int", "float", "bool", "null"],
        };
        let is_known = |tag: &&Tag| tag.core_suffix().is_some_and(|suffix| known.contains(&suffix));
        match event.tag() {
            Some(tag) if !is_known(&tag) => {
                let message = format!("the tag `{}` means nothing here", tag.original());
                Err(Stop::new("tag", span, message).help("remove it"))
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, span: Span, anchor: usize, content: Content) -> Result<(), Stop> {
        if self.stack.len() >= YAML_DEPTH_MAX {
            return Err(too_deep(span));
        }
        self.stack.push(Frame { start: span.start, anchor, content });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let value = match frame.content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, .. } => Value::Map(self.without_duplicates(entries)),
        };
        let span = trimmed(self.text, Span::new(frame.start, span.end));
        self.node(Node { span, value }, frame.anchor)
    }

    /// Aliases are expanded where they stand; what they expand to is counted before it is copied.
    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Stop::new("alias", span, "this alias stands inside of what it names"));
        };
        if self.bytes + node.bytes() > YAML_EXPANDED_BYTES_MAX {
            return Err(too_expanded(span));
        }
        if self.stack.len() + node.depth() > YAML_DEPTH_MAX {
            return Err(too_deep(span));
        }
        let copy = node.clone();
        self.count(copy.bytes(), span)?;
        self.place(copy)
    }

    fn node(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        let own = match &node.value {
            Value::Scalar(text, _) => NODE_BYTES + text.len(),
            Value::List(_) | Value::Map(_) => NODE_BYTES,
        };
        self.count(own, node.span)?;
        if anchor > 0 {
            self.count(node.bytes(), node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        self.place(node)
    }

    fn count(&mut self, bytes: usize, span: Span) -> Result<(), Stop> {
        self.bytes += bytes;
        if self.bytes > YAML_EXPANDED_BYTES_MAX { Err(too_expanded(span)) } else { Ok(()) }
    }

    fn place(&mut self, node: Node) -> Result<(), Stop> {
        match self.stack.last_mut().map(|frame| &mut frame.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key }) => match key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => *key = Some(key_of(node)?),
            },
        }
        Ok(())
    }

    fn without_duplicates(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut firsts: HashMap<String, Span> = HashMap::new();
        let mut kept = Vec::with_capacity(entries.len());
        for entry in entries {
            match firsts.get(&entry.key.value) {
                Some(first) => {
                    let message = format!("the key `{}` stands here a second time", entry.key.value);
                    self.report.error("duplicate-key", entry.key.span, message).related(*first, "the first one");
                }
                None => {
                    firsts.insert(entry.key.value.clone(), entry.key.span);
                    kept.push(entry);
                }
            }
        }
        kept
    }
}

fn key_of(node: Node) -> Result<Spanned<String>, Stop> {
    match node.value {
        Value::Scalar(text, _) => Ok(Spanned::new(text, node.span)),
        _ => Err(Stop::new("complex-key", node.span, format!("a key is a word, and this is {}", node.what()))
            .help("a text with `{{` or `[[` at its start stands in quotes")),
    }
}

fn too_deep(span: Span) -> Stop {
    Stop::new("too-deep", span, format!("lists and maps are nested more than {YAML_DEPTH_MAX} levels deep"))
}

fn too_expanded(span: Span) -> Stop {
    let message = format!("with its aliases expanded the file is larger than {YAML_EXPANDED_BYTES_MAX} bytes");
    Stop::new("too-large", span, message).help("aliases of aliases multiply: write out what is needed")
}

fn syntax_error(text: &str, error: &ScanError) -> Stop {
    let at = error.marker().byte_offset().unwrap_or(error.marker().index()).min(text.len());
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_deep(Span::new(at, at)),
        _ => Stop::new("yaml", Span::new(at, at), format!("this is not YAML: {}", error.info())),
    }
}

fn span_of(text: &str, mark: Mark) -> Span {
    let bytes = mark.byte_range().unwrap_or(0..0);
    Span::new(bytes.start.min(text.len()), bytes.end.min(text.len()))
}

/// The end of a block value is where the next one begins; a caret belongs under the value itself.
fn trimmed(text: &str, span: Span) -> Span {
    let inside = text.get(span.start..span.end).unwrap_or("");
    Span::new(span.start, span.start + inside.trim_end().len())
}
