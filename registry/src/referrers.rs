//! Manifests that name another one as their subject (distribution specification, "Listing Referrers"), and the tag that
//! stands for their list where a registry keeps none ("Referrers Tag Schema").

use lockgate_model::ids::Digest;
use serde::{Deserialize, Serialize};

use crate::artifact::{Descriptor, INDEX_MEDIA_TYPE};

/// Referrers of one manifest that are looked at.
pub(crate) const REFERRERS_MAX: usize = 128;

/// The list: an image index, whatever its entries are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReferrersIndex {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    manifests: Vec<serde_json::Value>,
}

impl ReferrersIndex {
    pub(crate) fn empty() -> Self {
        Self { schema_version: 2, media_type: Some(INDEX_MEDIA_TYPE.to_owned()), manifests: Vec::new() }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The entries that can be understood; others (of another digest algorithm, say) are somebody else's.
    pub(crate) fn manifests(&self) -> Vec<Descriptor> {
        self.manifests.iter().filter_map(|entry| serde_json::from_value(entry.clone()).ok()).collect()
    }

    /// Takes a referrer in, beside everything that is there; whether it was not there.
    pub(crate) fn add(&mut self, referrer: &Descriptor) -> Result<bool, serde_json::Error> {
        let is_new = self.manifests().iter().all(|one| one.digest != referrer.digest);
        if is_new {
            self.manifests.push(serde_json::to_value(referrer)?);
        }
        Ok(is_new)
    }
}

/// The tag that stands for the list of a manifest's referrers.
pub(crate) fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}
