//! The statement as JSON. The same forms are written and read; what only newer hosts write is passed over, but among the
//! external parameters, where SLSA wants unknown members refused.

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::ids::Digest;
use lockgate_model::plan::Trust;
use serde::{Deserialize, Serialize};

/// In-toto attestation framework, "Statement" of version 1.
pub(super) const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The digest of bytes in a digest set.
pub(super) const SHA256: &str = "sha256";
/// The fingerprint of a native tool in a digest set.
pub(super) const TOOL_FINGERPRINT: &str = "lockgateToolV1";
pub(super) const SIZE: &str = "lockgate_sizeBytes";
pub(super) const ROLE: &str = "lockgate_role";
pub(super) const COMPONENT: &str = "lockgate_component";
pub(super) const REFERENCE: &str = "lockgate_reference";
pub(super) const STARTED: &str = "lockgate_started";

/// Roles of dependencies.
pub(super) mod role {
    pub(crate) const SOURCE: &str = "source";
    pub(crate) const PIPELINE: &str = "pipeline";
    pub(crate) const PLUGIN: &str = "plugin";
    pub(crate) const TOOL: &str = "tool";
    pub(crate) const ARTIFACT: &str = "artifact";
}

/// The statement that is signed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireStatement {
    #[serde(rename = "_type")]
    pub(super) type_: &'static str,
    pub(super) subject: [Resource; 1],
    pub(super) predicate_type: &'static str,
    pub(super) predicate: Predicate,
}

/// A subject as it is read back: what a predicate says nothing about.
#[derive(Deserialize)]
pub(super) struct WireSubjects {
    pub(super) subject: Vec<Resource>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Predicate {
    pub(super) build_definition: BuildDefinition,
    pub(super) run_details: RunDetails,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BuildDefinition {
    pub(super) build_type: String,
    pub(super) external_parameters: External,
    #[serde(default)]
    pub(super) internal_parameters: Internal,
    #[serde(default)]
    pub(super) resolved_dependencies: Vec<Resource>,
}

/// Each value, or else its digest.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct External {
    pub(super) pipeline: Pipeline,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inputs: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inputs_digest: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event_digest: Option<Digest>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pipeline {
    pub(super) file: String,
    pub(super) name: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Internal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trust: Option<Trust>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grants: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grants_digest: Option<Digest>,
}

/// In-toto attestation framework, "ResourceDescriptor".
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Resource {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uri: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) digest: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) media_type: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, Json>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RunDetails {
    pub(super) builder: WireBuilder,
    #[serde(default)]
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) byproducts: Vec<Resource>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireBuilder {
    pub(super) id: String,
    #[serde(default)]
    pub(super) version: BTreeMap<String, String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata {
    pub(super) invocation_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finished_on: Option<String>,
    #[serde(rename = "lockgate_attempt")]
    pub(super) attempt: WireAttempt,
    #[serde(rename = "lockgate_contacts")]
    pub(super) contacts: Vec<WireContact>,
    #[serde(rename = "lockgate_exposedSecrets")]
    pub(super) exposed_secrets: Vec<String>,
    #[serde(rename = "lockgate_cached")]
    pub(super) cached: Vec<WireCached>,
    #[serde(rename = "lockgate_omitted", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) omitted: BTreeMap<String, usize>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireAttempt {
    pub(super) job: String,
    pub(super) step: String,
    pub(super) number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plugin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cached_from: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireContact {
    pub(super) host: String,
    #[serde(default)]
    pub(super) peers: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireCached {
    pub(super) tool: String,
    pub(super) from: String,
}

impl Resource {
    /// A dependency.
    pub(super) fn of(role: &str, name: &str) -> Self {
        let annotations = [(ROLE.to_owned(), Json::from(role))].into();
        Self { name: name.to_owned(), annotations, ..Self::default() }
    }

    pub(super) fn with_sha256(mut self, digest: &Digest) -> Self {
        self.digest.insert(SHA256.to_owned(), digest.hex());
        self
    }

    pub(super) fn with_media_type(mut self, media_type: &str) -> Self {
        self.media_type = Some(media_type.to_owned());
        self
    }

    pub(super) fn with(mut self, annotation: &str, value: impl Into<Json>) -> Self {
        self.annotations.insert(annotation.to_owned(), value.into());
        self
    }

    pub(super) fn is(&self, role: &str) -> bool {
        self.annotation(ROLE) == Some(role)
    }

    /// An annotation that is a text.
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.get(name).and_then(Json::as_str)
    }

    pub(super) fn sha256(&self) -> Option<Digest> {
        self.digest.get(SHA256).and_then(|hex| format!("{SHA256}:{hex}").parse().ok())
    }
}
