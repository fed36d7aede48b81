//! One repository of a layout on disk: the same steps as with a registry far away.

use lockgate_model::ids::Digest;

use crate::artifact::{Descriptor, MANIFEST_BYTES_MAX};
use crate::layout::{Layout, LayoutError};
use crate::partial::Partial;
use crate::registry::RegistryError;
use crate::repository::{Document, Repository, Transfer};

/// The names `path:tag` of one path in a layout.
pub(crate) struct LayoutRepository {
    layout: Layout,
    path: String,
}

impl LayoutRepository {
    pub(crate) fn new(layout: Layout, path: &str) -> Self {
        Self { layout, path: path.to_owned() }
    }

    fn name(&self, tag: &str) -> String {
        format!("{}:{tag}", self.path)
    }
}

impl Repository for LayoutRepository {
    fn tagged(&self, tag: &str) -> Result<Option<Document>, RegistryError> {
        let found = self.layout.named(&self.name(tag))?;
        found.map(|digest| self.manifest(&digest)).transpose()
    }

    fn manifest(&self, digest: &Digest) -> Result<Document, RegistryError> {
        let bytes = self.layout.blob(digest, MANIFEST_BYTES_MAX)?;
        Ok(Document::of(bytes, None))
    }

    fn unknown(&self, tag: &str) -> RegistryError {
        self.layout.unknown_name(&self.name(tag)).into()
    }

    fn blob(&self, wanted: &Descriptor, partial: &mut Partial, told: &dyn Transfer) -> Result<(), RegistryError> {
        let bytes = self.layout.described_blob(wanted)?;
        let kept = partial.restart().and_then(|()| partial.write(&bytes));
        kept.map_err(|source| RegistryError::Cache { action: "keep a blob of", reference: self.path.clone(), source })?;
        told.at(partial.done_bytes());
        Ok(())
    }

    fn referrers(&self, _: &Digest, _: &str) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        Ok(None)
    }

    fn put_blob(&self, blob: &Descriptor, bytes: &[u8], told: &dyn Transfer) -> Result<(), RegistryError> {
        self.layout.put(&blob.digest, bytes)?;
        told.at(blob.size);
        Ok(())
    }

    fn put_manifest(&self, tag: Option<&str>, media_type: &str, bytes: &[u8]) -> Result<bool, RegistryError> {
        let manifest = Descriptor::of(media_type, bytes);
        self.layout.put(&manifest.digest, bytes)?;
        tag.map_or(Ok::<_, LayoutError>(()), |tag| self.layout.name(self.name(tag), &manifest))?;
        Ok(false)
    }
}
