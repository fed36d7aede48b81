//! A gate that sleeps for an hour before it decides.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Verdict, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("sleeper", "0.1.0", "A gate that sleeps for an hour before it decides.")
    }

    fn judge(_: Config, _: GateRequest) -> Result<Verdict, Failure> {
        std::thread::sleep(std::time::Duration::from_secs(3600));
        Ok(Verdict::of(vec![]))
    }
}

lockgate_sdk::export!(quality_gate: Guest);
