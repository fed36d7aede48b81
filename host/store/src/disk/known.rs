//! Blobs that this process has seen, so that a snapshot asks the file system for each of them once and not once a step.
//!
//! Nothing takes blobs away while a run goes on. One that is lost all the same is missed by whoever reads it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockgate_model::ids::Digest;
use lockgate_ports::{BlobError, Blobs};

/// Digests that are remembered; a tree of more files asks for the rest each time.
const KNOWN_MAX: usize = 200_000;

/// Blobs, and which of them are known to be there.
pub(super) struct KnownBlobs {
    blobs: Arc<dyn Blobs>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Written, or found to be there in full length.
    kept: HashSet<Digest>,
    /// Found to be there.
    there: HashSet<Digest>,
}

impl KnownBlobs {
    /// These blobs, of which nothing is known yet.
    pub(super) fn new(blobs: Arc<dyn Blobs>) -> Self {
        Self { blobs, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remember(known: &mut HashSet<Digest>, digest: Digest) {
    if known.len() < KNOWN_MAX {
        known.insert(digest);
    }
}

impl Blobs for KnownBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let digest = Digest::of(bytes);
        if !self.known().kept.contains(&digest) {
            self.blobs.put(bytes)?;
            remember(&mut self.known().kept, digest);
        }
        Ok(digest)
    }

    fn put_file(&self, path: &Path, max_bytes: u64) -> Result<(Digest, u64), BlobError> {
        self.blobs.put_file(path, max_bytes)
    }

    fn get(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>, BlobError> {
        self.blobs.get(digest, max_bytes)
    }

    fn copy_to(&self, digest: &Digest, path: &Path) -> Result<u64, BlobError> {
        self.blobs.copy_to(digest, path)
    }

    fn contains(&self, digest: &Digest) -> bool {
        let known = self.known();
        if known.kept.contains(digest) || known.there.contains(digest) {
            return true;
        }
        drop(known);
        let is_there = self.blobs.contains(digest);
        if is_there {
            remember(&mut self.known().there, *digest);
        }
        is_there
    }
}
