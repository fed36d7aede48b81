//! From one tree to another in a folder that holds the first: only what differs is touched.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd};

use lockgate_model::ids::Digest;
use lockgate_model::tree::TreeRef;
use lockgate_ports::WorkspaceError;
use rustix::fs::{AtFlags, CWD};

use super::error::work_error;
use super::handle::open_folder;
use super::listings::Listings;
use super::materialize::{Materializer, modified};
use super::times::{self, Times};
use super::tree::{FileContent, Node, join};
use super::tree_blobs::{Entry, Listing, load, load_times};
use super::wipe::wipe;

/// Makes a folder that holds the tree `from` hold the tree `to`. Where it fails, the folder holds neither.
pub(super) fn advance(
    materializer: &Materializer<'_>,
    listings: &Listings,
    from: &TreeRef,
    to: &TreeRef,
) -> Result<(), WorkspaceError> {
    let (before, after) = (load_times(&from.times, listings.blobs())?, load_times(&to.times, listings.blobs())?);
    let mut advance = Advance { materializer, listings, after: &after, touched: BTreeSet::new() };
    let unusable = |error| work_error("open", materializer.root, error);
    let root = open_folder(CWD, materializer.root).map_err(unusable)?;
    advance.folder(root.as_fd(), &*listings.folder(&from.root)?, &*listings.folder(&to.root)?, "")?;
    let Advance { touched, .. } = advance;
    // Last, for every entry that is made or removed changes its folder's.
    for (path, at_ns) in &after {
        let is_new = before.get(path) != Some(at_ns) || touched.contains(path);
        if is_new && has_time(listings, &to.root, path)? {
            let place = if path.is_empty() { materializer.root.to_owned() } else { materializer.root.join(path) };
            let set = rustix::fs::utimensat(CWD, &place, &modified(*at_ns), AtFlags::SYMLINK_NOFOLLOW);
            set.map_err(|error| work_error("set the times of", &place, error))?;
        }
    }
    Ok(())
}

/// Whether a file or a folder of the tree stands at a path, with nothing but folders on the way: times lie beside the
/// tree, and may name what is not in it.
fn has_time(listings: &Listings, root: &Digest, path: &str) -> Result<bool, WorkspaceError> {
    let mut at = Some(*root);
    for part in path.split('/').filter(|_| !path.is_empty()) {
        let Some(folder) = at else { return Ok(false) };
        at = match listings.folder(&folder)?.get(part) {
            Some(Entry::Folder { digest, .. }) => Some(*digest),
            Some(Entry::File { .. }) => None,
            Some(Entry::Link(_)) | None => return Ok(false),
        };
    }
    Ok(true)
}

struct Advance<'a> {
    materializer: &'a Materializer<'a>,
    listings: &'a Listings,
    after: &'a Times,
    /// Folders whose entries changed.
    touched: BTreeSet<String>,
}

impl Advance<'_> {
    fn folder(
        &mut self,
        handle: BorrowedFd<'_>,
        from: &Listing,
        to: &Listing,
        path: &str,
    ) -> Result<(), WorkspaceError> {
        for name in from.keys().filter(|name| !to.contains_key(*name)) {
            self.remove(path, name)?;
        }
        for (name, wanted) in to {
            let there = from.get(name);
            if there == Some(wanted) {
                continue;
            }
            if let (Some(Entry::Folder { digest: from, .. }), Entry::Folder { digest: to, .. }) = (there, wanted) {
                let (from, to) = (self.listings.folder(from)?, self.listings.folder(to)?);
                let below = join(path, name);
                let failed = |error| work_error("open", &self.materializer.root.join(&below), error);
                let child = open_folder(handle, name.as_str()).map_err(failed)?;
                self.folder(child.as_fd(), &from, &to, &below)?;
                continue;
            }
            if there.is_some() {
                self.remove(path, name)?;
            }
            self.touched.insert(path.to_owned());
            let node = self.node(&join(path, name), wanted)?;
            self.materializer.node(handle, name, &node, path)?;
        }
        Ok(())
    }

    fn remove(&mut self, folder: &str, name: &str) -> Result<(), WorkspaceError> {
        self.touched.insert(folder.to_owned());
        let place = self.materializer.root.join(join(folder, name));
        wipe(&place).map_err(|error| work_error("remove", &place, error))
    }

    /// What shall stand at a path, with its times.
    fn node(&self, path: &str, entry: &Entry) -> Result<Node, WorkspaceError> {
        Ok(match entry {
            Entry::File { digest, size_bytes, is_executable } => Node::File(FileContent {
                digest: *digest,
                size_bytes: *size_bytes,
                executable: *is_executable,
                modified_ns: self.after.get(path).copied(),
            }),
            Entry::Link(target) => Node::Symlink(target.clone()),
            Entry::Folder { digest, .. } => {
                let mut below = load(digest, self.listings.blobs())?;
                times::apply_below(&mut below, path, self.after);
                Node::Folder(below)
            }
        })
    }
}
