//! Every host function that is linked has a record or a sum in the journal, is held against a grant where it reaches
//! anything, and counts against the limit on calls.
//!
//! What is linked is asked of the linker itself, with a component for every function of the contract and of WASI.
//! `linked/coverage.rs` says what becomes of each; the guest `everything` calls each, and its own count is held against the
//! journal.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;
#[path = "linked/coverage.rs"]
mod coverage;
#[path = "linked/wit.rs"]
mod wit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use common::{Memory, workspace, world};
use coverage::{Cover, covered, name_in_journal};
use lockgate_model::call::{Answer, Call};
use lockgate_model::grant::Grants;
use lockgate_model::host_call::{CallBody, HostCall, LogSource, Permission};
use lockgate_model::outcome::Outcome;
use serde_json::json;

/// Every function that the linker has, as `INTERFACE FUNCTION`.
static LINKED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let is_linked = |probe: &wit::Probe| world().sandbox.links(&probe.component).is_ok();
    let probes = wit::probes().into_iter().filter(is_linked);
    probes.map(|probe| format!("{} {}", probe.interface, probe.function)).collect()
});

#[test]
fn every_linked_function_is_in_the_table_and_no_other() {
    assert!(LINKED.len() > 100, "the linker was asked wrongly: {LINKED:?}");
    let table: BTreeSet<String> = covered().map(|(function, _)| function).collect();
    assert_eq!(table.len(), covered().count(), "a function stands in the table twice");
    let unknown: Vec<_> = LINKED.difference(&table).collect();
    assert!(unknown.is_empty(), "linked, and nobody says what becomes of a call: {unknown:#?}");
    let gone: Vec<_> = table.difference(&LINKED).collect();
    assert!(gone.is_empty(), "in the table, and not linked: {gone:#?}");
}

/// A call of the guest, what it counted itself and what the journal has.
struct Called {
    counted: BTreeMap<String, u64>,
    said: BTreeMap<String, String>,
    calls: Vec<HostCall>,
    lines: u64,
}

fn invoke(end: &str, grants: Grants) -> (Outcome, Arc<Memory>) {
    let folder = tempfile::tempdir().unwrap();
    let call = Call::BuildStep { config: json!({ "end": end }), evidence: Vec::new() };
    let mut invocation = world().invocation("everything", call);
    invocation.workspace = Some(workspace(folder.path()));
    invocation.grants = grants;
    let (returned, recorder) = world().invoke(invocation);
    (returned.outcome, recorder)
}

fn call(grants: Grants) -> Called {
    let (outcome, recorder) = invoke("", grants);
    let Outcome::Answered(Answer::Product(product)) = outcome else { panic!("{outcome:?}") };
    let (mut counted, mut said) = (BTreeMap::new(), BTreeMap::new());
    for (name, value) in product.outputs {
        match name.strip_prefix("said ") {
            Some(name) => drop(said.insert(name.to_owned(), value)),
            None => drop(counted.insert(name, value.parse().unwrap())),
        }
    }
    assert!(recorder.count() < 1_000, "the recorder has forgotten some");
    let lines = recorder.lines(LogSource::Log).len() as u64;
    Called { counted, said, calls: recorder.calls(), lines }
}

fn everything() -> Grants {
    let (exec, http) = ("say".parse().unwrap(), "api.example".parse().unwrap());
    let secrets = vec!["token".to_owned()];
    Grants { exec: vec![exec], http: vec![http], secrets, clock: true, random: true, ..Grants::default() }
}

static NOTHING_GRANTED: LazyLock<Called> = LazyLock::new(|| call(Grants::default()));
static ALL_GRANTED: LazyLock<Called> = LazyLock::new(|| call(everything()));

impl Called {
    /// The permissions of a function's records.
    fn permissions(&self, interface: &str, function: &str) -> Vec<&Permission> {
        let is_it = |call: &&HostCall| matches!(&call.body, CallBody::Function(call) if call.interface == interface && call.function == function);
        self.calls.iter().filter(is_it).map(|call| &call.permission).collect()
    }

    /// The sum of the calls that only touched the guest's own things, by name.
    fn sums(&self) -> BTreeMap<String, u64> {
        let sum = |call: &HostCall| match &call.body {
            CallBody::Function(call) if call.function == "(own)" => {
                Some((call.interface.to_string(), call.arguments["calls"].as_u64().unwrap()))
            }
            _ => None,
        };
        self.calls.iter().filter_map(sum).collect()
    }

    fn denied(&self, interface: &str, function: &str) -> bool {
        let permissions = self.permissions(interface, function);
        !permissions.is_empty() && permissions.iter().all(|permission| matches!(permission, Permission::Denied(_)))
    }
}

#[test]
fn every_function_that_can_be_called_is_called() {
    let ends = ["wasi:cli/exit exit", "wasi:cli/exit exit-with-code"];
    let is_reachable = |(_, cover): &(String, Cover)| !matches!(cover, Cover::Unreachable(_));
    let reachable = covered().filter(is_reachable).map(|(function, _)| function);
    let is_called = |function: &String| ends.contains(&function.as_str()) || ALL_GRANTED.counted.contains_key(function);
    let missed: Vec<_> = reachable.filter(|function| !is_called(function)).collect();
    assert!(missed.is_empty(), "the guest does not call: {missed:#?}");
}

/// What the guest has counted is what the journal says, call by call and in sum: so the limit on calls, which counts
/// what the journal does, counts all of them.
fn check_counts(called: &Called) {
    let table: BTreeMap<String, Cover> = covered().collect();
    let (mut sums, mut records) = (BTreeMap::new(), BTreeMap::new());
    let (mut lines, mut progress, mut sent) = (0, 0, 0);
    let mut add = |name: &str, calls: u64| *sums.entry(name.to_owned()).or_default() += calls;
    for (function, calls) in &called.counted {
        match table[function] {
            Cover::Line => lines += calls,
            Cover::Progress => progress += calls,
            Cover::Own(name) => add(name, *calls),
            Cover::Journalled(interface) => drop(records.insert((interface, name_in_journal(function)), *calls)),
            Cover::Sent(name) => {
                sent += calls;
                add(name, *calls);
            }
            Cover::Unreachable(_) => panic!("{function} was called"),
        }
    }
    assert_eq!(called.sums(), sums, "sums of calls that reach nothing");
    for ((interface, function), calls) in &records {
        let found = called.permissions(interface, function).len() as u64;
        assert_eq!(found, *calls, "records of {interface}.{function}");
    }
    let found = |is_it: fn(&CallBody) -> bool| called.calls.iter().filter(|call| is_it(&call.body)).count() as u64;
    assert_eq!((called.lines, found(|body| matches!(body, CallBody::Progress { .. }))), (lines, progress));
    assert_eq!(called.permissions("http", "send").len() as u64, sent);
    let all = records.values().sum::<u64>() + sums.len() as u64 + sent;
    assert_eq!(found(|body| matches!(body, CallBody::Function(_))), all, "the journal has calls that nobody made");
}

#[test]
fn every_call_is_in_the_journal_and_counted() {
    check_counts(&NOTHING_GRANTED);
    check_counts(&ALL_GRANTED);
}

#[test]
fn an_end_is_in_the_journal() {
    for end in ["exit", "exit-with-code"] {
        let (outcome, recorder) = invoke(end, Grants::default());
        assert_eq!(outcome.name(), "trapped", "{outcome:?}");
        let is_it = |call: &HostCall| matches!(&call.body, CallBody::Function(call) if call.interface == "wasi:cli/exit" && call.function == end);
        assert_eq!(recorder.calls().iter().filter(|call| is_it(call)).count(), 1, "{end}");
    }
}

#[test]
fn what_takes_what_nobody_has_cannot_be_called() {
    for (function, cover) in covered() {
        let Cover::Unreachable(giver) = cover else { continue };
        let (interface, name) = giver.split_once(' ').unwrap();
        let gives_none = interface.starts_with("wasi:cli/terminal-");
        for called in [&*NOTHING_GRANTED, &*ALL_GRANTED] {
            let is_shut = match gives_none {
                true => called.said["terminals"] == "[false, false, false]",
                false => !LINKED.contains(giver) || called.denied(interface, name),
            };
            assert!(is_shut, "{giver} gives out what {function} takes");
        }
    }
}

fn check_said(called: &Called, name: &str, expected: &str) {
    let said = &called.said[name];
    assert!(said.contains(expected), "{name}: `{expected}` is not in {said}");
}

#[test]
fn without_grants_the_world_is_denied_or_made_up() {
    let called = &*NOTHING_GRANTED;
    check_said(called, "exec", "grant `exec: [say hello]` is missing");
    check_said(called, "secrets", "grant `secrets: [token]` is missing");
    check_said(called, "http", "HttpRequestDenied");
    check_said(called, "artifacts", "ArtifactError::Missing");
    check_said(called, "wall-clock", "946684800");
    check_said(called, "environment", "OF_STEP");
    assert_eq!(called.said["sockets"].matches("access-denied").count(), 3, "{}", called.said["sockets"]);
    assert_eq!(called.said["random"], call(Grants::default()).said["random"]);
    for (interface, function) in [
        ("exec", "run"),
        ("secrets", "placeholder"),
        ("http", "send"),
        ("wasi:sockets/tcp-create-socket", "create-tcp-socket"),
        ("wasi:sockets/udp-create-socket", "create-udp-socket"),
        ("wasi:sockets/ip-name-lookup", "resolve-addresses"),
    ] {
        assert!(called.denied(interface, function), "{interface}.{function}");
    }
    let granted = called.calls.iter().find(|call| matches!(call.permission, Permission::Granted(_)));
    assert!(granted.is_none(), "nothing was granted: {granted:?}");
}

#[test]
fn what_is_granted_is_granted_by_name() {
    let called = &*ALL_GRANTED;
    for (interface, function, grant) in [
        ("exec", "run", "exec: [say]"),
        ("secrets", "placeholder", "secrets: [token]"),
        ("http", "send", "http: [api.example]"),
        ("wasi:clocks/wall-clock", "now", "clock"),
        ("wasi:clocks/monotonic-clock", "now", "clock"),
        ("wasi:random/random", "get-random-bytes", "random"),
        ("wasi:random/insecure-seed", "insecure-seed", "random"),
    ] {
        let permissions = called.permissions(interface, function);
        let expected = Permission::Granted(grant.to_owned().into());
        assert!(!permissions.is_empty() && permissions.iter().all(|found| **found == expected), "{permissions:?}");
    }
    assert_ne!(called.said["random"], NOTHING_GRANTED.said["random"]);
    assert_eq!(called.said["sockets"].matches("access-denied").count(), 3, "no grant opens a socket");
}
