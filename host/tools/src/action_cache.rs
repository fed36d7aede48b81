//! Commands that need not run again: what they said and left, by the key of their action.

use lockgate_model::ids::{AttemptId, Digest};
use lockgate_ports::tools::{Completion, Ending, OutputSink};
use lockgate_ports::{Blobs, ToolError, TrustedCache, WorkspaceFolder};
use serde::{Deserialize, Serialize};

use crate::kept;
use crate::request::Request;

const NAMESPACE: &str = "action";
const VERSION: u32 = 3;

/// The completion holds what was changed, and nothing of its key: the key is made again by whoever asks for it.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    version: u32,
    attempt: AttemptId,
    completion: Completion,
}

/// The action cache: entries in `cache`, files in `blobs`.
pub(crate) struct ActionCache<'a> {
    pub(crate) cache: TrustedCache,
    pub(crate) blobs: &'a dyn Blobs,
}

impl ActionCache<'_> {
    /// Carries a remembered result into the workspace and says again what the command said. Who made it may have been
    /// granted more: what this step must not write is refused as if it had run.
    pub(crate) fn restore(
        &self,
        key: &Digest,
        workspace: &dyn WorkspaceFolder,
        request: &Request,
        sink: &dyn OutputSink,
    ) -> Result<Option<Completion>, ToolError> {
        let Some(entry) = self.entry(key) else { return Ok(None) };
        if let Some(changes) = &entry.completion.changes {
            request.may_change(changes.placed.iter().map(|placed| placed.path.as_str()))?;
            request.may_change(changes.removed.iter().map(String::as_str))?;
            kept::apply(self.blobs, changes, workspace)?;
        }
        for (is_stderr, bytes) in [(false, &entry.completion.stdout), (true, &entry.completion.stderr)] {
            let logged = is_stderr || request.stdout_to.is_none();
            if logged && !bytes.is_empty() {
                sink.write(is_stderr, bytes);
            }
        }
        Ok(Some(Completion { cached_from: Some(entry.attempt), ..entry.completion }))
    }

    /// An entry that is whole; one whose files were pruned is as good as none.
    fn entry(&self, key: &Digest) -> Option<Entry> {
        let entry: Entry = serde_json::from_slice(&self.cache.get(NAMESPACE, key)?).ok()?;
        let is_whole = entry.completion.changes.as_ref().is_some_and(|changes| kept::is_whole(self.blobs, changes));
        (entry.version == VERSION && is_whole).then_some(entry)
    }

    /// Remembers a result.
    pub(crate) fn store(&self, key: &Digest, completion: &Completion, attempt: &AttemptId) {
        let (attempt, completion) = (attempt.clone(), completion.clone());
        let entry = Entry { version: VERSION, attempt, completion };
        if let Ok(bytes) = serde_json::to_vec(&entry) {
            self.cache.put(NAMESPACE, key, bytes);
        }
    }
}

/// Why a result must not be remembered, whatever it left; none where it may be.
pub(crate) fn unfit(request: &Request, completion: &Completion) -> Option<&'static str> {
    if completion.ending != Ending::Exited(0) {
        Some("command failed")
    } else if completion.truncated {
        Some("output truncated")
    } else if request.scratch.iter().any(|scratch| !scratch.was_empty) {
        Some("scratch was not empty")
    } else {
        None
    }
}

/// Whether a kept result can be read, and every file that it left is there and whole.
///
/// # Errors
/// What is wrong with it.
pub fn check_kept(value: &[u8], blobs: &dyn Blobs) -> Result<(), String> {
    let entry: Entry = serde_json::from_slice(value).map_err(|error| error.to_string())?;
    if entry.version != VERSION {
        return Err(format!("it has version {}", entry.version));
    }
    let placed = entry.completion.changes.iter().flat_map(|changes| &changes.placed);
    for placed in placed {
        if let lockgate_ports::tools::PlacedKind::File { digest, .. } = &placed.what {
            blobs.get(digest, crate::limits::CACHED_BYTES_MAX).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
