//! A test reporter: reads lines of `name ok` and `name failed`.

use lockgate_sdk::{About, Failure, ReportFile, TestCase, TestReport, TestReporter, TestStatus, schemars};

/// The step's `with:`.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Lines;

impl TestReporter for Lines {
    type Config = Config;

    fn about() -> About {
        About::new("lines", "0.1.0", "Reads one test from each line.")
    }

    fn report(_: Config, file: ReportFile) -> Result<TestReport, Failure> {
        let text = String::from_utf8(file.content)?;
        let case = |(name, word): (&str, &str)| {
            let status = if word == "ok" { TestStatus::Passed } else { TestStatus::Failed };
            TestCase::new(&file.path, name, status)
        };
        let cases = text.lines().filter_map(|line| line.rsplit_once(' ')).map(case).collect();
        Ok(TestReport { cases, ..TestReport::default() })
    }
}

lockgate_sdk::export!(test_reporter: Lines);
