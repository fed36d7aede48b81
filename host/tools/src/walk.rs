//! Walking a folder for the files that match.

use std::io;

use rustix::fs::Stat;

use crate::folder::{FileTime, Folder, Kind};
use crate::globs::Globs;
use crate::limits::FOLDER_DEPTH_MAX;

/// What tells whether a file was touched: the inode, its size, and both of its times. A command can set the
/// modification time as it likes, but not the time of the last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    mode: u32,
    size_bytes: u64,
    modified: FileTime,
    changed: FileTime,
}

/// A file, link or folder that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Relative to where the patterns are.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) stamp: Stamp,
    /// How many names the file has.
    pub(crate) names: u64,
}

impl Stamp {
    /// The stamp of what was looked at.
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            inode: stat.st_ino,
            mode: stat.st_mode,
            size_bytes: u64::try_from(stat.st_size).unwrap_or(0),
            modified: (stat.st_mtime, nanoseconds(stat.st_mtime_nsec)),
            changed: (stat.st_ctime, nanoseconds(stat.st_ctime_nsec)),
        }
    }

    pub(crate) fn modified(&self) -> FileTime {
        self.modified
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

/// The kernel's nanoseconds are below a thousand million.
fn nanoseconds(of: impl TryInto<u32>) -> u32 {
    of.try_into().unwrap_or(0)
}

/// What is done with each node: it gets the folder that the node is in and the node's name there.
pub(crate) type Visit<'a> = dyn FnMut(&Folder, &str, Node) -> io::Result<()> + 'a;

/// Walks a folder in order of name, a folder before what is in it, and visits what matches. `at` is the folder's own
/// path as the patterns know it; paths under `hidden` are passed over.
pub(crate) fn walk(
    folder: &Folder,
    at: &str,
    globs: &Globs,
    hidden: &[String],
    visit: &mut Visit<'_>,
) -> io::Result<()> {
    if at.split('/').count() > FOLDER_DEPTH_MAX {
        let message = format!("`{at}` is more than {FOLDER_DEPTH_MAX} folders deep");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    for name in folder.names()? {
        let path = if at.is_empty() { name.clone() } else { format!("{at}/{name}") };
        if hidden.contains(&path) {
            continue;
        }
        let Some(stat) = folder.stat(&name)? else { continue };
        let kind = folder.kind_of(&name, &stat)?;
        let is_folder = kind == Kind::Folder;
        if globs.matches(&path) {
            visit(folder, &name, Node { path: path.clone(), kind, stamp: Stamp::of(&stat), names: stat.st_nlink })?;
        }
        if is_folder && globs.reach_into(&path) {
            walk(&folder.child(&name)?, &path, globs, hidden, visit)?;
        }
    }
    Ok(())
}
