//! What guests of each kind are given and give back: nothing is lost or mixed up between the model and the contract.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use common::world;
use lockgate_model::call::{Answer, Call};
use lockgate_model::delivery::{
    Action, AlertInput, Answer as Series, AnswerOutcome, Condition, Decision, Health, Query, Rollout, Sample, Share,
};
use lockgate_model::evidence::Severity;
use lockgate_model::outcome::Outcome;
use lockgate_model::time::Timestamp;
use serde_json::json;

fn answer(guest: &str, call: Call) -> Answer {
    match world().call(guest, call).0.outcome {
        Outcome::Answered(answer) => answer,
        other => panic!("{guest}: {other:?}"),
    }
}

fn share(revision: &str, weight: u32) -> Share {
    Share { revision: revision.to_owned(), weight }
}

fn answers() -> Vec<Series> {
    let samples = [(1, 0.5), (2, 0.25)].map(|(at, value)| Sample { at: Timestamp(at), value }).to_vec();
    let series = lockgate_model::delivery::Series { name: "up".to_owned(), labels: Vec::new(), samples };
    vec![
        Series { id: "good".to_owned(), outcome: AnswerOutcome::Ok(vec![series]) },
        Series { id: "bad".to_owned(), outcome: AnswerOutcome::Err("no such metric".to_owned()) },
    ]
}

#[test]
fn a_strategy_sees_its_rollout() {
    let rollout = Rollout {
        state: Some(json!(41)),
        stable: Some("one".to_owned()),
        candidate: "two".to_owned(),
        started_at: Timestamp(10),
        now: Timestamp(20),
        shares: vec![share("one", 9_000), share("two", 1_000)],
        health: vec![Health { revision: "two".to_owned(), ready: 2, wanted: 3, message: None }],
        answers: answers(),
        approvals: vec!["go".to_owned()],
    };
    let expected = Decision {
        action: Action::Shift(vec![share("two", 1_000), share("one", 9_000)]),
        state: json!(42),
        note: r#"Some("one") two 20 Some((2, 3)) 2 ["go"]"#.to_owned(),
    };
    assert_eq!(answer("strategy", Call::DeployStrategy { config: json!({}), rollout }), Answer::Decision(expected));
}

#[test]
fn an_alert_rule_asks_and_judges() {
    let query = Query { id: "q".to_owned(), expression: "up".to_owned(), window_ms: 60_000, step_ms: 1_000 };
    assert_eq!(answer("rule", Call::AlertQueries { config: json!({}) }), Answer::Queries(vec![query]));
    let input = AlertInput { state: Some(json!("x")), now: Timestamp(5), answers: answers() };
    let Answer::Evaluation(evaluation) = answer("rule", Call::AlertEvaluate { config: json!({}), input }) else {
        panic!("an evaluation");
    };
    assert_eq!((evaluation.condition, evaluation.severity), (Condition::Firing, Severity::Critical));
    assert_eq!((evaluation.summary.as_str(), evaluation.value), (r#"5 ["no such metric"]"#, Some(0.25)));
    assert_eq!((evaluation.state, evaluation.labels.len()), (json!("xx"), 1));
}
