//! What others say of a manifest: signatures and attestations, stored beside it as manifests that name it as their
//! subject.

use lockgate_model::ids::Digest;

use crate::artifact::{Descriptor, INDEX_MEDIA_TYPE, Manifest};
use crate::reference::Reference;
use crate::referrers::{REFERRERS_MAX, ReferrersIndex, fallback_tag};
use crate::registry::{Registry, RegistryError};
use crate::repository::{Document, Repository, Silent};

/// Attachments of one type that are read.
pub const ATTACHMENTS_MAX: usize = 64;
/// The content of one.
pub const ATTACHMENT_BYTES_MAX: u64 = 1024 * 1024;

/// Two that attach at the same moment may overwrite each other's list; whoever finds itself missing tries again.
const WRITES_MAX: usize = 5;
const NOTE_BYTES_MAX: u64 = 64 * 1024;

/// Something to attach.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// A manifest whose `subject` is what it is attached to.
    pub manifest: Vec<u8>,
    /// The blobs that it names.
    pub blobs: Vec<Vec<u8>>,
}

impl Registry {
    /// Stores a manifest that names another one as its subject, and sees to it that it is found from there.
    ///
    /// # Errors
    /// When the place does not take it.
    pub fn attach(&self, reference: &Reference, attachment: &Attachment) -> Result<Digest, RegistryError> {
        let malformed = |reason| RegistryError::Manifest { reference: reference.to_string(), reason };
        let manifest = Manifest::parse(&attachment.manifest).map_err(malformed)?;
        self.in_first_place(reference, &|repository| {
            for bytes in &attachment.blobs {
                repository.put_blob(&Descriptor::of("application/octet-stream", bytes), bytes, &Silent)?;
            }
            let media_type = manifest.media_type.as_deref().unwrap_or(crate::artifact::MANIFEST_MEDIA_TYPE);
            let is_noted = repository.put_manifest(None, media_type, &attachment.manifest)?;
            let mut referrer = Descriptor::of(media_type, &attachment.manifest);
            referrer.artifact_type = artifact_type(&manifest).map(str::to_owned);
            referrer.annotations = manifest.annotations.clone();
            let digest = referrer.digest;
            if let (false, Some(subject)) = (is_noted, &manifest.subject) {
                list(repository, reference, &subject.digest, &referrer)?;
            }
            Ok(digest)
        })
    }

    /// The contents of what is attached to a manifest under an artifact type, from where it is kept now. They are
    /// remembered, for `remembered_attachments`.
    ///
    /// # Errors
    /// When the place cannot be asked, or an attachment is damaged.
    pub fn attachments(
        &self,
        reference: &Reference,
        subject: &Digest,
        kind: &str,
    ) -> Result<Vec<Vec<u8>>, RegistryError> {
        let mut contents: Vec<Vec<u8>> = Vec::new();
        // A mirror may hold a plugin without what others say of it: every place is asked.
        for found in self.in_each_place(reference, &|repository| {
            let listed = match repository.referrers(subject, kind)? {
                Some(listed) => listed,
                None => fallback(repository, reference, subject)?.manifests(),
            };
            let found = listed.iter().take(REFERRERS_MAX).map(|one| content(self, repository, subject, kind, one));
            found.filter_map(Result::transpose).take(ATTACHMENTS_MAX).collect::<Result<Vec<_>, _>>()
        })? {
            contents.extend(found);
        }
        contents.truncate(ATTACHMENTS_MAX);
        self.remember(subject, kind, &contents);
        Ok(contents)
    }

    /// What `attachments` found the last time, without asking anybody. It may have become more since.
    #[must_use]
    pub fn remembered_attachments(&self, subject: &Digest, kind: &str) -> Vec<Vec<u8>> {
        let note = self.cache().note(&notes(kind), subject, NOTE_BYTES_MAX);
        let digests: Vec<Digest> = note.and_then(|note| serde_json::from_slice(&note).ok()).unwrap_or_default();
        digests.iter().filter_map(|digest| self.cache().get(digest, ATTACHMENT_BYTES_MAX)).collect()
    }

    fn remember(&self, subject: &Digest, kind: &str, contents: &[Vec<u8>]) {
        let digests: Vec<_> = contents.iter().map(|content| Digest::of(content)).collect();
        // A cache that cannot be written is slower, not wrong: the next run asks again.
        let _ = serde_json::to_vec(&digests).map(|note| self.cache().write_note(&notes(kind), subject, &note));
        for content in contents {
            let _ = self.cache().put(content);
        }
    }
}

/// The folder of notes about one type.
fn notes(kind: &str) -> String {
    format!("attachments-{}", Digest::of(kind.as_bytes()).short())
}

/// The content of one attachment; none when it is about something else, or gone, or damaged: an entry that anybody may
/// have left in a list must not hide the others. What a list says of it is not believed.
fn content(
    registry: &Registry,
    repository: &dyn Repository,
    subject: &Digest,
    kind: &str,
    listed: &Descriptor,
) -> Result<Option<Vec<u8>>, RegistryError> {
    let Some(document) = unless_bad(repository.manifest(&listed.digest))? else { return Ok(None) };
    let Ok(manifest) = Manifest::parse(&document.bytes) else { return Ok(None) };
    let is_about_it = manifest.subject.as_ref().is_some_and(|about| about.digest == *subject);
    let [layer] = manifest.layers.as_slice() else { return Ok(None) };
    if !is_about_it || artifact_type(&manifest) != Some(kind) || layer.size > ATTACHMENT_BYTES_MAX {
        return Ok(None);
    }
    unless_bad(registry.blob(repository, layer, "attachment"))
}

/// None for what is not there or not what it should be; a place that cannot be asked is an error all the same.
fn unless_bad<T>(found: Result<T, RegistryError>) -> Result<Option<T>, RegistryError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() || error.is_of_wrong_bytes() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What an artifact is (image specification, "Guidelines for Artifact Usage"): its type, or else its config's.
fn artifact_type(manifest: &Manifest) -> Option<&str> {
    manifest.artifact_type.as_deref().or(Some(manifest.config.media_type.as_str()))
}

/// The list behind the tag that stands in for it; empty when there is none.
fn fallback(
    repository: &dyn Repository,
    reference: &Reference,
    subject: &Digest,
) -> Result<ReferrersIndex, RegistryError> {
    let Some(Document { bytes, .. }) = repository.tagged(&fallback_tag(subject))? else {
        return Ok(ReferrersIndex::empty());
    };
    ReferrersIndex::parse(&bytes).map_err(|error| RegistryError::Manifest {
        reference: format!("{}:{}", reference.name(), fallback_tag(subject)),
        reason: crate::artifact::ManifestError::Malformed(error.to_string()),
    })
}

fn list(
    repository: &dyn Repository,
    reference: &Reference,
    subject: &Digest,
    referrer: &Descriptor,
) -> Result<(), RegistryError> {
    let malformed = |error: serde_json::Error| RegistryError::Manifest {
        reference: reference.to_string(),
        reason: crate::artifact::ManifestError::Malformed(error.to_string()),
    };
    for _ in 0..WRITES_MAX {
        let mut index = fallback(repository, reference, subject)?;
        if !index.add(referrer).map_err(malformed)? {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&index).map_err(malformed)?;
        repository.put_manifest(Some(&fallback_tag(subject)), INDEX_MEDIA_TYPE, &bytes)?;
    }
    match fallback(repository, reference, subject)?.add(referrer).map_err(malformed)? {
        false => Ok(()),
        true => Err(RegistryError::Unlisted { reference: reference.to_string(), tag: fallback_tag(subject) }),
    }
}
