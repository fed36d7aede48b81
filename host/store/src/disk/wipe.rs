//! Removing what a step left, whatever it made of it.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, RenameFlags};
use rustix::io::Errno;

use super::handle::{names, open_folder};
use super::stat::Stat;

/// Folders within folders beyond this are first moved up, so that no depth uses up handles or stack.
const OPEN_DEPTH_MAX: usize = 100;

/// Removes a file or folder with all that is in it; a symlink is removed itself. Absent is as good.
pub(super) fn wipe(path: &Path) -> io::Result<()> {
    match Stat::at(CWD, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(stat) if stat.kind == FileType::Directory => {
            emptied(path)?;
            std::fs::remove_dir(path)
        }
        Ok(_) => std::fs::remove_file(path),
    }
}

/// Sees to it that there is a folder, and nothing in it. One that is there stays the same one: who holds it open sees
/// what will be in it.
pub(super) fn empty_folder(path: &Path) -> io::Result<()> {
    if !Stat::at(CWD, path).is_ok_and(|stat| stat.kind == FileType::Directory) {
        wipe(path)?;
        std::fs::create_dir_all(path)?;
    }
    Ok(rustix::fs::fchmod(emptied(path)?, Mode::from_raw_mode(0o755))?)
}

/// Takes away all that is in a folder.
fn emptied(path: &Path) -> io::Result<OwnedFd> {
    let top = open_for_wiping(CWD, path)?;
    while !names(&top)?.is_empty() {
        empty(top.as_fd(), top.as_fd(), 0)?;
    }
    Ok(top)
}

fn empty(top: BorrowedFd<'_>, folder: BorrowedFd<'_>, depth: usize) -> io::Result<()> {
    for name in names(folder)? {
        if Stat::at(folder, &name)?.kind != FileType::Directory {
            rustix::fs::unlinkat(folder, &name, AtFlags::empty())?;
            continue;
        }
        let below = open_for_wiping(folder, &name)?;
        if depth == OPEN_DEPTH_MAX {
            move_up(top, folder, &name)?;
            continue;
        }
        empty(top, below.as_fd(), depth + 1)?;
        rustix::fs::unlinkat(folder, &name, AtFlags::REMOVEDIR)?;
    }
    Ok(())
}

fn move_up(top: BorrowedFd<'_>, folder: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    let mut number = 0_u64;
    loop {
        let free = format!("wiped-{number}");
        match rustix::fs::renameat_with(folder, name, top, free, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => number += 1,
            other => return Ok(other?),
        }
    }
}

/// Opens a folder that may have been made unreadable or read-only.
fn open_for_wiping(parent: impl AsFd, name: impl rustix::path::Arg + Copy) -> io::Result<OwnedFd> {
    let owner_only = Mode::RWXU;
    let handle = match open_folder(&parent, name) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            rustix::fs::chmodat(&parent, name, owner_only, AtFlags::empty())?;
            open_folder(&parent, name)?
        }
        other => other?,
    };
    // Where this is refused, the removal itself tells why it fails.
    rustix::fs::fchmod(&handle, owner_only).ok();
    Ok(handle)
}
