//! A tree as a folder: copies, never hard links, since whoever may write in a workspace could write into the blobs.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use lockgate_ports::{BlobError, Blobs, WorkspaceError};
use rustix::fs::{AtFlags, Mode, Timespec, Timestamps, UTIME_OMIT};

use super::error::{blamed_on, work_error};
use super::handle::{open_folder, path_within};
use super::index::StatIndex;
use super::stat::{NANOSECONDS, Stat};
use super::tree::{FileContent, Folder, Node, join};

/// Fills an empty folder with a tree.
pub(super) struct Materializer<'a> {
    /// For messages.
    pub(super) root: &'a Path,
    pub(super) blobs: &'a dyn Blobs,
}

impl Materializer<'_> {
    /// Makes all that is in `folder`; its own times come last, as every entry made in it changes them.
    pub(super) fn fill(&self, handle: BorrowedFd<'_>, folder: &Folder, path: &str) -> Result<(), WorkspaceError> {
        for (name, node) in &folder.nodes {
            self.node(handle, name, node, path)?;
        }
        let set = folder.modified_ns.map_or(Ok(()), |at| rustix::fs::futimens(handle, &modified(at)));
        set.map_err(|error| work_error("set the times of", &self.root.join(path), error))
    }

    /// Makes one entry of the folder at `path`, where nothing is of that name.
    pub(super) fn node(
        &self,
        handle: BorrowedFd<'_>,
        name: &str,
        node: &Node,
        path: &str,
    ) -> Result<(), WorkspaceError> {
        let path = join(path, name);
        match node {
            Node::File(file) => self.file(handle, name, file, &path),
            Node::Symlink(target) => rustix::fs::symlinkat(target, handle, name)
                .map_err(|error| work_error("link", &self.root.join(&path), error)),
            Node::Folder(below) => self.folder(handle, name, below, &path),
        }
    }

    fn folder(&self, parent: BorrowedFd<'_>, name: &str, folder: &Folder, path: &str) -> Result<(), WorkspaceError> {
        let failed = |error| work_error("make", &self.root.join(path), error);
        rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o755)).map_err(|errno| failed(errno.into()))?;
        let handle = open_folder(parent, name).map_err(failed)?;
        // The mode given to mkdirat is cut by the umask.
        rustix::fs::fchmod(&handle, Mode::from_raw_mode(0o755)).map_err(|errno| failed(errno.into()))?;
        self.fill(handle.as_fd(), folder, path)
    }

    fn file(&self, folder: BorrowedFd<'_>, name: &str, file: &FileContent, path: &str) -> Result<(), WorkspaceError> {
        let place = self.root.join(path);
        let copied = self.blobs.copy_to(&file.digest, &path_within(folder, name));
        let size_bytes = copied.map_err(|error| match error {
            BlobError::Full(_) => BlobError::Full(self.root.to_owned()).into(),
            other => blamed_on("write", &place, other),
        })?;
        if size_bytes != file.size_bytes {
            let detail = format!("the tree gives it {} bytes, it has {size_bytes}", file.size_bytes);
            return Err(BlobError::Corrupt { digest: file.digest, detail }.into());
        }
        let mode = Mode::from_raw_mode(if file.executable { 0o755 } else { 0o644 });
        rustix::fs::chmodat(folder, name, mode, AtFlags::empty())
            .and_then(|()| match file.modified_ns {
                Some(at) => rustix::fs::utimensat(folder, name, &modified(at), AtFlags::SYMLINK_NOFOLLOW),
                None => Ok(()),
            })
            .map_err(|error| work_error("set mode and times of", &place, error))
    }
}

/// Records the stamps that the files of a folder have now; they are known to hold what `folder` says.
pub(super) fn record(
    handle: BorrowedFd<'_>,
    folder: &Folder,
    path: &str,
    index: &mut StatIndex,
) -> std::io::Result<()> {
    for (name, node) in &folder.nodes {
        let path = join(path, name);
        match node {
            Node::File(file) => index.record(&path, Stat::at(handle, name)?.stamp, file.digest),
            Node::Folder(below) => record(open_folder(handle, name)?.as_fd(), below, &path, index)?,
            Node::Symlink(_) => {}
        }
    }
    Ok(())
}

/// A modification time, for those who set it.
pub(super) fn modified(at_ns: i64) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: at_ns.div_euclid(NANOSECONDS), tv_nsec: at_ns.rem_euclid(NANOSECONDS) },
    }
}
