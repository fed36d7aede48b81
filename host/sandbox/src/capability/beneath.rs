//! Paths that a guest names, opened so that they cannot leave the workspace: the kernel resolves them beneath its
//! folder (openat2, `RESOLVE_BENEATH`), links included.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, fstat, mkdirat, open, openat2, unlinkat};
use rustix::io::Errno;

/// Where guests see their workspace.
pub(crate) const GUEST_WORKSPACE: &str = "/workspace";

/// A file or folder that was found beneath the workspace and is held open.
pub(crate) struct Held {
    fd: OwnedFd,
    name: Option<PathBuf>,
}

impl Held {
    /// A path that names exactly what was found, whatever the guest does to its folders meanwhile.
    pub(crate) fn path(&self) -> PathBuf {
        let held = PathBuf::from(format!("/proc/self/fd/{}", self.fd.as_raw_fd()));
        self.name.as_ref().map_or(held.clone(), |name| held.join(name))
    }
}

/// Opens an existing regular file for reading; a pipe or a folder is none.
pub(crate) fn file(workspace: &Path, guest_path: &str) -> io::Result<Held> {
    let root = root(workspace)?;
    let fd = beneath(&root, &relative(guest_path)?, OFlags::RDONLY | OFlags::NONBLOCK)?;
    let is_file = FileType::from_raw_mode(fstat(&fd)?.st_mode).is_file();
    if is_file { Ok(Held { fd, name: None }) } else { Err(Errno::ISDIR.into()) }
}

/// Makes room for a new file: its folders are made, what had its name is taken away.
pub(crate) fn new_file(workspace: &Path, guest_path: &str) -> io::Result<Held> {
    let path = relative(guest_path)?;
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let root = root(workspace)?;
    let fd = folder(&root, path.parent().unwrap_or(Path::new("")))?;
    match unlinkat(&fd, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(Held { fd, name: Some(name.into()) }),
        Err(error) => Err(error.into()),
    }
}

/// Opens a folder; makes it and those above it where they are missing.
fn folder(root: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let mut made = PathBuf::from(".");
    let mut current = beneath(root, &made, OFlags::PATH | OFlags::DIRECTORY)?;
    for part in path.components() {
        match mkdirat(&current, part.as_os_str(), Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH) {
            Ok(()) | Err(Errno::EXIST) => made.push(part),
            Err(error) => return Err(error.into()),
        }
        current = beneath(root, &made, OFlags::PATH | OFlags::DIRECTORY)?;
    }
    Ok(current)
}

fn root(workspace: &Path) -> io::Result<OwnedFd> {
    Ok(open(workspace, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

fn beneath(root: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    Ok(openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve)?)
}

/// A guest's path, absolute in its own view or relative, as a path relative to the workspace without `..`.
pub(crate) fn relative(guest_path: &str) -> io::Result<PathBuf> {
    let path = Path::new(guest_path);
    let path = path.strip_prefix(GUEST_WORKSPACE).unwrap_or(path);
    let parts = path.components().filter(|part| *part != Component::CurDir);
    let is_plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
    if parts.clone().all(|part| is_plain(&part)) { Ok(parts.collect()) } else { Err(Errno::XDEV.into()) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, mkfifoat};

    use super::*;

    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let workspace = folder.path().join("workspace");
        fs::create_dir_all(workspace.join("sub")).expect("made");
        fs::write(folder.path().join("outside"), "outside").expect("written");
        fs::write(workspace.join("sub/file"), "inside").expect("written");
        symlink("sub/file", workspace.join("inward")).expect("linked");
        symlink("../outside", workspace.join("outward")).expect("linked");
        symlink(folder.path(), workspace.join("folder")).expect("linked");
        folder
    }

    fn check(guest_path: &str, expected: Option<&str>) {
        let folder = workspace();
        let held = file(&folder.path().join("workspace"), guest_path);
        let found = held.ok().and_then(|held| fs::read_to_string(held.path()).ok());
        assert_eq!(found.as_deref(), expected, "{guest_path}");
    }

    #[test]
    fn files_of_the_workspace_are_found() {
        for inside in ["sub/file", "./sub/file", "/workspace/sub/file", "inward"] {
            check(inside, Some("inside"));
        }
    }

    #[test]
    fn nothing_outside_is_found() {
        for outside in [
            "../outside",
            "sub/../../outside",
            "/etc/passwd",
            "/workspace/../outside",
            "outward",
            "folder/outside",
            "",
            "/",
        ] {
            check(outside, None);
        }
    }

    #[test]
    fn only_regular_files_are_files() {
        let folder = workspace();
        let root = folder.path().join("workspace");
        mkfifoat(CWD, root.join("pipe"), Mode::RWXU).expect("made");
        for other in ["sub", "pipe", "."] {
            assert!(file(&root, other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_new_file_stands_beneath() {
        let folder = workspace();
        let root = folder.path().join("workspace");
        for (inside, expected) in [("a/b/new", "a/b/new"), ("/workspace/outward", "outward"), ("sub/file", "sub/file")]
        {
            let held = new_file(&root, inside).expect("room");
            fs::OpenOptions::new().write(true).create_new(true).open(held.path()).expect("a new file");
            assert!(fs::symlink_metadata(root.join(expected)).expect("there").is_file(), "{inside}");
        }
        for outside in ["../new", "folder/new", "/new/../../x", "folder/sub/new"] {
            assert!(new_file(&root, outside).is_err(), "{outside}");
        }
        assert_eq!(fs::read_to_string(folder.path().join("outside")).expect("still there"), "outside");
    }
}
