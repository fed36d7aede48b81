//! The `canary` plugin: moves traffic to a candidate step by step, looks at metrics on the way, and goes back when they
//! are bad. One move at a time: everything it must remember is its state, so that a rollout outlives any restart.

mod config;
mod measure;
mod moves;
mod state;

use lockgate_sdk::{About, Decision, DeployStrategy, Failure, Rollout};

pub use config::{Check, Config};
pub use state::State;

/// The plugin.
#[derive(Debug)]
pub struct Canary;

impl DeployStrategy for Canary {
    type Config = Config;
    type State = State;

    fn about() -> About {
        About::new("canary", env!("CARGO_PKG_VERSION"), "Moves traffic step by step and goes back on bad metrics.")
            .documentation(include_str!("../README.md"))
    }

    fn next(config: Config, rollout: Rollout<State>) -> Result<Decision<State>, Failure> {
        config.check()?;
        Ok(moves::next(&config, rollout))
    }
}

lockgate_sdk::export!(deploy_strategy: Canary);
