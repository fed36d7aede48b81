//! Answers of the world in the journal, so that a replay can hand them back.

use lockgate_model::host_call::RecordedAnswer;
use lockgate_ports::Blobs;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Larger answers are blobs.
const INLINE_BYTES_MAX: usize = 8 * 1024;

/// Keeps an answer.
pub(crate) fn keep(answer: &impl Serialize, blobs: &dyn Blobs) -> RecordedAnswer {
    let bytes = match postcard::to_allocvec(answer) {
        Ok(bytes) if bytes.len() <= INLINE_BYTES_MAX => return RecordedAnswer::Inline(bytes),
        Ok(bytes) => bytes,
        Err(error) => return RecordedAnswer::Lost(error.to_string()),
    };
    blobs.put(&bytes).map_or_else(|error| RecordedAnswer::Lost(error.to_string()), RecordedAnswer::Blob)
}

/// Reads an answer back.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}
