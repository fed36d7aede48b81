//! An alert rule that gives back what it was given.

use lockgate_sdk::{About, AlertInput, AlertRule, Condition, Evaluation, Failure, Query, Severity, schemars};

/// Nothing can be set.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Guest;

impl AlertRule for Guest {
    type Config = Config;
    type State = String;

    fn about() -> About {
        About::new("rule", "0.1.0", "Gives back what it was given.")
    }

    fn queries(_: Config) -> Result<Vec<Query>, Failure> {
        Ok(vec![Query { id: "q".to_owned(), expression: "up".to_owned(), window_ms: 60_000, step_ms: 1_000 }])
    }

    /// The last sample; the answers that failed, in the summary; the state, made longer.
    fn evaluate(_: Config, input: AlertInput<String>) -> Result<Evaluation<String>, Failure> {
        let errors: Vec<&String> = input.answers.iter().filter_map(|answer| answer.outcome.as_ref().err()).collect();
        let summary = format!("{} {errors:?}", input.now);
        let series = input.answers.iter().flat_map(|answer| answer.outcome.iter().flatten());
        let last = series.flat_map(|one| &one.samples).last().map_or(f64::NAN, |sample| sample.value);
        let evaluation = Evaluation::new(Condition::Firing, Severity::Critical, summary, input.state + "x");
        Ok(evaluation.value(last).label("from", "rule"))
    }
}

lockgate_sdk::export!(alert_rule: Guest);
