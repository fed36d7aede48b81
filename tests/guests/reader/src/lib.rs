//! A scanner that reads a file and tries to change it.

use std::fs;

use lockgate_sdk::{About, Failure, Finding, ScanReport, ScanRequest, Scanner, Severity, schemars, workspace};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl Scanner for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("reader", "0.1.0", "Reads a file and tries to change it.")
    }

    /// A finding for each file that could be read, with its text; a critical one for each that could be changed.
    fn scan(_: Config, request: ScanRequest) -> Result<ScanReport, Failure> {
        let mut findings = Vec::new();
        for file in &request.files {
            let path = workspace().join(file);
            if let Ok(text) = fs::read_to_string(&path) {
                findings.push(Finding::new("read", Severity::Info, text));
            }
            if fs::write(&path, "changed").is_ok() {
                findings.push(Finding::new("changed", Severity::Critical, file.as_str()));
            }
        }
        Ok(ScanReport { findings, components: Vec::new(), measurements: Vec::new() })
    }
}

lockgate_sdk::export!(scanner: Guest);
