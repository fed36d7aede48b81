//! The manifest that carries a bundle in a registry (OCI image specification 1.1, "Image Manifest", with `subject`):
//!
//! | field | value |
//! | --- | --- |
//! | `mediaType` | `application/vnd.oci.image.manifest.v1+json` |
//! | `artifactType` | `application/vnd.dev.sigstore.bundle.v0.3+json` |
//! | `config` | the empty descriptor: `application/vnd.oci.empty.v1+json`, the two bytes `{}` |
//! | `layers` | one: the bundle, of the artifact's type |
//! | `subject` | descriptor of the manifest that the bundle is about |
//! | `annotations` | `dev.sigstore.bundle.content` = `dsse-envelope`, `dev.sigstore.bundle.predicateType`, `org.opencontainers.image.created` |
//!
//! Whoever pushes one pushes the blobs `EMPTY_CONFIG` and the bundle first, then the manifest by its digest; a registry
//! that does not answer with the header `OCI-Subject` also needs the manifest's descriptor in the index that the tag
//! `sha256-HEX` of the subject stands for (OCI distribution specification, "Referrers Tag Schema").

use std::collections::BTreeMap;

use lockgate_model::ids::Digest;
use lockgate_registry::artifact::{Descriptor, MANIFEST_BYTES_MAX, MANIFEST_MEDIA_TYPE};
use serde::{Deserialize, Serialize};

use crate::bundle::{self, BUNDLE_BYTES_MAX, BUNDLE_MEDIA_TYPE};
use crate::text::shown;
use crate::verdict::Reason;

/// The config blob of a manifest that needs none.
pub const EMPTY_CONFIG: &[u8] = b"{}";
/// Its media type.
pub const EMPTY_MEDIA_TYPE: &str = "application/vnd.oci.empty.v1+json";

const SCHEMA_VERSION: u32 = 2;
const CONTENT: &str = "dev.sigstore.bundle.content";
const CONTENT_ENVELOPE: &str = "dsse-envelope";
const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";
const CREATED: &str = "org.opencontainers.image.created";

/// A manifest that carries a bundle, as far as it must be understood. Nothing in it is proven: the bundle decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleReferrer {
    /// The bundle, to be fetched by digest; at most `BUNDLE_BYTES_MAX` large.
    pub bundle: Descriptor,
    /// What the annotations say that the bundle is, cut to a length that can be shown.
    pub predicate_type: Option<String>,
}

/// Why a manifest carries no bundle that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferrerError {
    /// Not a manifest.
    #[error("it is not an OCI image manifest: {0}")]
    Malformed(String),
    /// Of something else, such as a list of components.
    #[error("it carries a `{0}` and no Sigstore bundle")]
    OtherArtifact(String),
    /// Attached to something else.
    #[error("it is attached to {}, not to the manifest that was asked about", .found.map_or("nothing".to_owned(), |found| found.to_string()))]
    OtherSubject {
        /// To what.
        found: Option<Digest>,
    },
    /// Not one layer.
    #[error("it has {0} layers instead of one")]
    Layers(usize),
    /// The manifest or its bundle is over its limit.
    #[error("its {what} has {size_bytes} bytes, at most {max_bytes} are taken")]
    TooLarge {
        /// The manifest or the bundle.
        what: &'static str,
        /// Its size.
        size_bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
    /// The bundle to be carried is none.
    #[error("the bundle cannot be attached")]
    Bundle(#[source] Reason),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

/// Makes the manifest that attaches `bundle` to `subject`. `created` is an instant in RFC 3339, such as
/// `2026-11-26T12:00:00Z`; the same one gives the same bytes.
///
/// # Errors
/// When `bundle` is no bundle.
pub fn bundle_manifest(subject: &Descriptor, bundle: &[u8], created: &str) -> Result<Vec<u8>, ReferrerError> {
    let claim = bundle::read(bundle, &subject.digest).map_err(ReferrerError::Bundle)?;
    let annotations = [
        (CONTENT, CONTENT_ENVELOPE.to_owned()),
        (PREDICATE_TYPE, claim.statement.predicate_type),
        (CREATED, created.to_owned()),
    ];
    let subject = Descriptor { annotations: BTreeMap::new(), ..subject.clone() };
    let wire = Wire {
        schema_version: SCHEMA_VERSION,
        media_type: Some(MANIFEST_MEDIA_TYPE.to_owned()),
        artifact_type: Some(BUNDLE_MEDIA_TYPE.to_owned()),
        config: Descriptor::of(EMPTY_MEDIA_TYPE, EMPTY_CONFIG),
        layers: vec![Descriptor::of(BUNDLE_MEDIA_TYPE, bundle)],
        subject: Some(subject),
        annotations: annotations.map(|(key, value)| (key.to_owned(), value)).into(),
    };
    serde_json::to_vec(&wire).map_err(|error| ReferrerError::Malformed(error.to_string()))
}

/// Reads the manifest of something that is said to be attached to `subject`. The type in an index of referrers may be
/// wrong (cosign 3.1.1 writes the config's there), so the manifest itself is asked.
///
/// # Errors
/// When it carries something else, is attached to something else, or is over a limit.
pub fn read_bundle_manifest(manifest: &[u8], subject: &Digest) -> Result<BundleReferrer, ReferrerError> {
    check_size("manifest", manifest.len() as u64, MANIFEST_BYTES_MAX)?;
    let wire: Wire =
        serde_json::from_slice(manifest).map_err(|error| ReferrerError::Malformed(shown(&error.to_string())))?;
    check_kind(&wire)?;
    let found = wire.subject.map(|found| found.digest);
    if found != Some(*subject) {
        return Err(ReferrerError::OtherSubject { found });
    }
    let [bundle] = <[Descriptor; 1]>::try_from(wire.layers).map_err(|layers| ReferrerError::Layers(layers.len()))?;
    check_size("bundle", bundle.size, BUNDLE_BYTES_MAX as u64)?;
    Ok(BundleReferrer { bundle, predicate_type: wire.annotations.get(PREDICATE_TYPE).map(|text| shown(text)) })
}

fn check_kind(wire: &Wire) -> Result<(), ReferrerError> {
    if wire.schema_version != SCHEMA_VERSION {
        return Err(ReferrerError::Malformed(format!("its schema version is {}, not 2", wire.schema_version)));
    }
    let kind = wire.artifact_type.as_deref().unwrap_or(&wire.config.media_type);
    let layer = wire.layers.first().map_or(kind, |layer| &layer.media_type);
    match [kind, layer].into_iter().find(|found| *found != BUNDLE_MEDIA_TYPE) {
        Some(other) => Err(ReferrerError::OtherArtifact(shown(other))),
        None => Ok(()),
    }
}

fn check_size(what: &'static str, size_bytes: u64, max_bytes: u64) -> Result<(), ReferrerError> {
    if size_bytes > max_bytes {
        return Err(ReferrerError::TooLarge { what, size_bytes, max_bytes });
    }
    Ok(())
}
