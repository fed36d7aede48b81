//! A gate that asks the host for the time, for ever.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Verdict, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("chatter", "0.1.0", "A gate that asks the host for the time, for ever.")
    }

    fn judge(_: Config, _: GateRequest) -> Result<Verdict, Failure> {
        loop {
            std::hint::black_box(std::time::SystemTime::UNIX_EPOCH.elapsed().is_ok());
        }
    }
}

lockgate_sdk::export!(quality_gate: Guest);
