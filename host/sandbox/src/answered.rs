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
    pub(crate) attempt: AttemptId,
    pub(crate) answer: Answer,
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
    lines: Mutex<Option<Vec<HostCall>>>,
}

impl Tee {
    pub(crate) fn new(recorder: Arc<dyn Recorder>) -> Arc<Self> {
        Arc::new(Self { recorder, lines: Mutex::new(Some(Vec::new())) })
    }

    /// What was logged; none where it was too much to keep.
    pub(crate) fn take(&self) -> Option<Vec<HostCall>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, call: &HostCall) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let size = |call: &HostCall| match &call.body {
            CallBody::Line(line) => {
                line.message.len() + line.fields.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>()
            }
            CallBody::Progress { message, .. } => message.len(),
            CallBody::Function { .. } => 0,
        };
        let kept = lines.as_ref().map_or(0, |lines| lines.iter().map(|call| size(call) + 1).sum());
        match &mut *lines {
            Some(lines) if kept + size(call) < LOG_BYTES_MAX => lines.push(call.clone()),
            full => *full = None,
        }
    }
}

impl Recorder for Tee {
    fn record(&self, call: HostCall) {
        if matches!(call.body, CallBody::Line(_) | CallBody::Progress { .. }) {
            self.keep(&call);
        }
        self.recorder.record(call);
    }

    fn finish(&self) -> Option<Vec<u8>> {
        self.recorder.finish()
    }
}
