//! The end of an upload's file: bytes are appended and hashed, and the whole becomes a blob or nothing.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use lockgate_model::ids::Digest;
use sha2::{Digest as _, Sha256};

use super::fault::{Fault, fault};

const READ_BYTES: usize = 128 * 1024;
// A blob's content is never written again, by nobody.
const BLOB_MODE: u32 = 0o400;

/// Why an upload cannot be written to.
#[derive(Debug)]
pub(crate) enum Closed {
    /// There is no such upload.
    Unknown,
    /// Another request writes to it.
    Busy,
    /// The disk did not do what it should.
    Fault(Fault),
}

impl From<Fault> for Closed {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// An upload that one request writes to.
#[derive(Debug)]
pub(crate) struct Writer {
    file: File,
    path: PathBuf,
    /// Of all bytes, while it was there for all of them; else they are read again in the end.
    hasher: Option<Sha256>,
    size_bytes: u64,
    is_kept: bool,
}

impl Writer {
    /// Opens an upload at its end. The lock lasts as long as the writer and dies with the process.
    pub(super) fn open(path: &Path) -> Result<Self, Closed> {
        let file = match File::options().read(true).append(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Closed::Unknown),
            Err(error) => return Err(fault("open", path)(error).into()),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Closed::Busy),
            Err(TryLockError::Error(error)) => return Err(fault("lock", path)(error).into()),
        }
        let size_bytes = still_there(&file, path)?;
        let hasher = (size_bytes == 0).then(Sha256::new);
        Ok(Self { file, path: path.to_owned(), hasher, size_bytes, is_kept: true })
    }

    /// An upload that is forgotten unless it becomes a blob.
    #[must_use]
    pub(crate) fn forgotten_unless_finished(mut self) -> Self {
        self.is_kept = false;
        self
    }

    /// Bytes so far.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Appends. After an error the file holds what it held before.
    pub(crate) fn write(&mut self, pieces: &[Bytes]) -> Result<(), Fault> {
        let before_bytes = self.size_bytes;
        for piece in pieces {
            if let Err(error) = self.file.write_all(piece) {
                self.cut(before_bytes)?;
                return Err(fault("write", &self.path)(error));
            }
            self.size_bytes += piece.len() as u64;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(piece);
            }
        }
        Ok(())
    }

    /// Takes back everything after the first `size_bytes`.
    pub(crate) fn cut(&mut self, size_bytes: u64) -> Result<(), Fault> {
        self.file.set_len(size_bytes).map_err(fault("shorten", &self.path))?;
        self.size_bytes = size_bytes;
        self.hasher = None;
        Ok(())
    }

    /// The digest of all bytes.
    pub(crate) fn digest(&mut self) -> Result<Digest, Fault> {
        let hasher = match self.hasher.take() {
            Some(hasher) => hasher,
            None => self.hash_again().map_err(fault("read", &self.path))?,
        };
        Ok(Digest::from_bytes(hasher.finalize().into()))
    }

    fn hash_again(&mut self) -> io::Result<Sha256> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; READ_BYTES];
        self.file.rewind()?;
        loop {
            match self.file.read(&mut buffer)? {
                0 => return Ok(hasher),
                count => hasher.update(&buffer[..count]),
            }
        }
    }

    /// Brings the bytes to disk.
    pub(super) fn sync(&self) -> Result<(), Fault> {
        let read_only = Permissions::from_mode(BLOB_MODE);
        let synced = self.file.set_permissions(read_only).and_then(|()| self.file.sync_all());
        synced.map_err(fault("bring to disk", &self.path))
    }

    /// Puts the file where it stays. It must be on disk already.
    pub(super) fn rename(mut self, target: &Path) -> Result<(), Fault> {
        fs::rename(&self.path, target).map_err(fault("create", target))?;
        self.is_kept = true;
        Ok(())
    }

    /// Forgets the upload.
    pub(crate) fn forget(mut self) {
        self.is_kept = false;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed now is forgotten when it has rested long enough.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The size of a file, if `path` still names it: between opening and locking, another request may have made a blob of it,
/// and a blob's content must never be appended to.
fn still_there(file: &File, path: &Path) -> Result<u64, Closed> {
    let opened = file.metadata().map_err(fault("look at", path))?;
    match fs::metadata(path) {
        Ok(named) if named.ino() == opened.ino() => Ok(opened.len()),
        Ok(_) => Err(Closed::Unknown),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Closed::Unknown),
        Err(error) => Err(fault("look at", path)(error).into()),
    }
}
