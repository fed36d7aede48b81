//! A gate that takes handles without end.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Verdict, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("handles", "0.1.0", "A gate that takes handles without end.")
    }

    fn judge(_: Config, _: GateRequest) -> Result<Verdict, Failure> {
        loop {
            take_one();
        }
    }
}

/// Takes a pollable and never gives it back.
#[cfg(target_family = "wasm")]
fn take_one() {
    std::mem::forget(wasip2::clocks::monotonic_clock::subscribe_duration(1));
}

#[cfg(not(target_family = "wasm"))]
fn take_one() {}

lockgate_sdk::export!(quality_gate: Guest);
