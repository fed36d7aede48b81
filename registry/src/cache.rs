//! Pulled blobs, kept for all projects of a user, so that no digest is fetched twice.
//!
//! `blobs/sha256/HEX` holds what is whole, `incoming/HEX` what is under way. Whoever fetches a digest holds a lock on its
//! incoming file; others, in this process or another, wait for it and then find the blob. A transfer that was cut off
//! stays there, and the next one goes on from it. Only a blob whose size and digest are right is moved to its place.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use lockgate_model::ids::Digest;

use crate::artifact::Descriptor;
use crate::file::{read_at_most, replace};
use crate::partial::Partial;

const BLOBS: &str = "blobs/sha256";
const INCOMING: &str = "incoming";

/// A folder of pulled blobs.
#[derive(Debug, Clone)]
pub struct PluginCache {
    folder: PathBuf,
}

/// Why a blob did not come in.
pub(crate) enum Unfetched<E> {
    /// Whoever gives the bytes failed.
    Source(E),
    /// Its size or digest is wrong; nothing of it was kept.
    Wrong { found: Digest, found_bytes: u64 },
    /// The disk.
    Disk(io::Error),
}

impl<E> From<io::Error> for Unfetched<E> {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl PluginCache {
    /// Opens the folder, made where there is none; only its owner may look into it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        for part in [BLOBS, INCOMING] {
            DirBuilder::new().recursive(true).mode(0o700).create(folder.join(part))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// A blob of at most `max_bytes`, if it is there and whole. A damaged one stays until it is replaced: what is asked
    /// for here may come from somebody who lies about its size.
    pub(crate) fn get(&self, digest: &Digest, max_bytes: u64) -> Option<Vec<u8>> {
        let bytes = read_at_most(&self.blob_path(digest), max_bytes).ok()?;
        (Digest::of(&bytes) == *digest).then_some(bytes)
    }

    /// Keeps bytes; a damaged blob is replaced.
    pub(crate) fn put(&self, bytes: &[u8]) -> io::Result<()> {
        let digest = Digest::of(bytes);
        match self.get(&digest, bytes.len() as u64) {
            Some(_) => Ok(()),
            None => replace(&self.blob_path(&digest), bytes),
        }
    }

    /// A blob, filled in by `fill` where it is not there yet. Two that ask at the same time share one transfer.
    pub(crate) fn fetch<E>(
        &self,
        wanted: &Descriptor,
        mut fill: impl FnMut(&mut Partial) -> Result<(), E>,
    ) -> Result<Vec<u8>, Unfetched<E>> {
        if let Some(bytes) = self.get(&wanted.digest, wanted.size) {
            return Ok(bytes);
        }
        let incoming = self.folder.join(INCOMING).join(wanted.digest.hex());
        let file = hold(&incoming)?;
        if let Some(bytes) = self.get(&wanted.digest, wanted.size) {
            fs::remove_file(&incoming)?;
            return Ok(bytes);
        }
        let mut partial = Partial::resume(file)?;
        let mut was_resumed = partial.done_bytes() > 0;
        loop {
            fill(&mut partial).map_err(Unfetched::Source)?;
            let (found, found_bytes) = (partial.digest(), partial.done_bytes());
            if found == wanted.digest && found_bytes == wanted.size {
                break;
            }
            partial.restart()?;
            // What an earlier transfer left may be to blame: once more, from the first byte.
            if !std::mem::take(&mut was_resumed) {
                fs::remove_file(&incoming)?;
                return Err(Unfetched::Wrong { found, found_bytes });
            }
        }
        partial.sync()?;
        fs::rename(&incoming, self.blob_path(&wanted.digest))?;
        self.get(&wanted.digest, wanted.size)
            .ok_or_else(|| io::Error::other("the blob changed while it was stored").into())
    }

    /// A small note about a digest, in a folder of its own.
    pub(crate) fn note(&self, kind: &str, digest: &Digest, max_bytes: u64) -> Option<Vec<u8>> {
        read_at_most(&self.folder.join(kind).join(digest.hex()), max_bytes).ok()
    }

    /// Keeps a note about a digest.
    pub(crate) fn write_note(&self, kind: &str, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder.join(kind);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        replace(&folder.join(digest.hex()), bytes)
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(BLOBS).join(digest.hex())
    }
}

/// The incoming file, locked. The one that was waited for may have been moved away by then: then it is opened anew.
fn hold(path: &Path) -> io::Result<File> {
    loop {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        let is_there = fs::metadata(path).is_ok_and(|now| file.metadata().is_ok_and(|held| now.ino() == held.ino()));
        if is_there {
            return Ok(file);
        }
    }
}
