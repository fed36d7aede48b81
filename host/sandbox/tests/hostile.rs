//! Guests that mean harm, or are broken: each has its own named outcome, and nobody beside it suffers.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::thread;

use common::{Memory, World, gate, reasons, world};
use lockgate_model::call::Call;
use lockgate_model::host_call::{LogSource, Permission};
use lockgate_model::limits::{HOST_CALL_BYTES_MAX, HOST_CALLS_MAX, LOG_BYTES_MAX, LOG_LINE_BYTES_MAX};
use lockgate_model::outcome::{Limit, Outcome, Returned};
use lockgate_ports::cancel::StopReason;
use lockgate_ports::{Blobs as _, Cancel, Sandbox as _};
use serde_json::json;

fn check(guest: &str, call: Call, expected: Limit) -> Arc<Memory> {
    let (returned, recorder) = world().call(guest, call);
    assert!(matches!(&returned.outcome, Outcome::Limited { limit, .. } if *limit == expected), "{guest}: {returned:?}");
    recorder
}

fn check_time(guest: &str) {
    let mut invocation = world().invocation(guest, gate(json!({})));
    invocation.time_ms = 200;
    let (returned, _) = world().invoke(invocation);
    assert!(matches!(returned.outcome, Outcome::Limited { limit: Limit::Time, .. }), "{guest}: {returned:?}");
}

#[test]
fn an_endless_loop_runs_into_the_time_limit() {
    check_time("spin");
}

#[test]
fn a_loop_of_cheap_host_calls_runs_into_their_number() {
    let recorder = check("chatter", gate(json!({})), Limit::HostCalls);
    // The host's own look into the cache comes before them; what only touches the guest's handles is a sum at the end.
    assert_eq!(recorder.count() as u64 - recorder.sums() - 1, HOST_CALLS_MAX);
}

#[test]
fn memory_without_end_runs_into_the_memory_limit() {
    check("hoard", gate(json!({})), Limit::Memory);
}

#[test]
fn handles_without_end_run_into_the_handle_limit() {
    check("handles", gate(json!({})), Limit::Handles);
}

#[test]
fn recursion_without_end_runs_into_the_stack_limit() {
    check("recursion", gate(json!({})), Limit::Stack);
}

#[test]
fn a_flood_of_lines_runs_into_the_log_limit() {
    let recorder = check("flood", gate(json!({ "endless": false })), Limit::Log);
    assert_eq!(recorder.lines(LogSource::Host).len(), 1);
    assert!(recorder.lines(LogSource::Host)[0].contains("cut"));
    assert!((recorder.count() as u64 - recorder.sums()) * 840 <= LOG_BYTES_MAX + 2 * 840);
}

#[test]
fn a_line_without_end_runs_into_the_log_limit_and_is_cut() {
    let recorder = check("flood", gate(json!({ "endless": true })), Limit::Log);
    let lines = recorder.lines(LogSource::Stdout);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].len() < LOG_LINE_BYTES_MAX + 20 && lines[0].ends_with("[line cut]"));
}

#[test]
fn a_huge_message_runs_into_the_limit_of_one_host_call() {
    let flood = |piece_bytes: usize| gate(json!({ "endless": false, "piece-bytes": piece_bytes }));
    check("flood", flood(HOST_CALL_BYTES_MAX), Limit::Log);
    check("flood", flood(HOST_CALL_BYTES_MAX + 1), Limit::HostCallBytes);
}

#[test]
fn an_answer_that_is_too_long_runs_into_the_product_limit() {
    let report = |cases: usize, name_bytes: usize| {
        let config = json!({ "cases": cases, "name-bytes": name_bytes });
        Call::TestReporter { config, path: "report.xml".to_owned(), content: Vec::new() }
    };
    check("verbose", report(20_000, 1_000), Limit::Product);
    check("verbose", report(1_000_000, 4), Limit::Product);
    let (returned, _) = world().call("verbose", report(10_000, 1_000));
    assert_eq!(returned.outcome.name(), "answered");
}

#[test]
fn a_panic_is_a_trap_and_its_message_is_in_the_log() {
    let (returned, recorder) = world().call("panics", gate(json!({})));
    let Outcome::Trapped { message } = &returned.outcome else { panic!("{returned:?}") };
    assert!(message.contains("unreachable") && message.contains("\n  at "), "{message}");
    assert!(recorder.lines(LogSource::Stderr).iter().any(|line| line.contains("I give up")));
}

#[test]
fn an_exit_is_a_trap() {
    let (returned, _) = world().call("panics", gate(json!({ "exits": true })));
    let Outcome::Trapped { message } = &returned.outcome else { panic!("{returned:?}") };
    assert!(message.contains("it exited with code"), "{message}");
}

#[test]
fn a_failure_is_the_plugins_own() {
    let (returned, _) = world().call("neighbour", gate(json!({ "fails": true })));
    let Outcome::Failed(failure) = &returned.outcome else { panic!("{returned:?}") };
    assert_eq!((failure.code.as_str(), failure.help.as_deref()), ("no-mood", Some("ask again")));
}

#[test]
fn a_configuration_that_is_none_is_a_failure() {
    let (returned, _) = world().call("neighbour", gate(json!({ "unknown": 1 })));
    assert_eq!(returned.outcome.name(), "failed", "{returned:?}");
}

fn cancelled(guest: &'static str, cancel: &Cancel) -> Returned {
    let world = world();
    world.sandbox.call(world.invocation(guest, gate(json!({}))), cancel, Arc::new(Memory::default()))
}

#[test]
fn a_loop_can_be_cancelled() {
    let cancel = Cancel::default();
    thread::scope(|scope| {
        let call = scope.spawn(|| cancelled("spin", &cancel));
        cancel.raise(StopReason::Cancelled);
        assert_eq!(call.join().unwrap().outcome, Outcome::Cancelled);
    });
}

#[test]
fn a_neighbour_of_a_loop_gets_through() {
    let world = World::new(1, world().compiled_folder.clone());
    let cancel = Cancel::default();
    thread::scope(|scope| {
        let looping = scope.spawn(|| {
            let invocation = world.invocation("spin", gate(json!({})));
            world.sandbox.call(invocation, &cancel, Arc::new(Memory::default()))
        });
        for number in 0..5 {
            let (returned, _) = world.call("peek", gate(json!({ "salt": number })));
            assert_eq!(returned.outcome.name(), "answered", "{returned:?}");
        }
        assert!(!looping.is_finished());
        cancel.raise(StopReason::Cancelled);
        assert_eq!(looping.join().unwrap().outcome, Outcome::Cancelled);
    });
}

#[test]
fn a_well_behaved_guest_answers() {
    let (returned, recorder) = world().call("neighbour", gate(json!({})));
    assert_eq!(reasons(&returned), ["all is well"]);
    assert_eq!(recorder.lines(LogSource::Log), ["judging 0 pieces of evidence"]);
}

/// A rule whose core module is written by hand: its table grows until the host says no, then it traps.
const GROWING_TABLE: &str = r#"
    (module
        (memory (export "memory") 1)
        (table $table 1 funcref)
        (func (export "lockgate:plugin/alert-rule@0.1.0#queries") (param i32 i32) (result i32)
            (loop $grow
                (br_if $grow (i32.ne (i32.const -1) (table.grow $table (ref.null func) (i32.const 1000)))))
            unreachable)
        (func (export "lockgate:plugin/alert-rule@0.1.0#evaluate")
            (param i32 i32 i32 i32 i32 i64 i32 i32) (result i32) unreachable)
        (func (export "lockgate:plugin/about@0.1.0#describe") (result i32) unreachable)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
"#;

/// A component of a core module in text, against the contract as it stands.
fn component(module: &str, world: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/plugin.wit");
    let (package, _) = resolve.push_path(contract).expect("the contract");
    let world = resolve.select_world(&[package], Some(world)).expect("a world of the contract");
    let mut module = wat::parse_str(module).expect("a module");
    let utf8 = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, utf8, false).expect("its types");
    wit_component::ComponentEncoder::default().module(&module).expect("a module").encode().expect("a component")
}

#[test]
fn a_table_without_end_runs_into_the_table_limit() {
    let mut invocation = world().invocation("neighbour", Call::AlertQueries { config: json!({}) });
    invocation.component = world().blobs.put(&component(GROWING_TABLE, "alert-rule-plugin")).expect("kept");
    let (returned, _) = world().invoke(invocation);
    assert!(matches!(returned.outcome, Outcome::Limited { limit: Limit::Table, .. }), "{returned:?}");
}

/// A build step that may know the time, and sleeps for an hour of it.
fn sleep(world: &World, time_ms: u64, cancel: &Cancel) -> (Outcome, Arc<Memory>) {
    let call = Call::BuildStep { config: json!({}), evidence: Vec::new() };
    let mut invocation = world.invocation("sleeper", call);
    invocation.grants.clock = true;
    invocation.time_ms = time_ms;
    let recorder = Arc::new(Memory::default());
    (world.sandbox.call(invocation, cancel, recorder.clone()).outcome, recorder)
}

#[test]
fn a_long_sleep_runs_into_the_time_limit() {
    let (outcome, recorder) = sleep(world(), 200, &Cancel::default());
    assert!(matches!(outcome, Outcome::Limited { limit: Limit::Time, .. }), "{outcome:?}");
    assert!(recorder.calls().iter().any(|call| call.permission == Permission::Granted("clock".into())));
}

#[test]
fn a_long_sleep_can_be_cancelled_and_does_not_hold_the_processor() {
    let world = World::new(1, world().compiled_folder.clone());
    let cancel = Cancel::default();
    thread::scope(|scope| {
        let sleeping = scope.spawn(|| sleep(&world, 3_600_000, &cancel));
        assert_eq!(reasons(&world.call("neighbour", gate(json!({}))).0), ["all is well"]);
        cancel.raise(StopReason::Cancelled);
        assert_eq!(sleeping.join().expect("no panic").0, Outcome::Cancelled);
    });
}
