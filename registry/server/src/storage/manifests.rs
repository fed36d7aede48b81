//! Manifests: content like any other, but held with a media type, named by tags, and never without what it needs.

use lockgate_model::ids::Digest;
use lockgate_model::time::Timestamp;
use lockgate_registry::artifact::MANIFEST_BYTES_MAX;

use super::blobs::Content;
use super::document::{Document, Named};
use super::fault::Fault;
use super::files::{make_folder, read, remove_durably};
use super::{Part, Storage, exists};
use crate::name::{Repository, Tag};

const MEDIA_TYPE_BYTES_MAX: u64 = 256;

/// What came of a manifest.
#[derive(Debug)]
pub(crate) enum Stored {
    /// It is there.
    Yes,
    /// Something that it needs is not there.
    Missing(Digest),
    /// It says of something that it needs how large it is, and is wrong.
    WrongSize {
        /// What it needs.
        digest: Digest,
        /// As the manifest says.
        said_bytes: u64,
        /// As it is.
        found_bytes: u64,
    },
}

/// A manifest on its way in.
pub(crate) struct NewManifest<'a> {
    /// The bytes.
    pub(crate) bytes: &'a [u8],
    /// Their digest.
    pub(crate) digest: Digest,
    /// What they say.
    pub(crate) document: &'a Document,
    /// What it is called from now on.
    pub(crate) tag: Option<&'a Tag>,
}

impl Storage {
    /// Stores a manifest whose needs the repository holds, and moves its tag.
    pub(crate) fn put_manifest(
        &self,
        repository: &Repository,
        new: &NewManifest<'_>,
        now: Timestamp,
    ) -> Result<Stored, Fault> {
        let _held = self.publishing()?;
        if let Some(problem) = self.unmet(repository, &new.document.needs)? {
            return Ok(problem);
        }
        self.put_content(&new.digest, new.bytes, now)?;
        if let Some(subject) = &new.document.subject {
            let referrer = new.document.referrer(new.digest, new.bytes.len() as u64);
            self.put_referrer(repository, subject, &new.digest, &referrer)?;
        }
        self.put_link(repository, Part::Manifests, &new.digest, new.document.media_type.as_bytes(), now)?;
        if let Some(tag) = new.tag {
            self.put_tag(repository, tag, &new.digest)?;
        }
        Ok(Stored::Yes)
    }

    fn unmet(&self, repository: &Repository, needs: &[Named]) -> Result<Option<Stored>, Fault> {
        for Named { digest, size, .. } in needs {
            match self.held_size(repository, digest)? {
                None => return Ok(Some(Stored::Missing(*digest))),
                Some(found_bytes) if found_bytes != *size => {
                    return Ok(Some(Stored::WrongSize { digest: *digest, said_bytes: *size, found_bytes }));
                }
                Some(_) => {}
            }
        }
        Ok(None)
    }

    fn put_content(&self, digest: &Digest, bytes: &[u8], now: Timestamp) -> Result<(), Fault> {
        let path = self.content(digest);
        path.parent().map_or(Ok(()), make_folder)?;
        self.replace_unless_same(&path, bytes, now)
    }

    /// A manifest that a repository holds, and its media type.
    pub(crate) fn manifest(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<(String, Content)>, Fault> {
        let Some(media_type) = self.media_type(repository, digest)? else { return Ok(None) };
        Ok(self.open_content(digest)?.map(|content| (media_type, content)))
    }

    /// Takes a manifest out of a repository, its tags with it; false when it holds none.
    pub(crate) fn delete_manifest(&self, repository: &Repository, digest: &Digest) -> Result<bool, Fault> {
        let _held = self.removing()?;
        if !exists(&self.link(repository, Part::Manifests, digest))? {
            return Ok(false);
        }
        self.remove_tags_of(repository, digest)?;
        self.remove_manifest(repository, digest)?;
        Ok(true)
    }

    /// Removes a manifest's link, and what lists it as a referrer. Held by who calls: the lock to remove.
    pub(super) fn remove_manifest(&self, repository: &Repository, digest: &Digest) -> Result<(), Fault> {
        if let Some(subject) = self.read_document(repository, digest)?.and_then(|document| document.subject) {
            self.remove_referrer(repository, &subject, digest)?;
        }
        remove_durably(&self.link(repository, Part::Manifests, digest)).map(|_| ())
    }

    /// What a manifest of a repository says; none when it or its content is gone or damaged.
    pub(super) fn read_document(&self, repository: &Repository, digest: &Digest) -> Result<Option<Document>, Fault> {
        let Some(media_type) = self.media_type(repository, digest)? else { return Ok(None) };
        let Some(bytes) = read(&self.content(digest), MANIFEST_BYTES_MAX)? else { return Ok(None) };
        let is_whole = Digest::of(&bytes) == *digest;
        Ok(Document::parse(&bytes, Some(&media_type)).ok().filter(|_| is_whole))
    }

    fn media_type(&self, repository: &Repository, digest: &Digest) -> Result<Option<String>, Fault> {
        let bytes = read(&self.link(repository, Part::Manifests, digest), MEDIA_TYPE_BYTES_MAX)?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}
