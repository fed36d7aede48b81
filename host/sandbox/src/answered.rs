//! Calls that were answered before: kept by canonical input, with the attempt that answered and what it logged.

use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::call::Answer;
use lockgate_model::host_call::{CallBody, FunctionCall, HostCall, Permission};
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_ports::trees::Question;
use lockgate_ports::{Recorder, Trees, TrustedCache};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::observed;

/// The namespace in the cache.
const NAMESPACE: &str = "call";
/// What a kept call may have logged; one that logged more is not kept.
const LOG_BYTES_MAX: usize = 64 * 1024;

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Who answered first.
    pub(crate) attempt: AttemptId,
    /// What.
    pub(crate) answer: Answer,
    /// What it logged.
    pub(crate) lines: Vec<HostCall>,
}

/// Whether a kept answer can be read.
///
/// # Errors
/// Why it cannot.
pub fn check_kept_answer(value: &[u8]) -> Result<(), String> {
    ciborium::from_reader::<Kept, _>(value).map(drop).map_err(|error| error.to_string())
}

/// Where the answer of one call is looked for and kept.
pub(crate) struct Cached<'a> {
    pub(crate) cache: TrustedCache,
    pub(crate) trees: &'a dyn Trees,
    /// The canonical input.
    pub(crate) input: Digest,
    /// The tree that a reader reads.
    pub(crate) root: Option<Digest>,
}

impl Cached<'_> {
    /// The answer, if it is known. What cannot be read is not known.
    pub(crate) fn find(&self) -> Option<Kept> {
        let keys = match &self.root {
            Some(root) => observed::keys(&self.cache, self.trees, &self.input, root),
            None => vec![self.input],
        };
        keys.iter().find_map(|key| ciborium::from_reader(self.cache.get(NAMESPACE, key)?.as_slice()).ok())
    }

    /// Keeps an answer; a reader's by the questions that led to it, if they were not too many.
    pub(crate) fn keep(&self, questions: Option<Vec<Question>>, kept: &Kept) {
        let key = match (&self.root, questions) {
            (Some(root), Some(questions)) => {
                observed::remember(&self.cache, self.trees, (&self.input, root), questions)
            }
            (Some(_), None) => None,
            (None, _) => Some(self.input),
        };
        let mut bytes = Vec::new();
        if let Some(key) = key
            && ciborium::into_writer(kept, &mut bytes).is_ok()
        {
            self.cache.put(NAMESPACE, &key, bytes);
        }
    }

    /// The look itself, for the journal: what follows it up to the next one came of this call.
    pub(crate) fn looked(&self, known: Option<&Kept>) -> HostCall {
        let call = FunctionCall {
            interface: "cache".into(),
            function: "look".into(),
            arguments: json!({ "input": self.input, "tree": self.root }),
            result: json!({ "known-from": known.map(|kept| kept.attempt.to_string()) }),
            bytes: 0,
            answer: None,
            blobs: Vec::new(),
        };
        HostCall { seq: 0, at_ms: 0, duration_us: 0, permission: Permission::Free, body: CallBody::Function(call) }
    }
}

/// Hands calls on, and keeps the log among them.
pub(crate) struct Tee {
    recorder: Arc<dyn Recorder>,
    logged: Mutex<Option<Logged>>,
}

#[derive(Default)]
struct Logged {
    bytes: usize,
    lines: Vec<HostCall>,
}

impl Tee {
    pub(crate) fn new(recorder: Arc<dyn Recorder>) -> Arc<Self> {
        Arc::new(Self { recorder, logged: Mutex::new(Some(Logged::default())) })
    }

    /// What was logged; none where it was too much to keep.
    pub(crate) fn take(&self) -> Option<Vec<HostCall>> {
        self.logged.lock().unwrap_or_else(PoisonError::into_inner).take().map(|logged| logged.lines)
    }

    fn keep(&self, call: &HostCall, bytes: usize) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *logged {
            Some(kept) if kept.bytes + bytes < LOG_BYTES_MAX => {
                kept.bytes += bytes;
                kept.lines.push(call.clone());
            }
            too_much => *too_much = None,
        }
    }
}

/// About how much room a line of the log takes; none for other calls, which are not kept.
fn line_bytes(call: &HostCall) -> Option<usize> {
    let text = match &call.body {
        CallBody::Line(line) => {
            line.message.len() + line.fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
        }
        CallBody::Progress { message, .. } => message.len(),
        CallBody::Function(_) => return None,
    };
    Some(size_of::<HostCall>() + text)
}

impl Recorder for Tee {
    fn record(&self, call: HostCall) {
        if let Some(bytes) = line_bytes(&call) {
            self.keep(&call, bytes);
        }
        self.recorder.record(call);
    }

    fn has_lost(&self) -> bool {
        self.recorder.has_lost()
    }

    fn finish(&self) -> Option<Vec<u8>> {
        self.recorder.finish()
    }
}
