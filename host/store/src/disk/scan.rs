//! A workspace folder as a tree, read by handle: what a step left there is not trusted.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use lockgate_ports::{Blobs, WorkspaceError};
use rustix::fs::{CWD, FileType};

use super::error::work_error;
use super::handle::{content, keep_file, names, not_utf8, open_folder, special};
use super::index::StatIndex;
use super::stat::Stat;
use super::tree::{Census, FileContent, Folder, Node, join};

/// Reads the folder at `root` and keeps its files. Those that `known` knows are not read; what is seen goes to `seen`.
pub(super) fn scan(
    root: &Path,
    blobs: &dyn Blobs,
    known: &StatIndex,
    seen: &mut StatIndex,
) -> Result<Folder, WorkspaceError> {
    let handle = open_folder(CWD, root).map_err(|error| work_error("open", root, error))?;
    Scan { root, blobs, known, seen, census: Census::default() }.folder(&handle, "", 0)
}

struct Scan<'a> {
    root: &'a Path,
    blobs: &'a dyn Blobs,
    known: &'a StatIndex,
    seen: &'a mut StatIndex,
    census: Census,
}

impl Scan<'_> {
    fn folder(&mut self, handle: &OwnedFd, path: &str, depth: usize) -> Result<Folder, WorkspaceError> {
        let stat = Stat::of(handle).map_err(|error| self.unreadable(path, error))?;
        let mut folder = Folder { modified_ns: Some(stat.stamp.modified_ns), ..Folder::default() };
        for name in names(handle).map_err(|error| self.unreadable(path, error))? {
            let name = self.name(path, &name)?;
            let path = join(path, &name);
            self.census.add(&path, depth + 1)?;
            let node = self.node(handle.as_fd(), &name, &path, depth + 1)?;
            folder.nodes.insert(name, node);
        }
        Ok(folder)
    }

    fn node(&mut self, folder: BorrowedFd<'_>, name: &str, path: &str, depth: usize) -> Result<Node, WorkspaceError> {
        let stat = Stat::at(folder, name).map_err(|error| self.unreadable(path, error))?;
        match stat.kind {
            FileType::RegularFile => self.file(folder, name, path, &stat).map(Node::File),
            FileType::Symlink => self.target(folder, name, path).map(Node::Symlink),
            FileType::Directory => {
                let below = open_folder(folder, name).map_err(|error| self.unreadable(path, error))?;
                self.folder(&below, path, depth).map(Node::Folder)
            }
            other => Err(special(&self.root.join(path), other)),
        }
    }

    fn file(
        &mut self,
        folder: BorrowedFd<'_>,
        name: &str,
        path: &str,
        stat: &Stat,
    ) -> Result<FileContent, WorkspaceError> {
        let known = self.known.digest_of(path, &stat.stamp).filter(|digest| self.blobs.contains(digest));
        let (stamp, file) = match known {
            Some(digest) => (stat.stamp, content(stat, digest)),
            None => keep_file(folder, name, &self.root.join(path), self.blobs)?,
        };
        self.seen.record(path, stamp, file.digest);
        Ok(file)
    }

    fn target(&self, folder: BorrowedFd<'_>, name: &str, path: &str) -> Result<String, WorkspaceError> {
        let target = rustix::fs::readlinkat(folder, name, Vec::new());
        let target = target.map_err(|error| self.unreadable(path, error))?;
        target.into_string().map_err(|_| not_utf8(&self.root.join(path)))
    }

    fn name(&self, path: &str, name: &CStr) -> Result<String, WorkspaceError> {
        let unnamed = || not_utf8(&self.root.join(path).join(name.to_string_lossy().as_ref()));
        name.to_str().map(str::to_owned).map_err(|_| unnamed())
    }

    fn unreadable(&self, path: &str, error: impl Into<io::Error>) -> WorkspaceError {
        work_error("read", &self.root.join(path), error)
    }
}
