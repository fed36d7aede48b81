//! What a place that keeps plugins can do, whether it is a folder or a registry far away.

use lockgate_model::ids::Digest;

use crate::artifact::Descriptor;
use crate::partial::Partial;
use crate::registry::RegistryError;

/// A manifest or an index, as it is kept; its bytes have its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub media_type: String,
    /// Of the bytes.
    pub digest: Digest,
    /// JSON.
    pub bytes: Vec<u8>,
}

impl Document {
    /// A document by its bytes; what it is stands in itself, or beside it.
    pub(crate) fn of(bytes: Vec<u8>, beside: Option<&str>) -> Self {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Typed {
            media_type: Option<String>,
        }
        let own = serde_json::from_slice::<Typed>(&bytes).ok().and_then(|typed| typed.media_type);
        let media_type = own.or_else(|| beside.map(str::to_owned)).unwrap_or_default();
        Self { media_type, digest: Digest::of(&bytes), bytes }
    }
}

/// Is told how far a transfer has come.
pub trait Transfer: Send + Sync {
    /// So many bytes are done.
    fn at(&self, done_bytes: u64);
}

/// Is told of transfers as they begin.
pub trait Progress: Send + Sync {
    /// A transfer of so many bytes begins; it has ended when the value is dropped.
    fn begin(&self, name: &str, bytes: u64) -> Box<dyn Transfer>;
}

/// Nobody looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Transfer for Silent {
    fn at(&self, _: u64) {}
}

impl Progress for Silent {
    fn begin(&self, _: &str, _: u64) -> Box<dyn Transfer> {
        Box::new(Self)
    }
}

/// One repository in one place.
pub(crate) trait Repository {
    /// The manifest that a tag stands for; none when there is no such tag.
    fn tagged(&self, tag: &str) -> Result<Option<Document>, RegistryError>;

    /// The manifest of this digest, verified.
    fn manifest(&self, digest: &Digest) -> Result<Document, RegistryError>;

    /// The error for a tag that is not there, with what there is instead.
    fn unknown(&self, tag: &str) -> RegistryError;

    /// Appends a blob's missing bytes; never more than its descriptor says. The digest is the caller's to check.
    fn blob(&self, wanted: &Descriptor, partial: &mut Partial, told: &dyn Transfer) -> Result<(), RegistryError>;

    /// Manifests of this type that name `subject` (distribution specification, "Listing Referrers"); none when the place
    /// keeps no such list, and the tag in its stead is to be read.
    fn referrers(&self, subject: &Digest, artifact_type: &str) -> Result<Option<Vec<Descriptor>>, RegistryError>;

    /// Stores a blob.
    fn put_blob(&self, blob: &Descriptor, bytes: &[u8], told: &dyn Transfer) -> Result<(), RegistryError>;

    /// Stores a manifest, under a tag or its digest alone; whether the place took note of the manifest's subject.
    fn put_manifest(&self, tag: Option<&str>, media_type: &str, bytes: &[u8]) -> Result<bool, RegistryError>;
}
