//! The table of series: what was counted, and how things are.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of a test may stop it and say why")]

use lockgate_plugin_burn_rate::{BurnRate, State};
use lockgate_sdk::testing::call;
use lockgate_sdk::{AlertInput, Answer, Condition, Evaluation, Query, Sample, Series, Severity};

const COUNTERS: &str = r#"{"slo": 99.9, "total": "all", "bad": "errors", "for": "2m", "keep-firing": "5m"}"#;
const RATIO: &str =
    r#"{"slo": 99, "error-ratio": "err[$window]", "windows": [{"long": "1h", "short": "5m", "burn-rate": 10}]}"#;
const T0: u64 = 1_700_000_000_000;
const MINUTE: u64 = 60_000;

fn queries(config: &str) -> Vec<Query> {
    call::queries::<BurnRate>(config).unwrap()
}

/// A counter that grows by `rate(minutes ago)` each minute, as the metrics source would answer a query of it.
fn counter(query: &Query, rate: impl Fn(u64) -> f64) -> Answer {
    let minutes = query.window_ms / MINUTE;
    let mut value = 1000.0;
    let samples = (0..=minutes).rev().map(|ago| {
        value += rate(ago);
        Sample { at: T0 - ago * MINUTE, value }
    });
    let series = Series { name: query.expression.clone(), labels: vec![], samples: samples.collect() };
    Answer { id: query.id.clone(), outcome: Ok(vec![series]) }
}

/// 1000 events a minute, of which `errors(minutes ago)` are bad.
fn world(errors: impl Fn(u64) -> f64) -> Vec<Answer> {
    let answer = |query: &Query| counter(query, |ago| if query.expression == "all" { 1000.0 } else { errors(ago) });
    queries(COUNTERS).iter().map(answer).collect()
}

fn evaluate(config: &str, answers: Vec<Answer>, state: Option<State>, now: u64) -> Evaluation<State> {
    let state = state.map(|state| serde_json::to_string(&state).unwrap());
    let answer = call::evaluate::<BurnRate>(config, AlertInput { state, now, answers }).unwrap();
    let state = serde_json::from_str(&answer.state).unwrap();
    Evaluation {
        condition: answer.condition,
        severity: answer.severity,
        summary: answer.summary,
        value: answer.value,
        state,
        labels: answer.labels,
    }
}

/// One row: errors a minute, and what is said when it has been so for the time of `for`.
fn check(name: &str, errors: impl Fn(u64) -> f64, condition: Condition, severity: Severity) -> Evaluation<State> {
    let state = State { last_now: T0 - 2 * MINUTE, burning: true, ..State::default() };
    let evaluation = evaluate(COUNTERS, world(errors), Some(state), T0);
    assert_eq!((evaluation.condition, evaluation.severity), (condition, severity), "{name}: {}", evaluation.summary);
    evaluation
}

#[test]
fn each_pair_of_windows_has_its_rate() {
    use Condition::{Firing, Ok};
    check("all is well", |_| 0.0, Ok, Severity::Info);
    check("exactly the budget", |_| 1.0, Ok, Severity::Info);
    check("a little above it", |_| 1.1, Firing, Severity::Medium);
    check("six times", |_| 6.1, Firing, Severity::High);
    check("fourteen times", |_| 15.0, Firing, Severity::Critical);
    check("an outage of three minutes", |ago| if ago < 3 { 1000.0 } else { 0.0 }, Firing, Severity::Critical);
    check("one that is over", |ago| if (10..15).contains(&ago) { 900.0 } else { 0.0 }, Firing, Severity::High);
    check("one that is long over", |ago| if (370..380).contains(&ago) { 900.0 } else { 0.0 }, Ok, Severity::Info);
    check("one bad minute that matters little", |ago| if ago == 1 { 30.0 } else { 0.0 }, Ok, Severity::Info);
}

#[test]
fn what_is_said_names_the_numbers() {
    let evaluation = check("an outage", |_| 20.0, Condition::Firing, Severity::Critical);
    assert_eq!(
        evaluation.summary,
        "the error budget of 99.9% burns too fast: 20.0x over 1h, 20.0x over 5m, at most 14.4x"
    );
    assert!((evaluation.value.unwrap() - 20.0).abs() < 1e-6);
    assert_eq!(evaluation.labels[1], ("long-window".to_owned(), "1h".to_owned()));
}

/// Follows one alert: (minutes since, errors a minute) and the condition at each.
fn follow(config: &str, course: &[(u64, f64, Condition)]) {
    let mut state = None;
    for (minute, errors, condition) in course {
        let evaluation = evaluate(config, world(|_| *errors), state, T0 + minute * MINUTE);
        assert_eq!(evaluation.condition, *condition, "minute {minute}: {}", evaluation.summary);
        state = Some(evaluation.state);
    }
}

#[test]
fn an_alert_waits_and_holds_on() {
    use Condition::{Firing, Ok, Pending};
    follow(COUNTERS, &[(0, 0.0, Ok), (1, 50.0, Pending), (2, 50.0, Pending), (3, 50.0, Firing), (4, 0.0, Firing)]);
    follow(COUNTERS, &[(0, 50.0, Pending), (1, 0.0, Ok), (2, 50.0, Pending), (3, 50.0, Pending), (4, 50.0, Firing)]);
    let over = [(0, 50.0, Pending), (2, 50.0, Firing), (3, 0.0, Firing), (7, 0.0, Firing), (8, 0.0, Ok)];
    follow(COUNTERS, &over);
    let again = [(0, 50.0, Pending), (2, 50.0, Firing), (3, 0.0, Firing), (7, 50.0, Firing), (11, 0.0, Firing)];
    follow(COUNTERS, &again);
}

#[test]
fn a_clock_that_is_set_back_delays_and_does_no_more() {
    use Condition::{Firing, Pending};
    follow(COUNTERS, &[(60, 50.0, Pending), (0, 50.0, Pending), (1, 50.0, Pending), (2, 50.0, Firing)]);
}

#[test]
fn absent_data_neither_fires_nor_ends_an_alert() {
    let firing = State { last_now: T0, burning: true, firing: true, window: Some(0), ..State::default() };
    for (name, answers) in [
        ("no answer", vec![]),
        ("no series", queries(COUNTERS).iter().map(|q| Answer { id: q.id.clone(), outcome: Ok(vec![]) }).collect()),
        (
            "an error",
            queries(COUNTERS).iter().map(|q| Answer { id: q.id.clone(), outcome: Err("down".into()) }).collect(),
        ),
        (
            "one sample",
            queries(COUNTERS).iter().map(|q| counter(&Query { window_ms: 0, ..q.clone() }, |_| 1.0)).collect(),
        ),
    ] {
        let evaluation = evaluate(COUNTERS, answers, Some(firing.clone()), T0 + 60 * MINUTE);
        assert_eq!(evaluation.condition, Condition::Inconclusive, "{name}");
        assert_eq!(evaluation.state, State { last_now: T0 + 60 * MINUTE, ..firing.clone() }, "{name}");
    }
}

#[test]
fn what_is_known_may_be_enough() {
    let without = |id: &str, errors: f64| {
        let answers = world(|_| errors).into_iter().filter(|answer| !answer.id.ends_with(id)).collect();
        evaluate(COUNTERS, answers, None, T0).condition
    };
    assert_eq!(without("-3d", 0.0), Condition::Ok, "the short window alone says no");
    assert_eq!(without("-3d", 50.0), Condition::Pending, "another pair says yes");
    assert_eq!(without("-3d", 3.0), Condition::Inconclusive, "nothing else says anything");
}

#[test]
fn no_event_burns_nothing() {
    let answers = queries(COUNTERS).iter().map(|query| counter(query, |_| 0.0)).collect();
    assert_eq!(evaluate(COUNTERS, answers, None, T0).condition, Condition::Ok);
    let good = r#"{"slo": 99.9, "total": "all", "good": "fine"}"#;
    let answers = |fine: f64| {
        let rate = |query: &Query| if query.expression == "all" { 100.0 } else { fine };
        queries(good).iter().map(|query| counter(query, |_| rate(query))).collect()
    };
    assert_eq!(evaluate(good, answers(100.0), None, T0).condition, Condition::Ok);
    assert_eq!(evaluate(good, answers(90.0), None, T0).condition, Condition::Firing);
}

#[test]
fn a_ratio_is_asked_for_by_window() {
    let asked = queries(RATIO);
    let expressions: Vec<_> = asked.iter().map(|query| query.expression.as_str()).collect();
    assert_eq!(expressions, ["err[5m]", "err[1h]"]);
    let with = |values: &[f64]| {
        let sample = |value: &f64| vec![Sample { at: T0, value: *value }];
        let series = values.iter().map(|value| Series { name: "err".into(), labels: vec![], samples: sample(value) });
        let series: Vec<_> = series.collect();
        let answers = asked.iter().map(|query| Answer { id: query.id.clone(), outcome: Ok(series.clone()) });
        evaluate(RATIO, answers.collect(), None, T0).condition
    };
    assert_eq!(with(&[0.05]), Condition::Ok);
    assert_eq!(with(&[0.01, 0.2]), Condition::Firing, "the worst series decides");
    assert_eq!(with(&[f64::NAN]), Condition::Inconclusive);
}

fn check_refused(config: &str, words: &str) {
    let failure = call::queries::<BurnRate>(config).unwrap_err();
    assert_eq!(failure.code, "bad-config");
    assert!(failure.message.contains(words), "{}", failure.message);
}

#[test]
fn mistakes_in_the_configuration_are_failures() {
    check_refused(r#"{"slo": 100, "total": "a", "bad": "b"}"#, "`slo` must lie");
    check_refused(r#"{"slo": 99, "total": "a"}"#, "give either");
    check_refused(r#"{"slo": 99, "total": "a", "bad": "b", "good": "c"}"#, "give either");
    check_refused(r#"{"slo": 99, "error-ratio": "x"}"#, "needs `$window`");
    let windows = |window: &str| format!(r#"{{"slo": 99, "total": "a", "bad": "b", "windows": [{window}]}}"#);
    check_refused(&windows(""), "each of `windows`");
    check_refused(&windows(r#"{"long": "5m", "short": "1h", "burn-rate": 1}"#), "each of `windows`");
    check_refused(&windows(r#"{"long": "1h", "short": "5m", "burn-rate": 0}"#), "each of `windows`");
    check_refused(&windows(r#"{"long": "1h", "short": 5, "burn-rate": 1}"#), "configuration `windows[0].short`");
}
