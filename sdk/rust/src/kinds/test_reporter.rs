//! Reads one report file.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{About, Failure, TestReport};

/// Reads report files of test tools. Pure: the host picks the files, calls once for each, and merges the reports.
pub trait TestReporter {
    /// The step's `with:` without `files`, which is the host's; its JSON Schema is derived.
    type Config: DeserializeOwned + JsonSchema;

    /// What the plugin says of itself.
    fn about() -> About;

    /// Reads one file.
    ///
    /// # Errors
    /// The file cannot be read as a report. A red test is a result.
    fn report(config: Self::Config, file: ReportFile) -> Result<TestReport, Failure>;
}

/// One report file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportFile {
    /// Relative to the workspace, `/` between parts.
    pub path: String,
    /// Its bytes.
    pub content: Vec<u8>,
}
