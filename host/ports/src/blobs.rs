//! Bytes by digest.

use std::path::{Path, PathBuf};

use lockgate_model::ids::Digest;

/// Why bytes could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// It was never stored, or pruned.
    #[error("blob {0} is not in the store")]
    Missing(Digest),
    /// The bytes on disk are not those that were stored.
    #[error("blob {digest} is damaged: {detail}; run again, and what made it makes it anew")]
    Corrupt {
        /// Which.
        digest: Digest,
        /// What is wrong: its length, its digest.
        detail: String,
    },
    /// Larger than the caller takes.
    #[error("blob {digest} has {size_bytes} bytes; at most {max_bytes} are taken here")]
    TooLarge {
        /// Which.
        digest: Digest,
        /// Its length.
        size_bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
    /// The disk, or a limit on it, is full. Nothing half-written stays.
    #[error("no space left for blobs in {}; free some, then `lockgate retry RUN --failed`", .0.display())]
    Full(PathBuf),
    /// Anything else.
    #[error("{action}")]
    Io {
        /// What was being done, with the path.
        action: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

/// Keeps bytes by digest. A blob that was kept is whole and on disk: an event may name it.
pub trait Blobs: Send + Sync {
    /// Keeps bytes.
    ///
    /// # Errors
    /// When they cannot be written.
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError>;

    /// Keeps a file's bytes, streamed; gives digest and length. The file stays where it is.
    ///
    /// # Errors
    /// When it is larger than `max_bytes`, or cannot be read or kept.
    fn put_file(&self, path: &Path, max_bytes: u64) -> Result<(Digest, u64), BlobError>;

    /// Reads bytes back, verified.
    ///
    /// # Errors
    /// When they are missing, damaged or more than `max_bytes`.
    fn get(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>, BlobError>;

    /// Copies a blob to a new file, verified on the way; the file's folder exists, the file does not.
    ///
    /// # Errors
    /// When it is missing or damaged, or the file cannot be written.
    fn copy_to(&self, digest: &Digest, path: &Path) -> Result<u64, BlobError>;

    /// Whether it is there, without reading it; one that was found damaged is not.
    fn contains(&self, digest: &Digest) -> bool;
}
