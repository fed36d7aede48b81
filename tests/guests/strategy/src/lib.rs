//! A deploy strategy that gives back what it was given.

use lockgate_sdk::{About, Action, Decision, DeployStrategy, Failure, Rollout, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl DeployStrategy for Guest {
    type Config = Config;
    type State = u64;

    fn about() -> About {
        About::new("strategy", "0.1.0", "Gives back what it was given.")
    }

    /// The shares in reverse; what else was given, in the note; the state, counted up.
    fn next(_: Config, mut rollout: Rollout<u64>) -> Result<Decision<u64>, Failure> {
        rollout.shares.reverse();
        let health = rollout.health_of(&rollout.candidate).map(|health| (health.ready, health.wanted));
        let samples: usize = rollout
            .answers
            .iter()
            .flat_map(|answer| answer.outcome.iter().flatten())
            .map(|one| one.samples.len())
            .sum();
        let note = format!(
            "{:?} {} {} {health:?} {samples} {:?}",
            rollout.stable, rollout.candidate, rollout.now, rollout.approvals
        );
        Ok(Decision::new(Action::Shift(rollout.shares), rollout.state + 1, note))
    }
}

lockgate_sdk::export!(deploy_strategy: Guest);
