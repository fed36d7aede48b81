//! What the pipeline lets a step do. Deny by default: what is not here is refused.

use serde::{Deserialize, Serialize};

use crate::ids::ToolName;

/// What one step may do outside its own memory. A step gets what its plugin asks for *and* this grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Grants {
    /// Native tools that it may run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exec: Vec<ToolName>,
    /// Folders (relative to the workspace) that live on between runs and stand outside keys and snapshots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scratch: Vec<String>,
    /// Hosts (`host` or `host:port`) that it may reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<String>,
    /// Globs that it may read; empty means the whole workspace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
    /// Globs that it may write; empty means the whole workspace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub write: Vec<String>,
    /// Secrets that it may hold a placeholder of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Whether it may know the time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub clock: bool,
    /// Whether it may have randomness that no seed gives.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub random: bool,
}

/// What a second call of a step would do to the world. The pipeline's `effect:` says it; the plugin only advises.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing new: it may be done again.
    Idempotent,
    /// Harm: when it is lost in mid-flight, a person decides.
    #[default]
    Once,
}

impl Grants {
    /// Whether a lost attempt under these grants may be done again from its snapshot, whatever `effect:` says: it could
    /// reach nothing outside the workspace.
    #[must_use]
    pub fn are_repeatable(&self) -> bool {
        self.http.is_empty() && self.secrets.is_empty()
    }
}
