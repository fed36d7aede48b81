//! Builds, lints, packages, with files and native tools.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{About, Evidence, EvidenceBody, Failure, Ruling};

/// A step that builds. Outward: it reads and writes [`workspace()`](crate::workspace) and runs tools by
/// [`exec::Command`](crate::exec::Command).
pub trait BuildStep {
    /// The step's `with:`; its JSON Schema is derived.
    type Config: DeserializeOwned + JsonSchema;

    /// What the plugin says of itself.
    fn about() -> About;

    /// Does the step's work.
    ///
    /// # Errors
    /// The plugin could not do its work. Code that does not compile is a product with `Ruling::Fail`.
    fn run(config: Self::Config, request: BuildRequest) -> Result<Product, Failure>;
}

/// What a build step is given beside its configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BuildRequest {
    /// What earlier steps of the job and its direct `needs` proved.
    pub evidence: Vec<Evidence>,
}

/// What a build step made and proved.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Whether the work is good.
    pub conclusion: Ruling,
    /// Named values for later steps.
    pub outputs: Vec<(String, String)>,
    /// What it proves.
    pub evidence: Vec<EvidenceBody>,
    /// For a person, in a line or a few.
    pub summary: Option<String>,
}

impl Product {
    /// A product that proves nothing yet.
    #[must_use]
    pub fn new(conclusion: Ruling) -> Self {
        Self { conclusion, outputs: Vec::new(), evidence: Vec::new(), summary: None }
    }

    /// Adds a named value for later steps.
    #[must_use]
    pub fn output(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.outputs.push((name.into(), value.into()));
        self
    }

    /// Adds proof.
    #[must_use]
    pub fn evidence(mut self, body: EvidenceBody) -> Self {
        self.evidence.push(body);
        self
    }

    /// Says in a line or a few what was done.
    #[must_use]
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }
}
