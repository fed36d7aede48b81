//! The OCI form of a component: CNCF's Wasm OCI Artifact layout, on the OCI image manifest (image specification 1.1).
//! One manifest, one config that repeats the component's imports and exports, one layer that is the component.

use std::collections::BTreeMap;

use lockgate_model::ids::Digest;
use lockgate_model::limits::COMPONENT_BYTES_MAX;
use serde::{Deserialize, Serialize};

use crate::component::{ComponentError, Face};

/// A manifest or an index (OCI distribution specification: registries must take at least 4 MiB).
pub const MANIFEST_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Media type of an image manifest.
pub const MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an image index.
pub const INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of a component's config.
pub const CONFIG_MEDIA_TYPE: &str = "application/vnd.wasm.config.v0+json";
/// Media type of a component as a layer.
pub const LAYER_MEDIA_TYPE: &str = "application/wasm";

// One component gives one manifest, byte by byte: the moment of packing must not be in it.
const CREATED: &str = "1970-01-01T00:00:00Z";
const SCHEMA_VERSION: u32 = 2;

/// Names a blob: what it is, which bytes, how many (OCI image specification, "Content Descriptors").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    pub media_type: String,
    /// Of the blob.
    pub digest: Digest,
    /// Bytes of the blob.
    pub size: u64,
    /// Of a manifest: what the artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Of a manifest in an index: what it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Notes beside it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What an image runs on (OCI image specification, "Image Index", `platform`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `wasm` for a component.
    pub architecture: String,
    /// `wasip2`, say.
    pub os: String,
}

impl Descriptor {
    /// Describes `bytes`.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }
}

/// An image manifest (OCI image specification, "Image Manifest"), as far as components need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// What this document is; may be absent in documents of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What the artifact is, where the config does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The config blob.
    pub config: Descriptor,
    /// The layers: for a component, one.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about: a signature's, for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Notes beside it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// The config of a component (CNCF Wasm OCI Artifact layout, "Config").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WasmConfig {
    /// When it was made (RFC 3339).
    pub created: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Always `wasm`.
    pub architecture: String,
    /// `wasip2`.
    pub os: String,
    /// Digests of the layers.
    pub layer_digests: Vec<Digest>,
    /// The component's outer face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentConfig>,
}

/// The component's outer face, for those who look before they pull. Never trusted: the component itself decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentConfig {
    /// What it exports.
    pub exports: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
    /// The world that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// Why a manifest is not one of a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or not of that shape.
    #[error("it is not an OCI image manifest: {0}")]
    Malformed(String),
    /// Something else than a component, for example a container image.
    #[error("it is not a WebAssembly component but {0}")]
    NotAComponent(String),
    /// The component is over the limit.
    #[error("its component has {size_bytes} bytes, at most {max_bytes} are taken")]
    TooLarge {
        /// As the manifest says.
        size_bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        serde_json::from_slice(bytes).map_err(|error| ManifestError::Malformed(error.to_string()))
    }

    /// The one layer that is the component.
    ///
    /// # Errors
    /// When the artifact is something else, or the component is over `COMPONENT_BYTES_MAX`.
    pub fn component(&self) -> Result<&Descriptor, ManifestError> {
        if self.schema_version != SCHEMA_VERSION {
            return Err(ManifestError::Malformed(format!("its schema version is {}, not 2", self.schema_version)));
        }
        if self.config.media_type != CONFIG_MEDIA_TYPE {
            return Err(ManifestError::NotAComponent(format!("`{}`", self.config.media_type)));
        }
        let [layer] = self.layers.as_slice() else {
            return Err(ManifestError::NotAComponent(format!("an artifact of {} layers", self.layers.len())));
        };
        if layer.media_type != LAYER_MEDIA_TYPE {
            return Err(ManifestError::NotAComponent(format!("a layer of type `{}`", layer.media_type)));
        }
        if layer.size > COMPONENT_BYTES_MAX {
            return Err(ManifestError::TooLarge { size_bytes: layer.size, max_bytes: COMPONENT_BYTES_MAX });
        }
        Ok(layer)
    }
}

/// A component in its OCI form, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// The config's bytes.
    pub config: Vec<u8>,
    /// The manifest's descriptor.
    pub descriptor: Descriptor,
    /// The component's descriptor.
    pub component: Descriptor,
}

/// Makes the manifest and config of a component. The same component, author and annotations give the same bytes.
///
/// # Errors
/// When the bytes are no component or the component is over `COMPONENT_BYTES_MAX`.
pub fn pack(
    component: &[u8],
    author: Option<&str>,
    annotations: &BTreeMap<String, String>,
) -> Result<Packed, PackError> {
    let size_bytes = component.len() as u64;
    if size_bytes > COMPONENT_BYTES_MAX {
        return Err(PackError::TooLarge { size_bytes, max_bytes: COMPONENT_BYTES_MAX });
    }
    let layer = Descriptor::of(LAYER_MEDIA_TYPE, component);
    let config = to_json(&config_of(&Face::of(component)?, &layer, author))?;
    let manifest = to_json(&Manifest {
        schema_version: SCHEMA_VERSION,
        media_type: Some(MANIFEST_MEDIA_TYPE.to_owned()),
        artifact_type: None,
        config: Descriptor::of(CONFIG_MEDIA_TYPE, &config),
        layers: vec![layer.clone()],
        subject: None,
        annotations: annotations.clone(),
    })?;
    let descriptor = Descriptor::of(MANIFEST_MEDIA_TYPE, &manifest);
    Ok(Packed { manifest, config, descriptor, component: layer })
}

fn config_of(face: &Face, layer: &Descriptor, author: Option<&str>) -> WasmConfig {
    // Only a plugin has a world that this project knows; other components go without.
    let target = face.kind().ok().map(|(kind, version)| format!("lockgate:plugin/{kind}-plugin@{version}"));
    WasmConfig {
        created: CREATED.to_owned(),
        author: author.map(str::to_owned),
        architecture: "wasm".to_owned(),
        os: "wasip2".to_owned(),
        layer_digests: vec![layer.digest],
        component: Some(ComponentConfig { exports: face.exports.clone(), imports: face.imports.clone(), target }),
    }
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, PackError> {
    serde_json::to_vec(value).map_err(PackError::Encode)
}

/// Why bytes could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// No component.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// Over the limit.
    #[error("it has {size_bytes} bytes, at most {max_bytes} are taken")]
    TooLarge {
        /// Its size.
        size_bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
    /// The manifest could not be written as JSON.
    #[error("its manifest cannot be encoded")]
    Encode(#[source] serde_json::Error),
}
