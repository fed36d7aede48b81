//! What the pipeline lets a step do. Deny by default: what is not here is refused.

mod exec;
mod files;
mod http;

use serde::{Deserialize, Serialize};

pub use self::exec::{ExecRule, ExecRuleError};
pub use self::files::FileRules;
pub use self::http::{HttpRule, HttpRuleError, Scheme};
use crate::ids::ToolName;

/// What one step may do outside its own memory. A step gets what its plugin asks for *and* this grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Grants {
    /// Native tools that it may run, with the arguments that it may give them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exec: Vec<ExecRule>,
    /// Folders (relative to the workspace) that live on between runs and stand outside keys and snapshots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scratch: Vec<String>,
    /// Requests that it may send. Native tools reach the same hosts, by rules that narrow neither method nor path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRule>,
    /// Globs that it may read; absent for the whole workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Vec<String>>,
    /// Globs that it may write; absent for the whole workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<Vec<String>>,
    /// Secrets that it may hold a placeholder of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Secrets whose value its native tools may see, in an environment variable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<String>,
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
        self.http.iter().all(HttpRule::is_read_only) && self.secrets.is_empty() && self.expose.is_empty()
    }

    /// The tools that are granted, whatever their arguments; each once.
    #[must_use]
    pub fn tools(&self) -> Vec<ToolName> {
        let mut tools: Vec<ToolName> = Vec::new();
        for rule in &self.exec {
            if !tools.contains(&rule.tool) {
                tools.push(rule.tool.clone());
            }
        }
        tools
    }
}
