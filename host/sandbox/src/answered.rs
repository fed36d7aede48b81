//! Calls that were answered before: kept by canonical input, with the attempt that answered and what it logged.

use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::call::Answer;
use lockgate_model::host_call::{CallBody, HostCall};
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_ports::{Cache, Recorder};
use serde::{Deserialize, Serialize};

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

/// Looks an answer up. What cannot be read is not known.
pub(crate) fn get(cache: &dyn Cache, key: &Digest) -> Option<Kept> {
    ciborium::from_reader(cache.get(NAMESPACE, key)?.as_slice()).ok()
}

/// Keeps an answer.
pub(crate) fn put(cache: &dyn Cache, key: &Digest, kept: &Kept) {
    let mut bytes = Vec::new();
    if ciborium::into_writer(kept, &mut bytes).is_ok() {
        cache.put(NAMESPACE, key, bytes);
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
        CallBody::Function { .. } => return None,
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

    fn finish(&self) -> Option<Vec<u8>> {
        self.recorder.finish()
    }
}
