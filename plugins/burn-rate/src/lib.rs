//! The `burn-rate` plugin: alerts when a service level objective's error budget burns too fast, over several pairs of a
//! long and a short window (Google's SRE workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts").

mod burn;
mod config;
mod indicator;
mod rule;
mod state;

use lockgate_sdk::{About, AlertInput, AlertRule, Evaluation, Failure, Query};

pub use config::{Config, Window};
pub use state::State;

/// The plugin.
#[derive(Debug)]
pub struct BurnRate;

impl AlertRule for BurnRate {
    type Config = Config;
    type State = State;

    fn about() -> About {
        About::new("burn-rate", env!("CARGO_PKG_VERSION"), "Alerts when an error budget burns too fast.")
            .documentation(include_str!("../README.md"))
    }

    fn queries(config: Config) -> Result<Vec<Query>, Failure> {
        let indicator = config.indicator()?;
        Ok(config.spans().into_iter().flat_map(|span| indicator.queries(span)).collect())
    }

    fn evaluate(config: Config, input: AlertInput<State>) -> Result<Evaluation<State>, Failure> {
        let indicator = config.indicator()?;
        let burns = burn::all(&config, &indicator, &input.answers);
        Ok(rule::evaluate(&config, &burns, input.state, input.now))
    }
}

lockgate_sdk::export!(alert_rule: BurnRate);
