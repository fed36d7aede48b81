//! Files by folder handle: nothing in here follows a symlink, so that what a command left cannot lead the host astray.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, Stat, Timespec, Timestamps, UTIME_OMIT};

use crate::walk::Stamp;

/// A folder, held open.
#[derive(Debug)]
pub(crate) struct Folder {
    fd: OwnedFd,
}

/// Seconds and nanoseconds since the Unix epoch.
pub(crate) type FileTime = (i64, u32);

/// What a file is, without following it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    File {
        is_executable: bool,
    },
    Folder,
    Link {
        target: String,
    },
    /// A device, a socket, a named pipe: never copied.
    Special,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens a folder that the host itself made.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { fd: rustix::fs::open(path, FOLDER, Mode::empty())? })
    }

    /// Opens a folder in this one. One that the owner may not enter is made accessible: a command may leave such.
    pub(crate) fn child(&self, name: &str) -> io::Result<Self> {
        let open = || rustix::fs::openat(&self.fd, name, FOLDER | OFlags::NOFOLLOW, Mode::empty());
        let fd = match open() {
            Err(rustix::io::Errno::ACCESS) if self.kind(name)? == Some(Kind::Folder) => {
                rustix::fs::chmodat(&self.fd, name, Mode::RWXU, AtFlags::empty())?;
                open()?
            }
            other => other?,
        };
        Ok(Self { fd })
    }

    /// The folder that a path's last part stands in, and that part. Folders on the way must be there.
    pub(crate) fn parent<'a>(&self, path: &'a str) -> io::Result<(Self, &'a str)> {
        self.descend(path, Self::child)
    }

    /// The same; folders on the way are made.
    pub(crate) fn parent_made<'a>(&self, path: &'a str) -> io::Result<(Self, &'a str)> {
        self.descend(path, Self::child_made)
    }

    fn descend<'a>(&self, path: &'a str, step: fn(&Self, &str) -> io::Result<Self>) -> io::Result<(Self, &'a str)> {
        let mut folder = Self { fd: self.fd.try_clone()? };
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return Ok((folder, part));
            }
            folder = step(&folder, part)?;
        }
        Err(io::Error::from(io::ErrorKind::InvalidInput))
    }

    /// Opens a folder in this one, made where it is absent.
    pub(crate) fn child_made(&self, name: &str) -> io::Result<Self> {
        match rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.child(name),
            Err(error) => Err(error.into()),
        }
    }

    /// The names in it, in order.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd)? {
            let entry = entry?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                names.push(utf8(entry.file_name())?);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Size, times and the rest; none where there is nothing of that name.
    pub(crate) fn stat(&self, name: &str) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What a file is; none where there is nothing of that name.
    pub(crate) fn kind(&self, name: &str) -> io::Result<Option<Kind>> {
        let stat = self.stat(name)?;
        stat.map(|stat| self.kind_of(name, &stat)).transpose()
    }

    /// What a file is whose `stat` is at hand.
    pub(crate) fn kind_of(&self, name: &str, stat: &Stat) -> io::Result<Kind> {
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File { is_executable: stat.st_mode & 0o100 != 0 },
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link { target: utf8(&rustix::fs::readlinkat(&self.fd, name, Vec::new())?)? },
            _ => Kind::Special,
        })
    }

    /// Opens a regular file to read. A named pipe in its place does not block.
    pub(crate) fn read(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.fd, name, flags, Mode::empty());
        let file = match open() {
            Err(rustix::io::Errno::ACCESS) if matches!(self.kind(name)?, Some(Kind::File { .. })) => {
                rustix::fs::chmodat(&self.fd, name, Mode::RUSR | Mode::WUSR, AtFlags::empty())?;
                File::from(open()?)
            }
            other => File::from(other?),
        };
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(io::Error::other(format!("`{name}` is no regular file")))
        }
    }

    /// Makes a new file; whatever stood there is removed before.
    pub(crate) fn create(&self, name: &str, is_executable: bool) -> io::Result<File> {
        self.remove(name)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(if is_executable { 0o755 } else { 0o644 });
        let file = File::from(rustix::fs::openat(&self.fd, name, flags, mode)?);
        rustix::fs::fchmod(&file, mode)?;
        Ok(file)
    }

    /// Makes a symlink; whatever stood there is removed before.
    pub(crate) fn link(&self, name: &str, target: &str) -> io::Result<()> {
        self.remove(name)?;
        Ok(rustix::fs::symlinkat(target, &self.fd, name)?)
    }

    /// Removes a file, or a folder with all that is in it; nothing there is fine.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        self.remove_raw(&CString::new(name)?)
    }

    fn remove_raw(&self, name: &CStr) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(rustix::io::Errno::ISDIR) => self.remove_folder(name),
            Err(error) => Err(error.into()),
        }
    }

    /// Folders in a folder are moved up to this one before it is removed: without recursion, a command's depth of
    /// folders costs the host neither stack nor open files.
    fn remove_folder(&self, name: &CStr) -> io::Result<()> {
        let mut waiting = vec![name.to_owned()];
        let mut moved = 0;
        while let Some(name) = waiting.pop() {
            let folder = self.emptied(&name)?;
            for entry in Dir::read_from(&folder.fd)? {
                let entry = entry?;
                if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                    rustix::fs::chmodat(&folder.fd, entry.file_name(), Mode::RWXU, AtFlags::empty())?;
                    waiting.push(self.adopt_under_new_name(&folder, entry.file_name(), &mut moved)?);
                }
            }
            rustix::fs::unlinkat(&self.fd, &name, AtFlags::REMOVEDIR)?;
        }
        Ok(())
    }

    /// A folder in this one, with nothing left in it but folders.
    fn emptied(&self, name: &CStr) -> io::Result<Self> {
        rustix::fs::chmodat(&self.fd, name, Mode::RWXU, AtFlags::empty())?;
        let folder = Self { fd: rustix::fs::openat(&self.fd, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())? };
        for entry in Dir::read_from(&folder.fd)? {
            let entry = entry?;
            match rustix::fs::unlinkat(&folder.fd, entry.file_name(), AtFlags::empty()) {
                Ok(()) | Err(rustix::io::Errno::ISDIR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(folder)
    }

    fn adopt_under_new_name(&self, from: &Self, name: &CStr, moved: &mut u64) -> io::Result<CString> {
        loop {
            let new = CString::new(format!(".removing-{moved}"))?;
            *moved += 1;
            match rustix::fs::renameat_with(&from.fd, name, &self.fd, &new, RenameFlags::NOREPLACE) {
                Ok(()) => return Ok(new),
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Removes a folder if nothing is in it.
    pub(crate) fn remove_if_empty(&self, name: &str) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTEMPTY | rustix::io::Errno::NOTDIR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a file the mode that it would have if it were made here: no set-user-id bits, nobody else may write.
    pub(crate) fn set_plain_mode(&self, name: &str, is_executable: bool) -> io::Result<()> {
        let mode = Mode::from_raw_mode(if is_executable { 0o755 } else { 0o644 });
        Ok(rustix::fs::chmodat(&self.fd, name, mode, AtFlags::empty())?)
    }

    /// When its entries were changed.
    pub(crate) fn modified(&self) -> io::Result<FileTime> {
        Ok(Stamp::of(&rustix::fs::fstat(&self.fd)?).modified())
    }

    /// Says when its entries were changed.
    pub(crate) fn set_modified(&self, at: FileTime) -> io::Result<()> {
        set_modified(&self.fd, at)
    }

    /// Moves a file here from another folder of the same file system.
    pub(crate) fn adopt(&self, name: &str, from: &Self, from_name: &str) -> io::Result<()> {
        self.remove(name)?;
        Ok(rustix::fs::renameat(&from.fd, from_name, &self.fd, name)?)
    }
}

/// Sets a file's modification time. Build tools compare these.
pub(crate) fn set_modified(file: &impl AsFd, (seconds, nanoseconds): FileTime) -> io::Result<()> {
    let last_access = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let last_modification = Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() };
    Ok(rustix::fs::futimens(file, &Timestamps { last_access, last_modification })?)
}

fn utf8(name: &CStr) -> io::Result<String> {
    let refuse = |_| {
        let shown = Path::new(OsStr::from_bytes(name.to_bytes())).display().to_string();
        io::Error::new(io::ErrorKind::InvalidData, format!("the name `{shown}` is not UTF-8"))
    };
    name.to_str().map(str::to_owned).map_err(refuse)
}
