//! Folders by handle: a name is looked up in the folder that was opened, whatever its path leads to by now.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use lockgate_ports::{Blobs, WorkspaceError};
use rustix::fs::{FileType, Mode, OFlags, RawDir, SeekFrom};

use lockgate_model::ids::Digest;
use lockgate_model::limits::ARTIFACT_BYTES_MAX;

use super::error::{blamed_on, work_error};
use super::stat::{Stamp, Stat};
use super::tree::FileContent;

/// One file of a tree: what may leave a step as an artifact may lie in its workspace.
const TREE_FILE_BYTES_MAX: u64 = ARTIFACT_BYTES_MAX;

/// For the names that the kernel gives at once; the longest has 255 bytes.
const NAMES_ROOM_BYTES: usize = 16 * 1024;

/// Opens a folder that is no symlink.
pub(super) fn open_folder(parent: impl AsFd, name: impl rustix::path::Arg) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(parent, name, flags, Mode::empty())?)
}

/// The names in a folder, without `.` and `..`, in no order. They are read through the handle itself, from the first on.
pub(super) fn names(folder: impl AsFd) -> io::Result<Vec<CString>> {
    rustix::fs::seek(&folder, SeekFrom::Start(0))?;
    let mut room = Vec::with_capacity(NAMES_ROOM_BYTES);
    let mut entries = RawDir::new(folder, room.spare_capacity_mut());
    let mut names = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

/// A path that leads to `name` in an open folder, for those who take paths only. Valid while the handle is open.
pub(super) fn path_within(folder: impl AsFd, name: &str) -> PathBuf {
    path_of(folder).join(name)
}

fn path_of(file: impl AsFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_fd().as_raw_fd()))
}

/// Keeps a regular file's bytes and gives the stamp that it had before they were read, so that a change while they
/// are read is noticed the next time. `path` is for messages.
pub(super) fn keep_file(
    folder: impl AsFd,
    name: impl rustix::path::Arg,
    path: &Path,
    blobs: &dyn Blobs,
) -> Result<(Stamp, FileContent), WorkspaceError> {
    let unreadable = |error: io::Error| work_error("read", path, error);
    // NONBLOCK: if a fifo took the file's place, opening must not wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, name, flags, Mode::empty()).map_err(|errno| unreadable(errno.into()))?;
    let stat = Stat::of(&file).map_err(unreadable)?;
    if stat.kind != FileType::RegularFile {
        return Err(special(path, stat.kind));
    }
    let kept = blobs.put_file(&path_of(&file), TREE_FILE_BYTES_MAX);
    let (digest, size_bytes) = kept.map_err(|error| blamed_on("keep", path, error))?;
    Ok((stat.stamp, FileContent { size_bytes, ..content(&stat, digest) }))
}

/// A file as its stat tells of it.
pub(super) fn content(stat: &Stat, digest: Digest) -> FileContent {
    let Stamp { size_bytes, modified_ns, .. } = stat.stamp;
    FileContent { digest, size_bytes, executable: stat.executable, modified_ns: Some(modified_ns) }
}

/// What a tree cannot hold.
pub(super) fn special(path: &Path, kind: FileType) -> WorkspaceError {
    let what = match kind {
        FileType::Fifo => "a fifo",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "no regular file any more",
    };
    let path = path.display();
    WorkspaceError::Invalid(format!(
        "`{path}` is {what}; a tree holds files, folders and symlinks only: delete it, or have git ignore it"
    ))
}

/// A name or link target that a tree cannot hold.
pub(super) fn not_utf8(path: &Path) -> WorkspaceError {
    WorkspaceError::Invalid(format!(
        "`{}` has a name or a link target that is not UTF-8; rename it, or have git ignore it",
        path.display()
    ))
}
