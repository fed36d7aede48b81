//! Questions to the metrics source, and what its answers say.

use lockgate_sdk::{Answer, Query, Series};

use crate::config::{Check, Config};

/// What one measurement says; a later word outweighs an earlier one.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(crate) enum Measured {
    /// Every check is good.
    Good,
    /// A check has no data, or no number.
    Nothing(String),
    /// The metrics source could not answer.
    Error(String),
    /// A check is bad.
    Bad(String),
}

impl Measured {
    fn gravity(&self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Nothing(_) => 1,
            Self::Error(_) => 2,
            Self::Bad(_) => 3,
        }
    }
}

/// One query for each check, for the newest sample.
pub(crate) fn queries(config: &Config) -> Vec<Query> {
    let query = |(index, check): (usize, &Check)| Query {
        id: id(index),
        expression: check.query.clone(),
        window_ms: 0,
        step_ms: 0,
    };
    config.fail_when.iter().enumerate().map(query).collect()
}

fn id(index: usize) -> String {
    format!("fail-when-{index}")
}

/// The gravest word of all checks. An answer that is missing is an error of the metrics source.
pub(crate) fn judge(config: &Config, answers: &[Answer]) -> Measured {
    let each = config.fail_when.iter().enumerate().map(|(index, check)| {
        let answer = answers.iter().find(|answer| answer.id == id(index));
        match answer.map(|answer| &answer.outcome) {
            None => Measured::Error(format!("`{}` was not answered", check.query)),
            Some(Err(why)) => Measured::Error(format!("`{}`: {why}", check.query)),
            Some(Ok(series)) => judge_series(check, series),
        }
    });
    each.fold(Measured::Good, |worst, one| if one.gravity() > worst.gravity() { one } else { worst })
}

fn judge_series(check: &Check, series: &[Series]) -> Measured {
    let newest: Vec<f64> = series.iter().filter_map(|one| one.samples.last()).map(|sample| sample.value).collect();
    if newest.is_empty() {
        return Measured::Nothing(format!("`{}` has no data", check.query));
    }
    let is_above = |value: &f64| check.above.is_some_and(|bound| *value > bound);
    let is_below = |value: &f64| check.below.is_some_and(|bound| *value < bound);
    if let Some(value) = newest.iter().find(|value| is_above(value)) {
        return Measured::Bad(format!("`{}` is {value}, above {}", check.query, check.above.unwrap_or(*value)));
    }
    if let Some(value) = newest.iter().find(|value| is_below(value)) {
        return Measured::Bad(format!("`{}` is {value}, below {}", check.query, check.below.unwrap_or(*value)));
    }
    if newest.iter().any(|value| value.is_nan()) {
        return Measured::Nothing(format!("`{}` is not a number", check.query));
    }
    Measured::Good
}
