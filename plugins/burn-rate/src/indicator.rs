//! How much was bad in a span of time, by counters or by an expression that says it.

use lockgate_sdk::{Answer, Duration, Query, Sample, Series};

/// Samples asked for in a span: enough to see a counter start again, few enough for three days.
const SAMPLES_PER_SPAN: u64 = 60;
const STEP_MS_MIN: u64 = 1_000;

/// How to tell good from bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Indicator {
    /// An expression for the ratio of bad events, with `$window`.
    Ratio(String),
    /// Counters of good and of all events.
    Good { good: String, total: String },
    /// Counters of bad and of all events.
    Bad { bad: String, total: String },
}

impl Indicator {
    /// What must be known of a span.
    pub(crate) fn queries(&self, span: Duration) -> Vec<Query> {
        match self {
            Self::Ratio(expression) => vec![Query {
                id: id("ratio", span),
                expression: expression.replace("$window", &span.to_string()),
                window_ms: 0,
                step_ms: 0,
            }],
            Self::Good { good, total } => vec![counter("good", good, span), counter("total", total, span)],
            Self::Bad { bad, total } => vec![counter("bad", bad, span), counter("total", total, span)],
        }
    }

    /// The ratio of bad events in a span, from 0 to 1; none where it is not known. Without any event nothing was bad.
    pub(crate) fn error_ratio(&self, span: Duration, answers: &[Answer]) -> Option<f64> {
        let ratio = match self {
            Self::Ratio(_) => newest(series(answers, &id("ratio", span))?)?,
            Self::Good { .. } => {
                1.0 - part(increase_of(answers, "good", span)?, increase_of(answers, "total", span)?, 1.0)
            }
            Self::Bad { .. } => part(increase_of(answers, "bad", span)?, increase_of(answers, "total", span)?, 0.0),
        };
        ratio.is_finite().then(|| ratio.clamp(0.0, 1.0))
    }
}

fn id(what: &str, span: Duration) -> String {
    format!("{what}-{span}")
}

fn counter(what: &str, expression: &str, span: Duration) -> Query {
    let step_ms = (span.as_ms() / SAMPLES_PER_SPAN).max(STEP_MS_MIN);
    Query { id: id(what, span), expression: expression.to_owned(), window_ms: span.as_ms(), step_ms }
}

fn part(some: f64, all: f64, without_events: f64) -> f64 {
    if all > 0.0 { some / all } else { without_events }
}

fn series<'a>(answers: &'a [Answer], id: &str) -> Option<&'a [Series]> {
    answers.iter().find(|answer| answer.id == id)?.outcome.as_deref().ok()
}

/// The worst of the newest samples; an objective with several series is as good as its worst one.
fn newest(series: &[Series]) -> Option<f64> {
    let values = series.iter().filter_map(|one| one.samples.last()).map(|sample| sample.value);
    values.filter(|value| value.is_finite()).reduce(f64::max)
}

fn increase_of(answers: &[Answer], what: &str, span: Duration) -> Option<f64> {
    let series = series(answers, &id(what, span))?;
    series.iter().filter_map(|one| increase(&one.samples)).reduce(|all, one| all + one)
}

/// How much a counter grew; none for fewer than two samples. A fall is a counter that began again at 0.
fn increase(samples: &[Sample]) -> Option<f64> {
    let values: Vec<f64> = samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).collect();
    let grown = |pair: &[f64]| if pair[1] >= pair[0] { pair[1] - pair[0] } else { pair[1] };
    (values.len() > 1).then(|| values.windows(2).map(grown).sum())
}

#[cfg(test)]
mod tests {
    use lockgate_sdk::Sample;

    use super::increase;

    fn check(values: &[f64], expected: Option<f64>) {
        let samples: Vec<_> = values.iter().map(|value| Sample { at: 0, value: *value }).collect();
        assert_eq!(increase(&samples), expected, "{values:?}");
    }

    #[test]
    fn counters_grow_and_begin_again() {
        check(&[10.0, 15.0, 30.0], Some(20.0));
        check(&[10.0, 15.0, 3.0, 4.0], Some(9.0));
        check(&[10.0, f64::NAN, 12.0], Some(2.0));
        check(&[7.0, 7.0], Some(0.0));
        check(&[7.0], None);
        check(&[], None);
    }
}
