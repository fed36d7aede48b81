//! The environment's `strategy.with:`.

use lockgate_sdk::schemars::JsonSchema;
use lockgate_sdk::{Duration, Failure};
use serde::Deserialize;

/// How to roll out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The candidate's traffic at each step, in percent, rising. After the last step it is promoted.
    #[schemars(length(min = 1, max = 100), inner(range(min = 0.01, max = 100.0)))]
    pub steps: Vec<f64>,
    /// How long each step serves before the next one.
    pub bake: Duration,
    /// What makes a measurement bad. Without any, time alone decides.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub fail_when: Vec<Check>,
    /// How long between two measurements.
    #[serde(default = "a_minute")]
    pub interval: Duration,
    /// More bad measurements than this, in the whole rollout, and it goes back.
    #[serde(default)]
    pub failure_limit: u32,
    /// More measurements in a row than this that the metrics source could not answer, and it goes back.
    #[serde(default = "four")]
    pub consecutive_error_limit: u32,
    /// More measurements than this in one step that say nothing (no data, NaN), and a person must decide.
    #[serde(default = "four")]
    pub inconclusive_limit: u32,
    /// How long a candidate may be less than ready before it goes back.
    #[serde(default = "ten_minutes")]
    pub ready_timeout: Duration,
    /// Ask somebody before the candidate is promoted.
    #[serde(default)]
    pub approve_before_promote: bool,
}

/// A query and where it is bad. With several series the worst one counts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Check {
    /// PromQL, or the embedded store's selector.
    pub query: String,
    /// Bad above this.
    pub above: Option<f64>,
    /// Bad below this.
    pub below: Option<f64>,
}

fn a_minute() -> Duration {
    Duration::from_mins(1)
}

fn ten_minutes() -> Duration {
    Duration::from_mins(10)
}

fn four() -> u32 {
    4
}

impl Config {
    /// What a schema cannot say.
    ///
    /// # Errors
    /// `bad-config`: steps that do not rise from above 0 to at most 100, a check without a bound, no interval.
    pub fn check(&self) -> Result<(), Failure> {
        let bad = |message: &str| Err(Failure::new("bad-config", message));
        let weights: Vec<u32> = (0..self.steps.len()).map(|step| self.weight(step)).collect();
        let rise = weights.windows(2).all(|pair| pair[0] < pair[1]);
        let in_range =
            self.steps.iter().all(|percent| *percent <= 100.0) && weights.first().is_some_and(|first| *first > 0);
        if !rise || !in_range {
            return bad("`steps` must rise, from at least 0.01 to at most 100 percent");
        }
        if self.interval.as_ms() == 0 {
            return bad("`interval` must be longer than nothing");
        }
        if self.fail_when.iter().any(|check| check.above.is_none() && check.below.is_none()) {
            return bad("each of `fail-when` needs `above` or `below`");
        }
        Ok(())
    }

    /// The candidate's weight at a step, in parts of 10,000.
    pub(crate) fn weight(&self, step: usize) -> u32 {
        // A float becomes an integer by saturation: nothing below 0, NaN is 0.
        self.steps.get(step).map_or(10_000, |percent| (percent * 100.0).round() as u32)
    }
}
