//! Looks for what is wrong in the workspace's files.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{About, Failure, ScanReport};

/// Looks for what is wrong. It reads [`workspace()`](crate::workspace) and nothing else.
pub trait Scanner {
    /// The step's `with:` without `files`, which is the host's; its JSON Schema is derived.
    type Config: DeserializeOwned + JsonSchema;

    /// What the plugin says of itself.
    fn about() -> About;

    /// Looks at the files.
    ///
    /// # Errors
    /// The files cannot be read. A finding is a result.
    fn scan(config: Self::Config, request: ScanRequest) -> Result<ScanReport, Failure>;
}

/// What a scanner is given beside its configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanRequest {
    /// Files to look at, relative to the workspace; the host picked them.
    pub files: Vec<String>,
}
