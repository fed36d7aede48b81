//! Changes as blobs: kept after a command has run, and carried into a workspace again without running it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use lockgate_ports::tools::{Changes as Kept, Placed, PlacedKind};
use lockgate_ports::{BlobError, Blobs, ToolError, WorkspaceFolder};

use crate::changes::{Changes, make_room, remove_all};
use crate::folder::{FileTime, Folder, Kind, set_modified};
use crate::globs::relative;
use crate::limits::{CACHED_BYTES_MAX, CACHED_FILES_MAX};
use crate::stage::fault;
use crate::walk::Node;

/// Kept files up to this size are read to see whether they are whole: that takes about as long as to look for them.
const READ_BYTES_MAX: u64 = 64 * 1024;

/// Why changes are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotKept {
    /// They are over the limits.
    TooLarge,
    /// The blobs did not take them.
    Unstored,
}

/// Keeps what a command has changed in a workspace, as long as it is little enough.
pub(crate) fn keep(blobs: &dyn Blobs, workspace: &Path, changes: &Changes) -> Result<Kept, NotKept> {
    if changes.placed.len() > CACHED_FILES_MAX || changes.size_bytes() > CACHED_BYTES_MAX {
        return Err(NotKept::TooLarge);
    }
    let placed = changes.placed.iter().map(|node| keep_one(blobs, workspace, node)).collect::<Result<_, _>>();
    let placed = placed.map_err(|_: BlobError| NotKept::Unstored)?;
    Ok(Kept { placed, removed: changes.removed.clone() })
}

fn keep_one(blobs: &dyn Blobs, workspace: &Path, node: &Node) -> Result<Placed, BlobError> {
    let what = match &node.kind {
        Kind::File { is_executable } => {
            let (digest, size_bytes) = blobs.put_file(&workspace.join(&node.path), CACHED_BYTES_MAX)?;
            PlacedKind::File { digest, size_bytes, is_executable: *is_executable, modified: node.stamp.modified() }
        }
        Kind::Link { target } => PlacedKind::Link { target: target.clone() },
        Kind::Folder | Kind::Special => PlacedKind::Folder,
    };
    Ok(Placed { path: node.path.clone(), what })
}

/// Whether all files among the changes are still there. Small ones are read, so that damage makes a miss; a large one
/// that is damaged is found by whoever reads it.
pub(crate) fn is_whole(blobs: &dyn Blobs, kept: &Kept) -> bool {
    kept.placed.iter().all(|placed| match &placed.what {
        PlacedKind::File { digest, size_bytes, .. } if *size_bytes <= READ_BYTES_MAX => {
            blobs.get(digest, READ_BYTES_MAX).is_ok()
        }
        PlacedKind::File { digest, .. } => blobs.contains(digest),
        PlacedKind::Folder | PlacedKind::Link { .. } => true,
    })
}

/// Carries changes into a workspace: into its tree while nobody has looked into the folder, into the folder afterwards.
/// They may come from anybody's record: paths that leave the workspace are refused, and no symlink is followed.
pub(crate) fn apply(blobs: &dyn Blobs, kept: &Kept, workspace: &dyn WorkspaceFolder) -> Result<(), ToolError> {
    let paths = kept.placed.iter().map(|placed| &placed.path).chain(&kept.removed);
    if let Some(path) = paths.into_iter().find(|path| relative(path) != Some(path.as_str())) {
        let shown = path.escape_debug();
        return Err(ToolError::Denied(format!("the recorded change of `{shown}` would leave the workspace")));
    }
    let place_all = || {
        if workspace.change_tree(kept).map_err(io::Error::other)? {
            return Ok(());
        }
        workspace.fill().map_err(io::Error::other)?;
        place_all(blobs, kept, workspace.path())
    };
    let action = || format!("carrying recorded changes into {}", workspace.path().display());
    place_all().map_err(|error: io::Error| fault(&action(), &error))
}

fn place_all(blobs: &dyn Blobs, kept: &Kept, workspace: &Path) -> io::Result<()> {
    let into = Folder::open(workspace)?;
    let times = folder_times(kept, &into)?;
    remove_all(&kept.removed, &into)?;
    kept.placed.iter().try_for_each(|placed| place(blobs, placed, &into, workspace))?;
    times.iter().try_for_each(|(path, (before, newest))| set_folder_time(&into, path, *before, *newest))
}

/// The folders above the files that will be placed: when each was changed, if it is there, and when the newest of the
/// files was.
fn folder_times(kept: &Kept, into: &Folder) -> io::Result<FolderTimes> {
    let mut times = FolderTimes::new();
    for placed in &kept.placed {
        let PlacedKind::File { modified, .. } = &placed.what else { continue };
        let mut path = placed.path.as_str();
        while !path.is_empty() {
            path = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            match times.get_mut(path) {
                Some((_, newest)) => *newest = (*newest).max(*modified),
                None => drop(times.insert(path.to_owned(), (modified_of(into, path)?, *modified))),
            }
        }
    }
    Ok(times)
}

/// What is known by path of the folders above the files: see [`folder_times`].
type FolderTimes = BTreeMap<String, (Option<FileTime>, FileTime)>;

/// None where no folder stands at the path.
fn modified_of(into: &Folder, path: &str) -> io::Result<Option<FileTime>> {
    match open_below(into, path) {
        Ok(folder) => folder.modified().map(Some),
        Err(_) => Ok(None),
    }
}

fn open_below(into: &Folder, path: &str) -> io::Result<Folder> {
    let (parent, name) = into.parent(if path.is_empty() { "." } else { path })?;
    parent.child(name)
}

/// A folder that was changed is as new as what was placed in it, and not as new as this moment: what was carried over
/// twice leads to the same tree with the same times, which then is no new one.
fn set_folder_time(into: &Folder, path: &str, before: Option<FileTime>, newest: FileTime) -> io::Result<()> {
    let folder = open_below(into, path)?;
    if Some(folder.modified()?) == before {
        return Ok(());
    }
    folder.set_modified(before.map_or(newest, |before| before.max(newest)))
}

fn place(blobs: &dyn Blobs, placed: &Placed, into: &Folder, workspace: &Path) -> io::Result<()> {
    let (to, name) = into.parent_made(&placed.path)?;
    match &placed.what {
        PlacedKind::Folder => {
            make_room(&to, name, &Kind::Folder)?;
            to.child_made(name).map(drop)
        }
        PlacedKind::Link { target } => to.link(name, target),
        PlacedKind::File { digest, is_executable, modified, .. } => {
            to.remove(name)?;
            blobs.copy_to(digest, &workspace.join(&placed.path)).map_err(io::Error::other)?;
            to.set_plain_mode(name, *is_executable)?;
            set_modified(&to.read(name)?, *modified)
        }
    }
}
