//! What the file system says of a file without reading it.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Statx, StatxFlags};

const OWNER_MAY_EXECUTE: u32 = 0o100;
/// Of a second.
pub(super) const NANOSECONDS: i64 = 1_000_000_000;

/// What tells whether a file was changed since it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Its length.
    pub(super) size_bytes: u64,
    /// When its content was changed, in nanoseconds since the epoch; its owner may set it to anything.
    pub(super) modified_ns: i64,
    /// When it was changed in any way, in nanoseconds since the epoch; nobody can set it.
    pub(super) changed_ns: i64,
    /// Its inode number.
    pub(super) inode: u64,
}

/// A file's stamp, type and executable bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stat {
    pub(super) stamp: Stamp,
    pub(super) kind: FileType,
    pub(super) executable: bool,
}

impl Stat {
    /// Of an entry of a folder; a symlink is looked at itself.
    pub(super) fn at(folder: impl AsFd, name: impl rustix::path::Arg) -> io::Result<Self> {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        Ok(Self::new(&rustix::fs::statx(folder, name, flags, StatxFlags::BASIC_STATS)?))
    }

    /// Of an open file or folder.
    pub(super) fn of(file: impl AsFd) -> io::Result<Self> {
        Ok(Self::new(&rustix::fs::statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS)?))
    }

    fn new(stat: &Statx) -> Self {
        let stamp = Stamp {
            size_bytes: stat.stx_size,
            modified_ns: nanoseconds(stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec),
            changed_ns: nanoseconds(stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec),
            inode: stat.stx_ino,
        };
        let mode = u32::from(stat.stx_mode);
        Self { stamp, kind: FileType::from_raw_mode(mode), executable: mode & OWNER_MAY_EXECUTE != 0 }
    }
}

/// A time as nanoseconds since the epoch.
pub(super) fn nanoseconds(seconds: i64, rest: u32) -> i64 {
    seconds.saturating_mul(NANOSECONDS).saturating_add(i64::from(rest))
}
