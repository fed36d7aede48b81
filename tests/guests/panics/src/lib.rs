//! A gate that panics.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Verdict, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("panics", "0.1.0", "A gate that panics.")
    }

    fn judge(_: Config, _: GateRequest) -> Result<Verdict, Failure> {
        panic!("I give up")
    }
}

lockgate_sdk::export!(quality_gate: Guest);
