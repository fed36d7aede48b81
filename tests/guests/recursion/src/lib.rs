//! A gate that calls itself without end.

use lockgate_sdk::{About, Failure, GateRequest, QualityGate, Verdict, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl QualityGate for Guest {
    type Config = Config;

    fn about() -> About {
        About::new("recursion", "0.1.0", "A gate that calls itself without end.")
    }

    fn judge(_: Config, _: GateRequest) -> Result<Verdict, Failure> {
        Ok(Verdict::of(vec![lockgate_sdk::Reason::new(lockgate_sdk::Ruling::Pass, depth(0).to_string())]))
    }
}

/// Not a tail call: each frame still has work to do.
fn depth(frame: u64) -> u64 {
    if std::hint::black_box(frame) == u64::MAX {
        frame
    } else {
        depth(frame + 1).wrapping_add(std::hint::black_box(frame))
    }
}

lockgate_sdk::export!(quality_gate: Guest);
