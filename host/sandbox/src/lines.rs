//! Streams of bytes as lines of a log.

use std::sync::Arc;

use lockgate_model::host_call::{LogLevel, LogLine, LogSource};
use lockgate_model::limits::LOG_LINE_BYTES_MAX;
use lockgate_ports::secrets::Mask;

use crate::watch::Watch;

/// What a line costs beside its words where it is kept: a flood of empty lines is a flood.
const LINE_FRAME_BYTES: usize = 128;
/// Stands behind a line that was cut.
const CUT_MARKER: &str = " [line cut]";

/// Joins the pieces of one stream and writes a line of the log for each line of it. What a line has beyond
/// `LOG_LINE_BYTES_MAX` is dropped, but counted: a line without end fills the log like any other flood.
pub(crate) struct Lines {
    watch: Arc<Watch>,
    source: LogSource,
    partial: Vec<u8>,
    is_cut: bool,
}

impl Lines {
    /// The lines of one stream.
    pub(crate) fn new(watch: Arc<Watch>, source: LogSource) -> Self {
        Self { watch, source, partial: Vec::new(), is_cut: false }
    }

    /// Takes the next piece, cut anywhere.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        if !self.watch.reserve_log(bytes.len() + lines * LINE_FRAME_BYTES) {
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.extend(end);
                    self.end_line();
                }
                None => self.extend(piece),
            }
        }
    }

    /// Writes what stands behind the last line end.
    pub(crate) fn finish(&mut self) {
        if !self.partial.is_empty() {
            self.end_line();
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = LOG_LINE_BYTES_MAX - self.partial.len();
        self.is_cut |= bytes.len() > room;
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self) {
        let mut bytes = std::mem::take(&mut self.partial);
        if self.is_cut {
            // What was cut may be the rest of a secret, whose beginning nobody would know for one.
            bytes.truncate(bytes.len() - self.watch.mask().held_back(&bytes));
        }
        // Before bytes become text: what is no text would be replaced, and not be found any more.
        let bytes = self.watch.mask().bytes(&bytes);
        let text = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        let marker = if std::mem::take(&mut self.is_cut) { CUT_MARKER } else { "" };
        let message = String::from_utf8_lossy(text).into_owned() + marker;
        let level = LogLevel::Info;
        self.watch.write(LogLine { source: self.source, level, message, fields: Vec::new() });
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A message of one line at most `LOG_LINE_BYTES_MAX` long, marked where it is cut; without the values of secrets, so
/// that none is cut in two.
pub(crate) fn cut(message: &str, mask: &Mask) -> String {
    let mut message = mask.text(message).into_owned();
    if message.len() > LOG_LINE_BYTES_MAX {
        message.truncate(message.floor_char_boundary(LOG_LINE_BYTES_MAX));
        message.push_str(CUT_MARKER);
    }
    message
}
