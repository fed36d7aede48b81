//! Files that are being written: renamed into place when whole, swept when their writer died.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Timespec, Timestamps, UTIME_NOW};
use tempfile::{Builder, NamedTempFile};

use super::stat::Stat;

const LOCK: &str = "lock";

/// A folder of this process for unfinished files.
///
/// Several processes may share the folder above it, so that neither age nor process id can tell whose files are
/// left over. A lock can: the kernel lets go of it when its holder dies.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    /// Locked, and touched to read the file system's clock.
    lock: File,
}

impl Staging {
    /// Sweeps what dead processes left under `root`, then makes a folder of our own there.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        // Nobody may look at a folder between its making and its locking: this gate is held over both.
        let gate = File::create(root.join(LOCK))?;
        gate.lock()?;
        sweep(root)?;
        let folder = Builder::new().prefix("of-").tempdir_in(root)?.keep();
        let lock = File::create(folder.join(LOCK))?;
        lock.lock()?;
        Ok(Self { folder, lock })
    }

    /// A new file; it is removed when dropped without having been persisted.
    pub(super) fn file(&self) -> io::Result<NamedTempFile> {
        Builder::new().permissions(Permissions::from_mode(0o644)).tempfile_in(&self.folder)
    }

    /// Puts a small file in place of another at once, or not at all. It may be lost with the power.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file()?;
        io::Write::write_all(&mut file, bytes)?;
        file.persist(path).map_err(|failed| failed.error)?;
        Ok(())
    }

    /// The time, in nanoseconds since the epoch, as this file system stamps it on a change made now.
    pub(super) fn now_ns(&self) -> io::Result<i64> {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        rustix::fs::futimens(&self.lock, &Timestamps { last_access: now, last_modification: now })?;
        Ok(Stat::of(&self.lock)?.stamp.changed_ns)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What stays is swept by the next process.
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn sweep(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let folder = entry?.path();
        if folder.is_dir() && is_abandoned(&folder.join(LOCK)) {
            // Whoever fails to remove it leaves it to the next one; it is only space.
            fs::remove_dir_all(&folder).ok();
        }
    }
    Ok(())
}

fn is_abandoned(lock: &Path) -> bool {
    match File::open(lock) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}
