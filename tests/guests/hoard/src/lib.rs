//! A gate that takes memory without end.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Verdict, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("hoard", "0.1.0", "A gate that takes memory without end.")
    }

    fn judge(_: Config, _: GateRequest) -> Result<Verdict, Failure> {
        let mut hoard = Vec::new();
        loop {
            hoard.push(std::hint::black_box(vec![1_u8; 1024 * 1024]));
        }
    }
}

lockgate_sdk::export!(quality_gate: Guest);
