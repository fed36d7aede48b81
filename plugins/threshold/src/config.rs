//! The step's `with:`.

use std::collections::BTreeMap;

use lockgate_sdk::Evidence;
use lockgate_sdk::schemars::JsonSchema;
use serde::Deserialize;

use crate::limit::Limit;

/// What must hold. A part that is absent is not judged.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// What must hold of all tests together.
    pub tests: Option<TestRules>,
    /// What must hold of line coverage, in percent.
    pub coverage: Option<CoverageRules>,
    /// How many findings may stay.
    pub findings: Option<FindingRules>,
    /// What must hold of single numbers.
    #[serde(default)]
    pub measurements: Vec<MeasurementRule>,
    /// Judge only what these jobs proved; all jobs where empty.
    #[serde(default)]
    pub jobs: Vec<String>,
    /// Judge only what these steps proved; all steps where empty.
    #[serde(default)]
    pub steps: Vec<String>,
}

/// What must hold of all tests together.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TestRules {
    /// At most so many that failed or could not be carried out.
    pub failed: Option<Limit>,
    /// At most so many that were not carried out.
    pub skipped: Option<Limit>,
    /// At most so many that were green only when tried again.
    pub flaky: Option<Limit>,
    /// At least so many that were carried out. Without it at least one, or the verdict is inconclusive.
    pub minimum: Option<Limit>,
}

/// What must hold of line coverage, in percent.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CoverageRules {
    /// At least so much of all lines.
    pub lines: Option<Limit>,
    /// At least so much of each file's lines.
    pub per_file: Option<Limit>,
}

/// At most so many findings of a severity or a worse one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FindingRules {
    /// Critical.
    pub critical: Option<Limit>,
    /// High or worse.
    pub high: Option<Limit>,
    /// Medium or worse.
    pub medium: Option<Limit>,
    /// Low or worse.
    pub low: Option<Limit>,
    /// Any.
    pub info: Option<Limit>,
}

/// What must hold of every measurement of a name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MeasurementRule {
    /// The measurement.
    pub name: String,
    /// Its unit; another one is inconclusive, not converted.
    pub unit: Option<String>,
    /// Only measurements with these attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// At most so much.
    pub at_most: Option<Limit>,
    /// At least so much.
    pub at_least: Option<Limit>,
}

impl Config {
    /// Whether anything is judged at all.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        self.tests.is_some() || self.coverage.is_some() || self.findings.is_some() || !self.measurements.is_empty()
    }

    /// Whether a piece of evidence is among what is judged.
    #[must_use]
    pub fn selects(&self, evidence: &Evidence) -> bool {
        let among = |names: &[String], name: &String| names.is_empty() || names.contains(name);
        among(&self.jobs, &evidence.job) && among(&self.steps, &evidence.step)
    }
}
