//! What a step proves: the contract's `types` interface as data. Field names are those of `wit/plugin.wit`, in JSON.

use serde::{Deserialize, Serialize};

use crate::ids::{Digest, JobId, StepId};

/// How bad a finding or an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth mending some day.
    Low,
    /// Worth mending soon.
    Medium,
    /// To be mended before delivery.
    High,
    /// To be mended before anything else.
    Critical,
}

/// A place in the workspace; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Location {
    /// Relative to the workspace, `/` between parts.
    pub path: String,
    /// First line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// First column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
}

/// A number with its unit (UCUM or a plain word: `ms`, `By`, `1`, `%`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Measurement {
    /// What was measured, dotted.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: String,
    /// Dimensions, in the order given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
}

/// Bytes that a step made for keeping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Artifact {
    /// As the step named it.
    pub name: String,
    /// Of the bytes.
    pub digest: Digest,
    /// RFC 6838.
    pub media_type: String,
    /// Of the bytes.
    pub size_bytes: u64,
    /// More that is known, in the order given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<(String, String)>,
}

/// How one test case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestStatus {
    /// Green.
    Passed,
    /// An assertion did not hold.
    Failed,
    /// It could not be carried out.
    Errored,
    /// It was not carried out.
    Skipped,
    /// Red first, green when tried again.
    Flaky,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TestCase {
    /// The suite, file or class it stands in.
    pub suite: String,
    /// Its own name.
    pub name: String,
    /// How it ended.
    pub status: TestStatus,
    /// Wall time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// Why it is red, in a line or a few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What it wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Where it stands, or where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Location>,
    /// Tries; 1 where nothing else is known.
    pub attempts: u32,
}

/// Line coverage of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileCoverage {
    /// Relative to the workspace.
    pub path: String,
    /// Lines that ran.
    pub covered_lines: u32,
    /// Lines that could run.
    pub total_lines: u32,
    /// Runs of lines that did not run, first and last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<(u32, u32)>,
}

/// Tests, coverage and what was measured on the way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TestReport {
    /// Every test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<TestCase>,
    /// Every file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<FileCoverage>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<Measurement>,
}

impl TestReport {
    /// How many cases have this status.
    #[must_use]
    pub fn count(&self, status: TestStatus) -> usize {
        self.cases.iter().filter(|case| case.status == status).count()
    }

    /// Adds what another file reported.
    pub fn merge(&mut self, other: Self) {
        self.cases.extend(other.cases);
        self.coverage.extend(other.coverage);
        self.measurements.extend(other.measurements);
    }
}

/// Something that a scanner, a linter or an audit found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Finding {
    /// The rule's id in its tool.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Location>,
    /// The package, image or resource concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The same for the same finding in another run.
    pub fingerprint: String,
    /// The first version without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_in: Option<String>,
    /// Where to read on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
}

/// A part of a bill of materials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ComponentRef {
    /// Package URL (ECMA-427).
    pub purl: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SPDX expressions.
    pub licenses: Vec<String>,
    /// Package URLs.
    pub depends_on: Vec<String>,
}

/// What a scanner saw.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ScanReport {
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<ComponentRef>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<Measurement>,
}

/// One piece of proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceBody {
    /// Bytes for keeping.
    Artifact(Artifact),
    /// Tests and coverage.
    Tests(TestReport),
    /// Findings and components.
    Scan(ScanReport),
    /// Numbers.
    Measurements(Vec<Measurement>),
}

/// A piece of proof and the step that it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Evidence {
    /// The job.
    pub job: JobId,
    /// The matrix cell, axes in order of name; empty outside a matrix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matrix: Vec<(String, String)>,
    /// The step.
    pub step: StepId,
    /// The proof.
    pub body: EvidenceBody,
}

/// How something was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// Good.
    Pass,
    /// Good enough; somebody should look.
    Warn,
    /// Not good.
    Fail,
    /// What was needed to judge is missing. Never counts as a pass.
    Inconclusive,
}

/// Why it was judged so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reason {
    /// What this one reason would rule.
    pub ruling: Ruling,
    /// In words.
    pub message: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Location>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A gate's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Verdict {
    /// The decision.
    pub ruling: Ruling,
    /// Why.
    pub reasons: Vec<Reason>,
}
