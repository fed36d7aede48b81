//! A gate that does what it should, or fails as it should.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Reason, Ruling, Verdict, log, schemars};

/// What it does.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// Whether it fails.
    #[serde(default)]
    fails: bool,
}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("neighbour", "0.1.0", "Does what it should, or fails as it should.")
    }

    fn judge(config: Config, request: GateRequest) -> Result<Verdict, Failure> {
        if config.fails {
            return Err(Failure::new("no-mood", "it would not").help("ask again"));
        }
        log::info(format!("judging {} pieces of evidence", request.evidence.len()));
        Ok(Verdict::of(vec![Reason::new(Ruling::Pass, "all is well")]))
    }
}

lockgate_sdk::export!(quality_gate: Guest);
