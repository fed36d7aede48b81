//! `index.json` of a layout: manifests by name (OCI image specification, "Image Index").

use lockgate_model::ids::Digest;
use serde::{Deserialize, Serialize};

use crate::artifact::{Descriptor, INDEX_MEDIA_TYPE};

/// The annotation that holds a manifest's name (image specification, "Pre-Defined Annotation Keys").
const REF_NAME: &str = "org.opencontainers.image.ref.name";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    manifests: Vec<Descriptor>,
}

impl Index {
    pub(super) fn empty() -> Self {
        Self { schema_version: 2, media_type: Some(INDEX_MEDIA_TYPE.to_owned()), manifests: Vec::new() }
    }

    pub(super) fn named(&self, name: &str) -> Option<Digest> {
        let is_named = |one: &&Descriptor| one.annotations.get(REF_NAME).is_some_and(|known| known == name);
        self.manifests.iter().find(is_named).map(|one| one.digest)
    }

    pub(super) fn holds(&self, digest: &Digest) -> bool {
        self.manifests.iter().any(|one| one.digest == *digest)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.manifests.iter().filter_map(|one| one.annotations.get(REF_NAME).cloned()).collect()
    }

    pub(super) fn name(&mut self, name: String, mut manifest: Descriptor) {
        self.manifests.retain(|one| one.annotations.get(REF_NAME) != Some(&name));
        manifest.annotations.insert(REF_NAME.to_owned(), name);
        self.manifests.push(manifest);
        self.manifests.sort_by(|one, other| one.annotations.get(REF_NAME).cmp(&other.annotations.get(REF_NAME)));
    }
}
