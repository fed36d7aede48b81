//! Commands that need not run again: what they said and left, by the key of their action.

use std::io;
use std::path::Path;

use lockgate_model::ids::{AttemptId, Digest};
use lockgate_ports::tools::{Completion, Ending, OutputSink};
use lockgate_ports::{BlobError, Blobs, Cache, ToolError};
use serde::{Deserialize, Serialize};

use crate::changes::{Changes, make_room, remove_all};
use crate::folder::{FileTime, Folder, Kind, set_modified};
use crate::limits::{CACHED_BYTES_MAX, CACHED_FILES_MAX};
use crate::request::Request;
use crate::stage::fault;
use crate::walk::Node;

const NAMESPACE: &str = "action";
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    version: u32,
    attempt: AttemptId,
    completion: Completion,
    placed: Vec<Placed>,
    removed: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Placed {
    path: String,
    what: What,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    File { digest: Digest, is_executable: bool, modified: FileTime },
    Folder,
    Link { target: String },
}

/// The action cache: entries in `cache`, files in `blobs`.
pub(crate) struct ActionCache<'a> {
    pub(crate) cache: &'a dyn Cache,
    pub(crate) blobs: &'a dyn Blobs,
}

impl ActionCache<'_> {
    /// Carries a remembered result into the workspace and says again what the command said.
    pub(crate) fn restore(
        &self,
        key: &Digest,
        workspace: &Path,
        stdout_to_file: bool,
        sink: &dyn OutputSink,
    ) -> Result<Option<Completion>, ToolError> {
        let Some(entry) = self.entry(key) else { return Ok(None) };
        self.place_all(&entry, workspace).map_err(|error| {
            fault(&format!("restoring what {} left into {}", entry.attempt, workspace.display()), &error)
        })?;
        for (is_stderr, bytes) in [(false, &entry.completion.stdout), (true, &entry.completion.stderr)] {
            let logged = is_stderr || !stdout_to_file;
            if logged && !bytes.is_empty() {
                sink.write(is_stderr, bytes);
            }
        }
        Ok(Some(Completion { cached_from: Some(entry.attempt), ..entry.completion }))
    }

    /// An entry that is whole; one whose files were pruned is as good as none.
    fn entry(&self, key: &Digest) -> Option<Entry> {
        let entry: Entry = serde_json::from_slice(&self.cache.get(NAMESPACE, key)?).ok()?;
        let is_there = |placed: &Placed| match &placed.what {
            What::File { digest, .. } => self.blobs.contains(digest),
            _ => true,
        };
        (entry.version == VERSION && entry.placed.iter().all(is_there)).then_some(entry)
    }

    fn place_all(&self, entry: &Entry, workspace: &Path) -> io::Result<()> {
        let into = Folder::open(workspace)?;
        remove_all(&entry.removed, &into)?;
        entry.placed.iter().try_for_each(|placed| self.place(placed, &into, workspace))
    }

    fn place(&self, placed: &Placed, into: &Folder, workspace: &Path) -> io::Result<()> {
        let (to, name) = into.parent_made(&placed.path)?;
        match &placed.what {
            What::Folder => {
                make_room(&to, name, &Kind::Folder)?;
                to.child_made(name).map(drop)
            }
            What::Link { target } => to.link(name, target),
            What::File { digest, is_executable, modified } => {
                to.remove(name)?;
                self.blobs.copy_to(digest, &workspace.join(&placed.path)).map_err(io::Error::other)?;
                to.set_plain_mode(name, *is_executable)?;
                set_modified(&to.read(name)?, *modified)
            }
        }
    }

    /// Remembers a result, unless it is one that must not be: it failed, was cut, or is too large. A cache may forget,
    /// so a blob that cannot be kept is no error.
    pub(crate) fn store(
        &self,
        key: &Digest,
        workspace: &Path,
        request: &Request,
        changes: Changes,
        completion: &Completion,
        attempt: &AttemptId,
    ) {
        let is_repeatable = request.scratch.iter().all(|scratch| scratch.was_empty) && changes.left_out.is_empty();
        let is_whole = completion.ending == Ending::Exited(0) && !completion.truncated;
        if !is_repeatable || !is_whole || !is_small(&changes) {
            return;
        }
        let placed = changes.placed.into_iter().map(|node| self.keep(node, workspace)).collect::<Result<_, _>>();
        let Ok(placed) = placed else { return };
        let (attempt, completion, removed) = (attempt.clone(), completion.clone(), changes.removed);
        let entry = Entry { version: VERSION, attempt, completion, placed, removed };
        if let Ok(bytes) = serde_json::to_vec(&entry) {
            self.cache.put(NAMESPACE, key, bytes);
        }
    }

    fn keep(&self, node: Node, workspace: &Path) -> Result<Placed, BlobError> {
        let modified = node.stamp.modified();
        let what = match node.kind {
            Kind::File { is_executable } => {
                let (digest, _) = self.blobs.put_file(&workspace.join(&node.path), CACHED_BYTES_MAX)?;
                What::File { digest, is_executable, modified }
            }
            Kind::Link { target } => What::Link { target },
            Kind::Folder | Kind::Special => What::Folder,
        };
        Ok(Placed { path: node.path, what })
    }
}

fn is_small(changes: &Changes) -> bool {
    changes.placed.len() <= CACHED_FILES_MAX && changes.size_bytes() <= CACHED_BYTES_MAX
}
