//! One call of a plugin to the host, as the journal remembers it. Logs are the journal's first view.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::Json;
use crate::ids::Digest;

/// Where a line of a log comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogSource {
    /// The contract's `log` interface.
    Log,
    /// The plugin's standard output.
    Stdout,
    /// The plugin's standard error.
    Stderr,
    /// A native tool's standard output.
    ToolStdout,
    /// A native tool's standard error.
    ToolStderr,
    /// The host itself, for example where it cut something.
    Host,
}

/// How loud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// For somebody who follows every move.
    Trace,
    /// For the plugin's author.
    Debug,
    /// For everybody.
    Info,
    /// Somebody should look.
    Warn,
    /// Something is broken.
    Error,
}

/// One line, at most `LOG_LINE_BYTES_MAX` long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogLine {
    /// Where it comes from.
    pub source: LogSource,
    /// How loud.
    pub level: LogLevel,
    /// The line without its end.
    pub message: String,
    /// Structure beside the words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
}

/// Whether the host did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// It needs no grant.
    Free,
    /// This grant allowed it, as the pipeline writes it: `exec: [cargo]`.
    Granted(Cow<'static, str>),
    /// This grant is missing, as the pipeline would write it.
    Denied(Cow<'static, str>),
}

/// What was called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallBody {
    /// A line of the log.
    Line(LogLine),
    /// How far the plugin is.
    Progress {
        /// With what.
        message: String,
        /// Units done.
        done: u64,
        /// Units in all.
        total: Option<u64>,
    },
    /// Any other function, with short readable forms; large bodies by digest.
    Function(FunctionCall),
}

/// A function of a host interface that was called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FunctionCall {
    /// `exec`, `artifacts`, `wasi:clocks/wall-clock` ...
    pub interface: Cow<'static, str>,
    /// `run`, `publish`, `now` ...
    pub function: Cow<'static, str>,
    /// What was asked, short.
    pub arguments: Json,
    /// What was answered, short.
    pub result: Json,
    /// Bytes that went in and came out, where the function moves any.
    #[serde(default)]
    pub bytes: u64,
    /// The whole answer, where it does not follow from what the guest was given: a replay hands it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<RecordedAnswer>,
    /// Blobs that the answer names: a replay elsewhere needs them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Digest>,
}

/// An answer as the guest got it, in a form that only the function itself reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedAnswer {
    /// A small one.
    Inline(Vec<u8>),
    /// A large one, in the blob store.
    Blob(Digest),
    /// One that could not be kept, and why: the attempt cannot be replayed beyond it.
    Lost(String),
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostCall {
    /// Counts from 0 within the attempt; the recorder numbers.
    #[serde(default)]
    pub seq: u32,
    /// Milliseconds since the attempt began.
    pub at_ms: u64,
    /// How long the host took.
    #[serde(default)]
    pub duration_us: u64,
    /// Whether the host did it.
    pub permission: Permission,
    /// What was called.
    pub body: CallBody,
}

impl HostCall {
    /// The function that was called; none where it is a line or a step of progress.
    #[must_use]
    pub fn function(&self) -> Option<&FunctionCall> {
        match &self.body {
            CallBody::Function(function) => Some(function),
            CallBody::Line(_) | CallBody::Progress { .. } => None,
        }
    }
}
