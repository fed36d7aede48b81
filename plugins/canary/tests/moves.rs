//! The table of moves: what is known, and what to do next.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of a test may stop it and say why")]

use lockgate_plugin_canary::{Canary, State};
use lockgate_sdk::testing::call;
use lockgate_sdk::{Action, Answer, Decision, Health, Rollout, Sample, Series, Share};

const CONFIG: &str = r#"{"steps": [5, 50], "bake": "10m", "interval": "5m", "ready-timeout": "10m",
    "failure-limit": 1, "consecutive-error-limit": 1, "inconclusive-limit": 1, "approve-before-promote": true,
    "fail-when": [{"query": "errors", "above": 0.01}]}"#;
const T0: u64 = 1_700_000_000_000;
const MINUTE: u64 = 60_000;

fn shares(stable: u32, new: u32) -> Vec<Share> {
    vec![Share { revision: "old".into(), weight: stable }, Share { revision: "new".into(), weight: new }]
}

fn health(ready: u32) -> Vec<Health> {
    vec![Health { revision: "new".into(), ready, wanted: 2, message: None }]
}

fn answer(values: &[f64]) -> Vec<Answer> {
    let sample = |value: &f64| Sample { at: T0, value: *value };
    let one = |value| Series { name: "errors".into(), labels: vec![], samples: vec![sample(value)] };
    vec![Answer { id: "fail-when-0".into(), outcome: Ok(values.iter().map(one).collect()) }]
}

fn error() -> Vec<Answer> {
    vec![Answer { id: "fail-when-0".into(), outcome: Err("connection refused".into()) }]
}

/// A rollout of `new` over `old` at the first step, five minutes into its bake, with one good measurement.
fn baking() -> Rollout<State> {
    let state = State {
        last_now: T0,
        baked_ms: 5 * MINUTE,
        shifts: 1,
        measured_at_ms: Some(5 * MINUTE),
        passed_at_ms: Some(0),
        ..State::default()
    };
    Rollout {
        state,
        stable: Some("old".into()),
        candidate: "new".into(),
        started_at: T0 - 5 * MINUTE,
        now: T0,
        shares: shares(9_500, 500),
        health: health(2),
        ..Rollout::default()
    }
}

fn next(rollout: Rollout<State>) -> Decision<State> {
    let state = serde_json::to_string(&rollout.state).unwrap();
    let decision = call::next::<Canary>(CONFIG, rollout.with_state(Some(state))).unwrap();
    if let Action::Shift(shares) = &decision.action {
        assert_eq!(shares.iter().map(|share| share.weight).sum::<u32>(), 10_000);
    }
    Decision { action: decision.action, state: serde_json::from_str(&decision.state).unwrap(), note: decision.note }
}

/// A move in a word and its number.
fn word(action: &Action) -> String {
    match action {
        Action::Shift(shares) => format!("shift {}", shares.last().unwrap().weight),
        Action::Wait(time) => format!("wait {time}"),
        Action::Measure(queries) => format!("measure {}", queries[0].expression),
        Action::Approve(what) => format!("approve {what}"),
        Action::Promote => "promote".to_owned(),
        Action::Rollback(why) => format!("rollback {why}"),
    }
}

/// One row: how the rollout differs from `baking`, and the move.
fn check(name: &str, change: impl Fn(&mut Rollout<State>), expected: &str) {
    let mut rollout = baking();
    change(&mut rollout);
    assert_eq!(word(&next(rollout).action), expected, "{name}");
}

#[test]
fn a_step_begins() {
    let fresh = |rollout: &mut Rollout<State>| {
        rollout.state = State::default();
        rollout.shares = shares(10_000, 0);
    };
    check("at first it gets its traffic", fresh, "shift 500");
    check("it is asked for again when nothing moved", |r| r.shares = shares(10_000, 0), "shift 500");
    check(
        "but not for ever",
        |r| {
            r.shares = shares(10_000, 0);
            r.state.shifts = 5;
        },
        "rollback the target did not move the traffic in 5 attempts",
    );
    check(
        "it is measured at once",
        |r| r.state = State { shifts: 1, last_now: T0, ..State::default() },
        "measure errors",
    );
}

#[test]
fn a_candidate_must_be_ready() {
    check("no health yet", |r| r.health.clear(), "wait 5s");
    check("half of it", |r| r.health = health(1), "wait 5s");
    check(
        "none, with traffic",
        |r| r.health = health(0),
        "rollback no instance of the candidate is ready, and it has traffic",
    );
    check(
        "none, before any traffic",
        |r| {
            r.state = State::default();
            r.shares = shares(10_000, 0);
            r.health = health(0);
        },
        "wait 5s",
    );
    check(
        "for too long",
        |r| {
            r.health = health(1);
            r.state.unready_ms = 9 * MINUTE;
            r.now = T0 + MINUTE;
        },
        "rollback the candidate was not ready within 10m",
    );
    check("ready again: the bake goes on", |r| r.state.unready_ms = 9 * MINUTE, "wait 5m");
}

#[test]
fn measurements_decide() {
    check("good", |r| r.answers = answer(&[0.001]), "wait 5m");
    check("the bound itself is good", |r| r.answers = answer(&[0.01]), "wait 5m");
    check("bad once is within the limit", |r| r.answers = answer(&[0.02]), "wait 5m");
    check(
        "bad twice is not",
        |r| {
            r.answers = answer(&[0.001, 0.02]);
            r.state.failures = 1;
        },
        "rollback `errors` is 0.02, above 0.01",
    );
    check("an error is within the limit", |r| r.answers = error(), "wait 5m");
    check(
        "a second one in a row is not",
        |r| {
            r.answers = error();
            r.state.consecutive_errors = 1;
        },
        "rollback 2 measurements in a row failed: `errors`: connection refused",
    );
    check("no data is within the limit", |r| r.answers = answer(&[]), "wait 5m");
    check(
        "NaN beyond the limit asks a person",
        |r| {
            r.answers = answer(&[f64::NAN]);
            r.state.inconclusive = 1;
        },
        "approve go on with new at 5% although metrics say nothing",
    );
    check(
        "bad beside NaN is bad",
        |r| {
            r.answers = answer(&[f64::NAN, 0.5]);
            r.state.failures = 1;
        },
        "rollback `errors` is 0.5, above 0.01",
    );
    check(
        "an answer to another question is an error",
        |r| {
            r.answers = answer(&[0.0]);
            r.answers[0].id = "other".into();
            r.state.consecutive_errors = 1;
        },
        "rollback 2 measurements in a row failed: `errors` was not answered",
    );
}

#[test]
fn counts_are_kept_and_forgotten() {
    let mut rollout = baking();
    rollout.state.consecutive_errors = 1;
    rollout.answers = answer(&[0.0]);
    assert_eq!(next(rollout).state.consecutive_errors, 0);
    let mut rollout = baking();
    rollout.answers = answer(&[0.5]);
    assert_eq!(next(rollout).state.failures, 1);
}

#[test]
fn a_step_ends_with_a_good_measurement() {
    let baked = |r: &mut Rollout<State>| r.now = T0 + 5 * MINUTE;
    check("one more look at the end", baked, "measure errors");
    let measured = |r: &mut Rollout<State>| {
        r.state.baked_ms = 10 * MINUTE;
        r.state.measured_at_ms = Some(10 * MINUTE);
    };
    check("good: the next step", |r| (measured(r), r.answers = answer(&[0.0])).1, "shift 5000");
    check("no data at the end is no pass", |r| (measured(r), r.answers = answer(&[])).1, "wait 5m");
    check(
        "an approval stands in for data",
        |r| {
            measured(r);
            r.state.inconclusive = 2;
            r.approvals = vec!["go on with new at 5% although metrics say nothing".into()];
        },
        "shift 5000",
    );
}

#[test]
fn the_last_step_is_approved_and_promoted() {
    let last = |r: &mut Rollout<State>| {
        let at = Some(10 * MINUTE);
        r.state = State { step: 1, baked_ms: 10 * MINUTE, measured_at_ms: at, passed_at_ms: at, ..r.state.clone() };
        r.shares = shares(5_000, 5_000);
    };
    check("somebody must approve", last, "approve promote new");
    check("somebody did", |r| (last(r), r.approvals = vec!["promote new".into()]).1, "promote");
    check("of another one", |r| (last(r), r.approvals = vec!["promote old".into()]).1, "approve promote new");
}

#[test]
fn clocks_and_restarts() {
    check("set back: nothing passed", |r| r.now = T0 - 60 * MINUTE, "wait 5m");
    check("a host that was down: the traffic was there", |r| r.now = T0 + 60 * MINUTE, "measure errors");
    let mut rollout = baking();
    rollout.now = T0 - 60 * MINUTE;
    let decision = next(rollout.clone());
    rollout.state = decision.state;
    rollout.now += MINUTE;
    assert_eq!(word(&next(rollout).action), "wait 4m", "time goes on from where the clock was set back to");
    check(
        "killed after the answer was asked for: it is asked again",
        |r| {
            r.state.measured_at_ms = Some(0);
        },
        "measure errors",
    );
}

#[test]
fn releases_without_a_comparison() {
    let first = |r: &mut Rollout<State>| {
        r.stable = None;
        r.state = State::default();
        r.shares.clear();
    };
    check("the first one takes all", first, "shift 10000");
    check("when it is ready", |r| (first(r), r.health = health(1)).1, "wait 5s");
    check(
        "and stays",
        |r| {
            first(r);
            r.shares = vec![Share { revision: "new".into(), weight: 10_000 }];
        },
        "promote",
    );
    check("the same revision again", |r| r.stable = Some("new".into()), "promote");
}

#[test]
fn a_whole_rollout_ends_in_promotion() {
    let mut rollout = baking();
    rollout.state = State::default();
    rollout.shares = shares(10_000, 0);
    let mut moves = Vec::new();
    while moves.len() < 40 {
        let decision = next(rollout.clone());
        moves.push(word(&decision.action).split(' ').next().unwrap().to_owned());
        rollout.answers = Vec::new();
        rollout.now += 100;
        match decision.action {
            Action::Shift(shares) => rollout.shares = shares,
            Action::Wait(time) => rollout.now += time.as_ms(),
            Action::Measure(_) => rollout.answers = answer(&[0.001]),
            Action::Approve(what) => rollout.approvals.push(what),
            Action::Promote | Action::Rollback(_) => break,
        }
        rollout.state = decision.state;
    }
    let step = "shift measure wait measure wait measure";
    assert_eq!(moves.join(" "), format!("{step} {step} approve promote"));
}

fn check_refused(config: &str, words: &str) {
    let failure = call::next::<Canary>(config, baking().with_state(None)).unwrap_err();
    assert_eq!(failure.code, "bad-config");
    assert!(failure.message.contains(words), "{}", failure.message);
}

#[test]
fn mistakes_in_the_configuration_are_failures() {
    check_refused(r#"{"steps": [], "bake": "1m"}"#, "`steps` must rise");
    check_refused(r#"{"steps": [50, 5], "bake": "1m"}"#, "`steps` must rise");
    check_refused(r#"{"steps": [5, 101], "bake": "1m"}"#, "`steps` must rise");
    check_refused(r#"{"steps": [0.001], "bake": "1m"}"#, "`steps` must rise");
    check_refused(r#"{"steps": [5], "bake": "1m", "interval": "0s"}"#, "`interval`");
    check_refused(r#"{"steps": [5], "bake": "1m", "fail-when": [{"query": "x"}]}"#, "needs `above` or `below`");
    check_refused(r#"{"steps": [5], "bake": "soon"}"#, "configuration `bake`: `soon` is not a duration");
    check_refused(r#"{"steps": [5], "bake": "1m", "steppes": 1}"#, "unknown field `steppes`");
}
