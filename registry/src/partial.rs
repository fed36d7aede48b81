//! A blob on its way in: bytes, and the digest of those that have come.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use lockgate_model::ids::Digest;
use sha2::{Digest as _, Sha256};

const PIECE_BYTES: usize = 64 * 1024;

/// A file that a blob is streamed into.
pub(crate) struct Partial {
    file: File,
    hasher: Sha256,
    done_bytes: u64,
}

impl Partial {
    /// Goes on with what the file holds.
    pub(crate) fn resume(mut file: File) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        let mut done_bytes = 0;
        file.seek(SeekFrom::Start(0))?;
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(Self { file, hasher, done_bytes }),
                count => {
                    hasher.update(&piece[..count]);
                    done_bytes += count as u64;
                }
            }
        }
    }

    /// Bytes that have come.
    pub(crate) fn done_bytes(&self) -> u64 {
        self.done_bytes
    }

    /// Takes more bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.done_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Forgets what has come.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        (self.hasher, self.done_bytes) = (Sha256::new(), 0);
        Ok(())
    }

    /// The digest of what has come.
    pub(crate) fn digest(&self) -> Digest {
        Digest::from_bytes(self.hasher.clone().finalize().into())
    }

    /// Makes sure that the bytes are on disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}
