//! A quality gate: fails from so many findings on.

use lockgate_sdk::{About, EvidenceBody, Failure, GateRequest, QualityGate, Reason, Ruling, Verdict, schemars};

/// The step's `with:`.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// How many findings may stay.
    findings: usize,
}

struct Few;

impl QualityGate for Few {
    type Config = Config;

    fn about() -> About {
        About::new("few-findings", "0.1.0", "Lets few findings through.")
    }

    fn judge(config: Config, request: GateRequest) -> Result<Verdict, Failure> {
        let scans = request.evidence.iter().filter_map(|evidence| match &evidence.body {
            EvidenceBody::Scan(report) => Some(report.findings.len()),
            _ => None,
        });
        Ok(Verdict::of(vec![match scans.reduce(|all, one| all + one) {
            None => Reason::new(Ruling::Inconclusive, "nothing was scanned").help("run a scanner before the gate"),
            Some(found) if found > config.findings => Reason::new(Ruling::Fail, format!("{found} findings")),
            Some(found) => Reason::new(Ruling::Pass, format!("{found} findings")),
        }]))
    }
}

lockgate_sdk::export!(quality_gate: Few);
