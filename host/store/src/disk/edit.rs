//! Changes carried into a tree without making a folder of it: only the messages of folders on the way to what changes
//! are read and written. What comes out has the root that the folder would have, had the changes been made in it; and the
//! times of files, while a folder whose entries changed is as new as what was placed in it rather than as this moment.

use std::collections::BTreeMap;

use lockgate_model::ids::Digest;
use lockgate_model::limits::TREE_FILES_MAX;
use lockgate_model::tree::TreeRef;
use lockgate_ports::tools::{Changes, Placed, PlacedKind};
use lockgate_ports::{BlobError, WorkspaceError};

use super::listings::Listings;
use super::look::NAME_BYTES_MAX;
use super::stat::nanoseconds;
use super::times::Times;
use super::tree::{TREE_DEPTH_MAX, join};
use super::tree_blobs::{Entry, Listing, is_name};

/// A path, and so the target of a link, as Linux takes it, with its final zero (`PATH_MAX`).
const PATH_BYTES_MAX: usize = 4096;

/// The tree after the changes. None where a path leads through something that is no folder, or leaves the tree, or where
/// it would hold too much: what is to be said of that the disk says.
pub(super) fn edit(tree: &TreeRef, changes: &Changes, listings: &Listings) -> Result<Option<TreeRef>, WorkspaceError> {
    let times = listings.take_times(&tree.times)?;
    // Links have no times and are not counted: long before the limit, the disk counts.
    if times.len().saturating_add(changes.placed.len()) > TREE_FILES_MAX / 2 {
        return Ok(None);
    }
    let mut editor = Editor { listings, root: Open::read(&tree.root, listings)?, times };
    for path in &changes.removed {
        if !editor.remove(path)? {
            return Ok(None);
        }
    }
    for placed in &changes.placed {
        if !editor.place(placed)? {
            return Ok(None);
        }
    }
    let Editor { root, mut times, .. } = editor;
    root.tell_times("", &mut times);
    let (root, _) = root.store(listings)?;
    Ok(Some(TreeRef { root, times: listings.keep_times(times)? }))
}

struct Editor<'a> {
    listings: &'a Listings,
    root: Open,
    times: Times,
}

/// A folder whose message was read.
#[derive(Default)]
struct Open {
    entries: Listing,
    /// Folders in it that were read too; their entries are out of date.
    open: BTreeMap<String, Open>,
    /// Whether a name was added, removed or replaced.
    is_changed: bool,
    /// When the newest of the files that were placed in it, or below it, was written.
    newest_ns: Option<i64>,
}

/// What a walk to the last part of a path came to.
enum Way<'a> {
    There(&'a mut Open),
    /// A folder on the way is missing.
    Missing,
    /// Something on the way is no folder.
    Blocked,
}

impl Editor<'_> {
    /// Takes a file or a link away, and a folder where nothing is left in it. False where the path is none of this tree.
    fn remove(&mut self, path: &str) -> Result<bool, WorkspaceError> {
        let Some((parts, name)) = parts(path) else { return Ok(false) };
        let listings = self.listings;
        let folder = match self.root.descend(&parts, None, listings)? {
            Way::There(folder) => folder,
            Way::Missing => return Ok(true),
            Way::Blocked => return Ok(false),
        };
        let is_kept = match folder.entries.get(name) {
            None => true,
            Some(Entry::Folder { .. }) => !folder.child(name, listings)?.is_some_and(|child| child.entries.is_empty()),
            Some(Entry::File { .. } | Entry::Link(_)) => false,
        };
        if !is_kept {
            folder.take(name);
            forget_times(&mut self.times, path);
        }
        Ok(true)
    }

    /// Puts something in the place of whatever stood there. False where the path is none of this tree.
    fn place(&mut self, placed: &Placed) -> Result<bool, WorkspaceError> {
        let Placed { path, what } = placed;
        let Some((parts, name)) = parts(path).filter(|_| is_taken(what)) else { return Ok(false) };
        let newest_ns = match what {
            PlacedKind::File { modified: (seconds, rest), .. } => Some(nanoseconds(*seconds, *rest)),
            PlacedKind::Folder | PlacedKind::Link { .. } => None,
        };
        let Way::There(folder) = self.root.descend(&parts, Some(newest_ns), self.listings)? else { return Ok(false) };
        let entry = match what {
            PlacedKind::Folder if matches!(folder.entries.get(name), Some(Entry::Folder { .. })) => return Ok(true),
            PlacedKind::Folder => {
                folder.make(name);
                forget_times(&mut self.times, path);
                return Ok(true);
            }
            PlacedKind::Link { target } => Entry::Link(target.clone()),
            PlacedKind::File { digest, size_bytes, is_executable, .. } => {
                Entry::File { digest: *digest, size_bytes: *size_bytes, is_executable: *is_executable }
            }
        };
        folder.take(name);
        folder.entries.insert(name.to_owned(), entry);
        forget_times(&mut self.times, path);
        self.times.extend(newest_ns.map(|newest_ns| (path.clone(), newest_ns)));
        Ok(true)
    }
}

impl Open {
    fn read(digest: &Digest, listings: &Listings) -> Result<Self, WorkspaceError> {
        Ok(Self { entries: (*listings.folder(digest)?).clone(), ..Self::default() })
    }

    /// Goes down a path of folders. With `making`, missing ones are made, and all learn when what is placed below them
    /// was written.
    fn descend(
        &mut self,
        parts: &[&str],
        making: Option<Option<i64>>,
        listings: &Listings,
    ) -> Result<Way<'_>, WorkspaceError> {
        self.newest_ns = self.newest_ns.max(making.flatten());
        let Some((first, rest)) = parts.split_first() else { return Ok(Way::There(self)) };
        match self.entries.get(*first) {
            None if making.is_none() => return Ok(Way::Missing),
            None => self.make(first),
            Some(Entry::Folder { .. }) => {}
            Some(Entry::File { .. } | Entry::Link(_)) => return Ok(Way::Blocked),
        }
        match self.child(first, listings)? {
            Some(child) => child.descend(rest, making, listings),
            None => Ok(Way::Blocked),
        }
    }

    /// A folder in this one.
    fn child(&mut self, name: &str, listings: &Listings) -> Result<Option<&mut Self>, WorkspaceError> {
        if !self.open.contains_key(name) {
            let Some(Entry::Folder { digest, .. }) = self.entries.get(name) else { return Ok(None) };
            let read = Self::read(digest, listings)?;
            self.open.insert(name.to_owned(), read);
        }
        Ok(self.open.get_mut(name))
    }

    /// Takes what has this name away.
    fn take(&mut self, name: &str) {
        self.entries.remove(name);
        self.open.remove(name);
        self.is_changed = true;
    }

    /// Makes an empty folder, in the place of whatever stood there.
    fn make(&mut self, name: &str) {
        self.take(name);
        let no_bytes = Digest::of(b"");
        self.entries.insert(name.to_owned(), Entry::Folder { digest: no_bytes, size_bytes: 0 });
        self.open.insert(name.to_owned(), Self { is_changed: true, ..Self::default() });
    }

    /// A folder that was changed is as new as what was placed in it, and no newer: the same changes, carried over twice,
    /// lead to the same tree.
    fn tell_times(&self, path: &str, times: &mut Times) {
        if self.is_changed {
            let known = times.get(path).copied();
            times.extend(known.max(self.newest_ns).map(|at_ns| (path.to_owned(), at_ns)));
        }
        self.open.iter().for_each(|(name, below)| below.tell_times(&join(path, name), times));
    }

    fn store(self, listings: &Listings) -> Result<(Digest, u64), BlobError> {
        let mut entries = self.entries;
        for (name, below) in self.open {
            let (digest, size_bytes) = below.store(listings)?;
            entries.insert(name, Entry::Folder { digest, size_bytes });
        }
        listings.keep_folder(entries)
    }
}

/// Whether Linux would take it.
fn is_taken(what: &PlacedKind) -> bool {
    match what {
        PlacedKind::Link { target } => (1..PATH_BYTES_MAX).contains(&target.len()) && !target.contains('\0'),
        PlacedKind::File { .. } | PlacedKind::Folder => true,
    }
}

/// The folders of a path and its last name; none for a path that is not plainly below the root.
fn parts(path: &str) -> Option<(Vec<&str>, &str)> {
    let mut parts: Vec<&str> = path.split('/').collect();
    let is_plain = |part: &&str| is_name(part) && part.len() <= NAME_BYTES_MAX;
    let is_plain = parts.iter().all(is_plain) && parts.len() <= TREE_DEPTH_MAX;
    let name = parts.pop()?;
    is_plain.then_some((parts, name))
}

/// Forgets the times of what stood at a path, and of all that was below it.
fn forget_times(times: &mut Times, path: &str) {
    times.remove(path);
    let below = format!("{path}/");
    let gone: Vec<String> = times
        .range(below.clone()..)
        .map(|(path, _)| path)
        .take_while(|path| path.starts_with(&below))
        .cloned()
        .collect();
    for path in gone {
        times.remove(&path);
    }
}
