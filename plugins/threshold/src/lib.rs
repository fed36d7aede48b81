//! The `threshold` plugin: a quality gate of numbers. Required evidence that is absent is inconclusive, never a pass.

mod config;
mod limit;
mod rules;

use lockgate_sdk::{About, EvidenceBody, Failure, GateRequest, QualityGate, Verdict};

pub use config::{Config, CoverageRules, FindingRules, MeasurementRule, TestRules};
pub use limit::Limit;

/// The plugin.
#[derive(Debug)]
pub struct Threshold;

impl QualityGate for Threshold {
    type Config = Config;

    fn about() -> About {
        About::new(
            "threshold",
            env!("CARGO_PKG_VERSION"),
            "Judges tests, coverage, findings and measurements by numbers.",
        )
        .documentation(include_str!("../README.md"))
    }

    fn judge(config: Config, request: GateRequest) -> Result<Verdict, Failure> {
        if !config.has_rules() {
            return Err(Failure::new("bad-config", "the gate has no rule, so that everything would pass")
                .help("give it `tests`, `coverage`, `findings` or `measurements`"));
        }
        let selected = request.evidence.iter().filter(|evidence| config.selects(evidence));
        let bodies: Vec<&EvidenceBody> = selected.map(|evidence| &evidence.body).collect();
        Ok(Verdict::of(rules::judge(&config, &bodies)))
    }
}

lockgate_sdk::export!(quality_gate: Threshold);
