//! Folders of trees that this process has read or written, so that the next step need not read them again. They are
//! named by the digest of their bytes, so nothing can make them out of date.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockgate_model::ids::Digest;
use lockgate_ports::{BlobError, Blobs, WorkspaceError};

use super::known::KnownBlobs;
use super::times::{self, Times};
use super::tree_blobs::{Listing, load_times, read_folder, store_listing};

/// Names of all folders that are remembered; when there are more, all are forgotten.
const NAMES_MAX: usize = 200_000;

/// Folders and times of trees.
pub(super) struct Listings {
    blobs: KnownBlobs,
    folders: Mutex<Folders>,
    /// Those of one tree: the next step begins with what the last one has left.
    times: Mutex<Option<(Digest, Times)>>,
}

#[derive(Default)]
struct Folders {
    known: HashMap<Digest, Arc<Listing>>,
    names: usize,
}

impl Listings {
    /// The folders that are kept in these blobs.
    pub(super) fn new(blobs: Arc<dyn Blobs>) -> Self {
        Self { blobs: KnownBlobs::new(blobs), folders: Mutex::default(), times: Mutex::default() }
    }

    /// The blobs, of which those that were seen need not be asked for again.
    pub(super) fn blobs(&self) -> &KnownBlobs {
        &self.blobs
    }

    /// One folder's names.
    pub(super) fn folder(&self, digest: &Digest) -> Result<Arc<Listing>, WorkspaceError> {
        if let Some(known) = lock(&self.folders).known.get(digest) {
            return Ok(known.clone());
        }
        let read = Arc::new(read_folder(digest, &self.blobs)?);
        self.remember(*digest, read.clone());
        Ok(read)
    }

    /// Keeps a folder; gives the digest and the length of its message.
    pub(super) fn keep_folder(&self, listing: Listing) -> Result<(Digest, u64), BlobError> {
        let (digest, size_bytes) = store_listing(&listing, &self.blobs)?;
        self.remember(digest, Arc::new(listing));
        Ok((digest, size_bytes))
    }

    fn remember(&self, digest: Digest, listing: Arc<Listing>) {
        let mut folders = lock(&self.folders);
        folders.names += listing.len() + 1;
        if folders.names > NAMES_MAX {
            *folders = Folders { names: listing.len() + 1, ..Folders::default() };
        }
        folders.known.insert(digest, listing);
    }

    /// The times of a tree, to be changed.
    pub(super) fn take_times(&self, digest: &Digest) -> Result<Times, WorkspaceError> {
        let known = lock(&self.times).take_if(|(known, _)| known == digest);
        known.map_or_else(|| load_times(digest, &self.blobs), |(_, times)| Ok(times))
    }

    /// Keeps the times of a tree.
    pub(super) fn keep_times(&self, times: Times) -> Result<Digest, BlobError> {
        let digest = self.blobs.put(&times::encode(&times))?;
        *lock(&self.times) = Some((digest, times));
        Ok(digest)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
