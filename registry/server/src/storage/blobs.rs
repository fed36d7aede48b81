//! Blobs: content once for all, a link in each repository that holds it.

use std::fs::File;
use std::io;

use lockgate_model::ids::Digest;
use lockgate_model::time::Timestamp;

use super::fault::{Fault, fault};
use super::files::{make_folder, remove_durably, sync_parent, touch};
use super::writer::Writer;
use super::{Part, Storage, exists};
use crate::name::Repository;

/// Content that is there.
#[derive(Debug)]
pub(crate) struct Content {
    /// To be read from its beginning.
    pub(crate) file: File,
    /// All of it.
    pub(crate) size_bytes: u64,
}

impl Storage {
    /// Makes a blob of a finished upload whose digest is known to be right.
    pub(crate) fn publish(
        &self,
        upload: Writer,
        repository: &Repository,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<(), Fault> {
        upload.sync()?;
        let target = self.content(digest);
        let _held = self.publishing()?;
        target.parent().map_or(Ok(()), make_folder)?;
        // Content that is there already is replaced: these bytes were just checked, and those may have been damaged.
        upload.rename(&target)?;
        sync_parent(&target)?;
        touch(&target, now)?;
        self.put_link(repository, Part::Blobs, digest, b"", now)
    }

    /// Lets a repository hold a blob that `from` holds; false when that holds none.
    pub(crate) fn mount(
        &self,
        from: &Repository,
        repository: &Repository,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let _held = self.publishing()?;
        if !exists(&self.link(from, Part::Blobs, digest))? || !touch(&self.content(digest), now)? {
            return Ok(false);
        }
        self.put_link(repository, Part::Blobs, digest, b"", now)?;
        Ok(true)
    }

    /// Content that a repository holds as a blob.
    pub(crate) fn blob(&self, repository: &Repository, digest: &Digest) -> Result<Option<Content>, Fault> {
        if exists(&self.link(repository, Part::Blobs, digest))? { self.open_content(digest) } else { Ok(None) }
    }

    /// Bytes of a blob, for somebody who asks because a manifest is about to name it: it is not collected for a while.
    pub(crate) fn reserve_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<u64>, Fault> {
        let _held = self.publishing()?;
        if !touch(&self.link(repository, Part::Blobs, digest), now)? {
            return Ok(None);
        }
        self.content_size(digest)
    }

    /// Takes a blob out of a repository; false when it holds none. The content goes when nobody holds it.
    pub(crate) fn delete_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, Fault> {
        let _held = self.removing()?;
        remove_durably(&self.link(repository, Part::Blobs, digest))
    }

    /// Bytes of what a repository holds, as a blob or as a manifest.
    pub(super) fn held_size(&self, repository: &Repository, digest: &Digest) -> Result<Option<u64>, Fault> {
        for part in [Part::Blobs, Part::Manifests] {
            if exists(&self.link(repository, part, digest))? {
                return self.content_size(digest);
            }
        }
        Ok(None)
    }

    pub(super) fn put_link(
        &self,
        repository: &Repository,
        part: Part,
        digest: &Digest,
        content: &[u8],
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.replace_unless_same(&self.link(repository, part, digest), content, now)
    }

    pub(super) fn open_content(&self, digest: &Digest) -> Result<Option<Content>, Fault> {
        let path = self.content(digest);
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((size_bytes, file)) => Ok(Some(Content { file, size_bytes })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(fault("open", &path)(error)),
        }
    }

    fn content_size(&self, digest: &Digest) -> Result<Option<u64>, Fault> {
        Ok(self.open_content(digest)?.map(|content| content.size_bytes))
    }
}
