//! What the planner is told of plugins: pins and descriptors, read beforehand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Json;
use crate::call::Kind;
use crate::ids::{Digest, PluginAlias, ToolName};

/// A capability that a plugin wants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ask {
    /// `read`, `write`, `exec`, `http`, `secret`, `clock` or `random`.
    pub kind: String,
    /// What of it: a glob, a tool, a host; `*` for any.
    pub pattern: String,
    /// What for.
    pub reason: String,
    /// Whether the plugin can do without.
    pub optional: bool,
}

/// What a second call would do to the world, as the plugin's author sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdvisedEffect {
    /// Nothing.
    Pure,
    /// Nothing new.
    Idempotent,
    /// Harm.
    Once,
}

/// What a plugin says of itself (`about.describe`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Descriptor {
    /// Its name.
    pub name: String,
    /// Its version (SemVer).
    pub version: String,
    /// In a line.
    pub summary: String,
    /// In Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
    /// JSON Schema (2020-12) of its configuration.
    pub config_schema: Json,
    /// What it wants.
    pub asks: Vec<Ask>,
    /// Advice.
    pub effect: AdvisedEffect,
}

/// A plugin as a run uses it: a digest, never a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PluginPin {
    /// The OCI reference that the pipeline file names.
    pub reference: String,
    /// Of the component.
    pub digest: Digest,
    /// Its kind.
    pub kind: Kind,
    /// The contract's version that it was made for.
    pub contract: String,
}

/// A pinned plugin and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CatalogEntry {
    /// The pin.
    pub pin: PluginPin,
    /// What it says of itself.
    pub descriptor: Descriptor,
}

/// All that a plan may refer to outside its file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    /// Locked plugins, by alias.
    pub plugins: BTreeMap<PluginAlias, CatalogEntry>,
    /// The plugin that `run:` is short for.
    pub shell: Option<CatalogEntry>,
    /// Native tools that this host knows.
    pub tools: Vec<ToolName>,
}
