//! An alert rule: fires when the newest sample is too high.

use lockgate_sdk::{About, AlertInput, AlertRule, Condition, Evaluation, Failure, Query, Severity, schemars};

/// The rule's configuration.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// What to look at.
    query: String,
    /// From where on it is too high.
    above: f64,
}

struct TooHigh;

impl AlertRule for TooHigh {
    type Config = Config;
    type State = ();

    fn about() -> About {
        About::new("too-high", "0.1.0", "Fires when a number is too high.")
    }
    fn queries(config: Config) -> Result<Vec<Query>, Failure> {
        Ok(vec![Query { id: "now".into(), expression: config.query, window_ms: 0, step_ms: 0 }])
    }
    fn evaluate(config: Config, input: AlertInput<()>) -> Result<Evaluation<()>, Failure> {
        let series = input.answers.iter().filter_map(|answer| answer.outcome.as_ref().ok()).flatten();
        let highest = series.filter_map(|one| one.samples.last()).map(|sample| sample.value).reduce(f64::max);
        let condition = match highest {
            None => Condition::Inconclusive,
            Some(value) if value > config.above => Condition::Firing,
            Some(_) => Condition::Ok,
        };
        Ok(Evaluation::new(condition, Severity::High, format!("{highest:?}"), ()))
    }
}

lockgate_sdk::export!(alert_rule: TooHigh);
