//! A scanner: finds files that are too large to review.

use lockgate_sdk::{
    About, Failure, Finding, Location, ScanReport, ScanRequest, Scanner, Severity, schemars, workspace,
};

/// The step's `with:`.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// From how many bytes on a file is too large.
    above_bytes: u64,
}

struct Large;

impl Scanner for Large {
    type Config = Config;

    fn about() -> About {
        About::new("large-files", "0.1.0", "Finds files that are too large to review.")
    }

    fn scan(config: Config, request: ScanRequest) -> Result<ScanReport, Failure> {
        let mut report = ScanReport::default();
        for path in request.files {
            let size = std::fs::metadata(workspace().join(&path))?.len();
            if size > config.above_bytes {
                let finding = Finding::new("large-file", Severity::Low, format!("{path} has {size} bytes"));
                report.findings.push(finding.at(Location::file(path)));
            }
        }
        Ok(report)
    }
}

lockgate_sdk::export!(scanner: Large);
