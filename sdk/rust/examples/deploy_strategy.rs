//! A deploy strategy: all at once, then wait, then keep it if it is well.

use lockgate_sdk::{About, Action, Decision, DeployStrategy, Duration, Failure, Rollout, Share, schemars};

/// The environment's `strategy.with:`.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    /// How long to look at the candidate before it is kept.
    bake: Duration,
}

struct AllAtOnce;

impl DeployStrategy for AllAtOnce {
    type Config = Config;
    type State = bool;

    fn about() -> About {
        About::new("all-at-once", "0.1.0", "Moves all traffic at once.")
    }

    fn next(config: Config, rollout: Rollout<bool>) -> Result<Decision<bool>, Failure> {
        let well = rollout.health_of(&rollout.candidate).is_some_and(|health| health.ready >= health.wanted);
        Ok(if rollout.weight_of(&rollout.candidate) < 10_000 {
            let all = Share { revision: rollout.candidate, weight: 10_000 };
            Decision::new(Action::Shift(vec![all]), false, "all at once")
        } else if !rollout.state {
            Decision::new(Action::Wait(config.bake), true, "let it bake")
        } else {
            let action = if well { Action::Promote } else { Action::Rollback("it is not ready".into()) };
            Decision::new(action, true, "baked")
        })
    }
}

lockgate_sdk::export!(deploy_strategy: AllAtOnce);
