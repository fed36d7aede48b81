//! A gate that panics, or exits.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Verdict, schemars};

/// How it gives up.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Whether it exits, as a program would; else it panics.
    #[serde(default)]
    exits: bool,
}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("panics", "0.1.0", "A gate that panics, or exits.")
    }

    fn judge(config: Config, _: GateRequest) -> Result<Verdict, Failure> {
        if config.exits {
            std::process::exit(3);
        }
        panic!("I give up")
    }
}

lockgate_sdk::export!(quality_gate: Guest);
