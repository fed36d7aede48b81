//! Judges evidence.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{About, Evidence, Failure, Verdict};

/// Turns evidence into a verdict. Pure.
pub trait QualityGate {
    /// The step's `with:`; its JSON Schema is derived.
    type Config: DeserializeOwned + JsonSchema;

    /// What the plugin says of itself.
    fn about() -> About;

    /// Judges. Required evidence that is absent is `Ruling::Inconclusive`, never a pass.
    ///
    /// # Errors
    /// The configuration or the evidence makes no sense. Bad evidence is a verdict.
    fn judge(config: Self::Config, request: GateRequest) -> Result<Verdict, Failure>;
}

/// What a gate is given beside its configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GateRequest {
    /// What earlier steps of the job and its direct `needs` proved, failed ones included.
    pub evidence: Vec<Evidence>,
    /// What was proved the last time; empty where nothing is known of it.
    pub baseline: Vec<Evidence>,
}
