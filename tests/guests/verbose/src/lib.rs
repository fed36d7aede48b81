//! A test reporter that reports a million tests.

use lockgate_sdk::{About, Failure, ReportFile, TestCase, TestReport, TestReporter, TestStatus, schemars};

/// How much it says.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// How many tests it reports.
    cases: usize,
    /// How long each one's name is.
    name_bytes: usize,
}

struct Guest;

impl TestReporter for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("verbose", "0.1.0", "Reports a million tests.")
    }

    fn report(config: Config, _: ReportFile) -> Result<TestReport, Failure> {
        let name = "n".repeat(config.name_bytes);
        let cases = (0..config.cases).map(|_| TestCase::new("", name.as_str(), TestStatus::Passed)).collect();
        Ok(TestReport { cases, coverage: Vec::new(), measurements: Vec::new() })
    }
}

lockgate_sdk::export!(test_reporter: Guest);
