//! Blobs as files.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate_model::ids::Digest;
use lockgate_ports::{BlobError, Blobs};
use tempfile::NamedTempFile;

use super::copying::hash_through;
use super::error::blob_error;
use super::staging::Staging;

/// Files below this size are hashed in memory first, so that known ones are never written.
const HELD_BYTES_MAX: u64 = 256 * 1024;
const WRITE_BITS: u32 = 0o222;
/// Marks a file whose bytes were found to be others: it is not there any more for whoever asks, and is written again.
const DAMAGED_BIT: u32 = 0o100;

/// Blobs in `blobs/sha256` of a state folder. Several processes may share it.
#[derive(Debug)]
pub struct BlobFiles {
    folder: PathBuf,
    staging: Staging,
}

impl BlobFiles {
    /// Opens the blobs below the state folder `folder`, making them where absent, and sweeps what a crash left.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn open(folder: &Path) -> Result<Arc<Self>, BlobError> {
        let blobs = folder.join("blobs");
        let sha256 = blobs.join("sha256");
        fs::create_dir_all(&sha256).map_err(|error| blob_error("make", &sha256, error))?;
        let staging = Staging::open(&blobs.join("tmp")).map_err(|error| blob_error("prepare", &blobs, error))?;
        // A blob is as durable as every folder above it.
        for made in [&sha256, &blobs, folder] {
            sync_folder(made).map_err(|error| blob_error("sync", made, error))?;
        }
        Ok(Arc::new(Self { folder: sha256, staging }))
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.folder.join(&hex[..2]).join(hex)
    }

    fn unwritten(&self, error: io::Error) -> BlobError {
        blob_error("write a blob in", &self.folder, error)
    }

    /// Whether the blob is there in full length. One of another length, or marked, is a wreck: it is written again.
    fn has(&self, path: &Path, size_bytes: u64) -> Result<bool, BlobError> {
        match fs::symlink_metadata(path) {
            Ok(found) if is_sound(&found) && found.len() == size_bytes => {
                if found.permissions().mode() & WRITE_BITS != 0 {
                    self.sync_for_another(path).map_err(|error| self.unwritten(error))?;
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Write bits say that its writer has not synced the folder yet, or died before it did.
    fn sync_for_another(&self, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        file.sync_data()?;
        self.settle(&file, path)
    }

    /// The name is on disk too after this; only then the write bits go.
    fn settle(&self, file: &File, path: &Path) -> io::Result<()> {
        sync_folder(path.parent().unwrap_or(&self.folder))?;
        // Bits that another user's process left stay: all that they cost is one more sync.
        file.set_permissions(Permissions::from_mode(0o444)).ok();
        Ok(())
    }

    fn keep(&self, staged: NamedTempFile, path: &Path) -> io::Result<()> {
        staged.as_file().sync_data()?;
        let file = match staged.persist(path) {
            Err(failed) if failed.error.kind() == io::ErrorKind::NotFound => {
                self.make_shard(path)?;
                failed.file.persist(path)
            }
            other => other,
        };
        self.settle(&file.map_err(|failed| failed.error)?, path)
    }

    fn make_shard(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        sync_folder(&self.folder)
    }

    fn put_stream(&self, source: impl Read, path: &Path, max_bytes: u64) -> Result<(Digest, u64), BlobError> {
        let mut staged = self.staging.file().map_err(|error| self.unwritten(error))?;
        let unreadable = |error| blob_error("read", path, error);
        let source = source.take(max_bytes.saturating_add(1));
        let (digest, size_bytes) =
            hash_through(source, unreadable, |piece| staged.write_all(piece).map_err(|error| self.unwritten(error)))?;
        check_size(path, size_bytes, max_bytes)?;
        let kept = self.path(&digest);
        if !self.has(&kept, size_bytes)? {
            self.keep(staged, &kept).map_err(|error| self.unwritten(error))?;
        }
        Ok((digest, size_bytes))
    }

    fn read(&self, digest: &Digest) -> Result<(File, PathBuf), BlobError> {
        let path = self.path(digest);
        match File::open(&path) {
            Ok(file) => Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BlobError::Missing(*digest)),
            Err(error) => Err(blob_error("open", &path, error)),
        }
    }
}

impl Blobs for BlobFiles {
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        if !self.has(&path, bytes.len() as u64)? {
            let mut staged = self.staging.file().map_err(|error| self.unwritten(error))?;
            staged.write_all(bytes).map_err(|error| self.unwritten(error))?;
            self.keep(staged, &path).map_err(|error| self.unwritten(error))?;
        }
        Ok(digest)
    }

    fn put_file(&self, path: &Path, max_bytes: u64) -> Result<(Digest, u64), BlobError> {
        let unreadable = |error| blob_error("read", path, error);
        let file = File::open(path).map_err(unreadable)?;
        check_size(path, file.metadata().map_err(unreadable)?.len(), max_bytes)?;
        let mut head = Vec::new();
        (&file).take(HELD_BYTES_MAX).read_to_end(&mut head).map_err(unreadable)?;
        let held_bytes = head.len() as u64;
        if held_bytes == HELD_BYTES_MAX {
            return self.put_stream(head.as_slice().chain(&file), path, max_bytes);
        }
        check_size(path, held_bytes, max_bytes)?;
        Ok((self.put(&head)?, held_bytes))
    }

    fn get(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>, BlobError> {
        let (file, path) = self.read(digest)?;
        let unreadable = |error| blob_error("read", &path, error);
        let size_bytes = file.metadata().map_err(unreadable)?.len();
        if size_bytes > max_bytes {
            return Err(BlobError::TooLarge { digest: *digest, size_bytes, max_bytes });
        }
        let mut bytes = Vec::new();
        (&file).take(size_bytes).read_to_end(&mut bytes).map_err(unreadable)?;
        verify(digest, (Digest::of(&bytes), bytes.len() as u64), (&file, &path))?;
        Ok(bytes)
    }

    fn copy_to(&self, digest: &Digest, path: &Path) -> Result<u64, BlobError> {
        let (blob, kept) = self.read(digest)?;
        let unwritten = |error| blob_error("write", path, error);
        let copy = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path).map_err(unwritten)?;
        let copied = copy_verified(digest, &blob, &kept, &copy, unwritten);
        if copied.is_err() {
            // The failure at hand is told; a second one, of the clean-up, would hide it.
            fs::remove_file(path).ok();
        }
        copied
    }

    fn contains(&self, digest: &Digest) -> bool {
        fs::symlink_metadata(self.path(digest)).is_ok_and(|found| is_sound(&found))
    }
}

/// Shares the blocks where the file system can; the bytes are read and verified either way.
fn copy_verified(
    digest: &Digest,
    blob: &File,
    kept: &Path,
    mut copy: &File,
    unwritten: impl Fn(io::Error) -> BlobError,
) -> Result<u64, BlobError> {
    let shared = rustix::fs::ioctl_ficlone(copy, blob).is_ok();
    let unreadable = |error| blob_error("read", kept, error);
    let found = hash_through(blob, unreadable, |piece| match shared {
        true => Ok(()),
        false => copy.write_all(piece).map_err(&unwritten),
    })?;
    verify(digest, found, (blob, kept))?;
    Ok(found.1)
}

fn is_sound(found: &fs::Metadata) -> bool {
    found.is_file() && found.permissions().mode() & DAMAGED_BIT == 0
}

/// A file that fails is marked by its descriptor: another process may have put a whole one in its place meanwhile.
fn verify(wanted: &Digest, (digest, size_bytes): (Digest, u64), (file, path): (&File, &Path)) -> Result<(), BlobError> {
    if digest == *wanted {
        return Ok(());
    }
    // Another user's file stays as it is, and is told of each time.
    file.set_permissions(Permissions::from_mode(0o444 | DAMAGED_BIT)).ok();
    let detail = format!("the {size_bytes} bytes in {} have the digest {digest}", path.display());
    Err(BlobError::Corrupt { digest: *wanted, detail })
}

fn check_size(path: &Path, size_bytes: u64, max_bytes: u64) -> Result<(), BlobError> {
    if size_bytes <= max_bytes {
        return Ok(());
    }
    let limit = format!("it has more than the {max_bytes} bytes that are taken here");
    Err(blob_error("keep", path, io::Error::new(io::ErrorKind::FileTooLarge, limit)))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
