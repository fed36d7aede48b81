//! The loop that drives a run, against small ports in memory.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod ports;

use std::sync::Arc;

use lockgate_engine::drive::load;
use lockgate_engine::run::RunState;
use lockgate_engine::{Begin, Control, DriveError, Observer};
use lockgate_model::event::RunEvent;
use lockgate_model::evidence::Ruling;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, RunId};
use lockgate_model::outcome::{Conclusion, Failure, Limit, Outcome, RefusalCode};
use lockgate_model::time::Timestamp;
use lockgate_ports::LogError;
use lockgate_ports::cancel::StopReason;
use ports::{Ports, plan, verdict};

fn run_id() -> RunId {
    RunId::new(1, 1)
}

/// Drives a run of two steps, the first of which ends like this.
fn first_ends(outcome: &Outcome) -> (Ports, Conclusion) {
    let ports = Ports::answering(outcome.clone());
    let ended = ports.drive(Begin::New { plan: Arc::new(plan(2)), tree: ports::tree() }).unwrap();
    (ports, ended.conclusion.unwrap())
}

#[test]
fn every_outcome_has_its_conclusion() {
    let failure =
        Failure { code: "no-mood".to_owned(), message: "no".to_owned(), help: None, at: Vec::new(), retryable: false };
    let text = || "because".to_owned();
    let cases = [
        (verdict(Ruling::Pass), Conclusion::Passed),
        (verdict(Ruling::Warn), Conclusion::Warned),
        (verdict(Ruling::Fail), Conclusion::Failed),
        (verdict(Ruling::Inconclusive), Conclusion::Failed),
        (Outcome::Failed(failure), Conclusion::Failed),
        (Outcome::Trapped { message: text() }, Conclusion::Failed),
        (Outcome::Limited { limit: Limit::Time, message: text() }, Conclusion::TimedOut),
        (Outcome::Limited { limit: Limit::Memory, message: text() }, Conclusion::Failed),
        (Outcome::Refused { code: RefusalCode::ForeignImport, message: text() }, Conclusion::Failed),
        (Outcome::Faulted { message: text() }, Conclusion::Faulted),
    ];
    for (outcome, conclusion) in cases {
        assert_eq!(first_ends(&outcome).1, conclusion, "{outcome:?}");
    }
}

#[test]
fn only_faults_are_tried_again() {
    let (faulted, _) = first_ends(&Outcome::Faulted { message: "the host stumbled".to_owned() });
    assert_eq!(faulted.calls(), 3, "the step's three tries, and none of the step behind it");
    let (trapped, _) = first_ends(&Outcome::Trapped { message: "unreachable".to_owned() });
    assert_eq!(trapped.calls(), 1);
}

#[test]
fn observers_see_what_is_on_disk_in_its_order() {
    let (ports, _) = first_ends(&verdict(Ruling::Pass));
    let log = ports.events();
    assert_eq!(ports.seen(), log);
    assert!(matches!(log.first(), Some(RunEvent::RunStarted { .. })));
    assert!(matches!(log.last(), Some(RunEvent::RunFinished { conclusion: Conclusion::Passed })));
}

/// An observer that breaks at the first thing it is told.
struct Broken;

impl Observer for Broken {
    fn event(&self, _: Timestamp, _: &RunEvent, _: &RunState) {
        panic!("nothing to see");
    }

    fn call(&self, _: &AttemptId, _: &HostCall) {}

    fn started(&self, _: &AttemptId) {
        panic!("nothing to see");
    }
}

#[test]
fn an_observer_that_breaks_breaks_nothing_else() {
    let ports = Ports::answering(verdict(Ruling::Pass)).watched_by(Arc::new(Broken));
    let ended = ports.drive(Begin::New { plan: Arc::new(plan(2)), tree: ports::tree() }).unwrap();
    assert_eq!((ended.conclusion, ports.calls()), (Some(Conclusion::Passed), 2));
}

#[test]
fn a_plugin_that_panics_the_host_is_a_fault_of_one_step() {
    let ports = Ports::panicking();
    let ended = ports.drive(Begin::New { plan: Arc::new(plan(1)), tree: ports::tree() }).unwrap();
    assert_eq!(ended.conclusion, Some(Conclusion::Faulted));
    let message = ended.jobs[0].steps[0].result.as_ref().unwrap().message.clone();
    assert!(message.contains("panicked: out of luck"), "{message}");
}

#[test]
fn a_log_that_cannot_be_written_ends_the_run_and_keeps_what_it_has() {
    for error in [
        LogError::Full { path: "state.db".to_owned() },
        LogError::Fenced { stream: run_id().stream(), ours: 1, current: 2 },
    ] {
        let ports = Ports::answering(verdict(Ruling::Pass));
        // The first append, up to the start of the attempt, goes through; the one with the attempt's end does not.
        ports.fail_append(2, error.clone());
        let failed = ports.drive(Begin::New { plan: Arc::new(ports::outward_plan()), tree: ports::tree() });
        assert!(matches!(failed, Err(DriveError::Log(found)) if found == error));
        let (state, seq) = load(&ports, &ports, &run_id()).unwrap();
        assert!(seq > 0 && state.conclusion.is_none(), "what was committed can be read");
    }
}

#[test]
fn a_fenced_host_stops_what_it_has_under_way() {
    let ports = Ports::waiting_for_stop();
    let fenced = LogError::Fenced { stream: run_id().stream(), ours: 1, current: 2 };
    ports.fail_receive_after(1, fenced.clone());
    let failed = ports.drive(Begin::New { plan: Arc::new(plan(1)), tree: ports::tree() });
    assert!(matches!(failed, Err(DriveError::Log(found)) if found == fenced));
    assert_eq!(ports.stopped_by(), Some(StopReason::Abandoned));
}

#[test]
fn a_run_is_cancelled_from_inside_and_from_outside() {
    let inside = Ports::waiting_for_stop();
    let control = Control::default();
    control.cancel("enough");
    let begin = || Begin::New { plan: Arc::new(plan(1)), tree: ports::tree() };
    assert_eq!(inside.drive_with(begin(), &control).unwrap().conclusion, Some(Conclusion::Cancelled));
    let outside = Ports::waiting_for_stop();
    lockgate_engine::drive::cancel(&outside, &run_id(), Timestamp(1), "enough").unwrap();
    let ended = outside.drive(begin()).unwrap();
    assert_eq!((ended.conclusion, ended.cancel.as_deref()), (Some(Conclusion::Cancelled), Some("enough")));
}

#[test]
fn a_run_that_has_ended_is_read_back_and_can_be_opened_again() {
    let (ports, _) = first_ends(&verdict(Ruling::Fail));
    let resumed = ports.drive(Begin::Resume).unwrap();
    assert_eq!((resumed.conclusion, ports.calls()), (Some(Conclusion::Failed), 1));
    ports.answer(verdict(Ruling::Pass));
    let retried = ports.drive(Begin::Retry { reason: "mended".to_owned() }).unwrap();
    assert_eq!((retried.conclusion, ports.calls()), (Some(Conclusion::Passed), 3));
    assert_eq!(retried.jobs[0].steps[0].attempts, 2);
}

#[test]
fn a_run_that_nobody_knows_cannot_be_resumed() {
    let ports = Ports::answering(verdict(Ruling::Pass));
    assert!(matches!(ports.drive(Begin::Resume), Err(DriveError::Unknown(_))));
}

/// One line for each type of event, as version 1 of the format writes it. The file is never changed, only added to.
#[test]
fn a_log_of_version_1_is_read_for_ever() {
    let lines = include_str!("../data/events-v1.jsonl").lines();
    let events: Vec<RunEvent> = lines
        .map(|line| {
            lockgate_engine::run::wire::decode(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"))
        })
        .collect();
    let again: Vec<String> = events
        .iter()
        .map(|event| String::from_utf8(lockgate_engine::run::wire::encode(event).unwrap()).unwrap())
        .collect();
    let written: Vec<serde_json::Value> =
        include_str!("../data/events-v1.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rewritten: Vec<serde_json::Value> = again.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rewritten, written);
    let types: std::collections::BTreeSet<&str> = written.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(types.len(), 14, "every type of event is there");
}
