//! Puts revisions where they serve.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{About, Artifact, Failure, Health, Share};

/// Puts revisions where they serve. Outward; every function may be called again with the same arguments.
pub trait DeployTarget {
    /// The environment's `target` configuration; its JSON Schema is derived.
    type Config: DeserializeOwned + JsonSchema;

    /// What the plugin says of itself.
    fn about() -> About;

    /// Makes the revision ready to serve, without traffic.
    ///
    /// # Errors
    /// The revision cannot be made ready.
    fn prepare(config: Self::Config, revision: &str, release: Release) -> Result<(), Failure>;

    /// Sets the traffic; the weights add up to 10,000.
    ///
    /// # Errors
    /// The traffic cannot be set.
    fn route(config: Self::Config, shares: Vec<Share>) -> Result<(), Failure>;

    /// Looks at every revision that is there.
    ///
    /// # Errors
    /// The target cannot be looked at. A revision that is not well is a result.
    fn observe(config: Self::Config) -> Result<Vec<Health>, Failure>;

    /// Takes away a revision that has no traffic.
    ///
    /// # Errors
    /// The revision cannot be taken away.
    fn retire(config: Self::Config, revision: &str) -> Result<(), Failure>;
}

/// Artifacts plus settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub artifacts: Vec<Artifact>,
    /// How it is set.
    pub settings: serde_json::Value,
}
