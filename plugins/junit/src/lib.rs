//! The `junit` plugin: reads JUnit XML, in the dialects that test tools really write, into test cases.

mod case;
mod limits;
mod parse;
mod suite;
mod text;

use lockgate_sdk::schemars::JsonSchema;
use lockgate_sdk::{About, Failure, ReportFile, TestReport, TestReporter};
use serde::Deserialize;

/// The step's `with:`, beside `files`, which the host reads.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// Whose output to keep: that of tests which are not green, of all, or of none.
    pub output: KeepOutput,
    /// How much of one test's output to keep, in bytes.
    #[schemars(range(max = 1_048_576))]
    pub output_bytes_max: u32,
    /// A folder that the report's absolute paths begin with, to be taken off. An absolute path elsewhere is no place
    /// of the workspace and is left out.
    pub root: Option<String>,
}

/// Whose output to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeepOutput {
    /// Of tests that failed, errored or were flaky.
    Failed,
    /// Of all tests.
    All,
    /// Of none.
    None,
}

impl Default for Config {
    fn default() -> Self {
        Self { output: KeepOutput::Failed, output_bytes_max: limits::OUTPUT_BYTES_DEFAULT, root: None }
    }
}

/// The plugin.
#[derive(Debug)]
pub struct Junit;

impl TestReporter for Junit {
    type Config = Config;

    fn about() -> About {
        About::new("junit", env!("CARGO_PKG_VERSION"), "Reads JUnit XML, in the dialects that test tools write.")
            .documentation(include_str!("../README.md"))
    }

    fn report(config: Config, file: ReportFile) -> Result<TestReport, Failure> {
        let text = text::decode(&file.content);
        let cases = parse::parse(&config, &text).map_err(|error| error.into_failure(&file.path, &text))?;
        Ok(TestReport { cases, ..TestReport::default() })
    }
}

lockgate_sdk::export!(test_reporter: Junit);
