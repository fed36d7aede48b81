//! A gate that never decides.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Verdict, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("spin", "0.1.0", "A gate that never decides.")
    }

    fn judge(_: Config, _: GateRequest) -> Result<Verdict, Failure> {
        loop {
            std::hint::black_box(0);
        }
    }
}

lockgate_sdk::export!(quality_gate: Guest);
