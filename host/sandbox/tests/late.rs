//! What a call puts off: nothing of it reaches outside before its gate opens, and its workspace is filled when it first
//! looks into it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use common::{FETCHED, Memory, SENT, tree_of, workspace, world};
use lockgate_model::Json;
use lockgate_model::call::{Answer, Call};
use lockgate_model::ids::Digest;
use lockgate_model::outcome::Outcome;
use lockgate_model::tree::TreeRef;
use lockgate_ports::cancel::StopReason;
use lockgate_ports::sandbox::WorkspaceAccess;
use lockgate_ports::tools::Changes;
use lockgate_ports::{Cancel, Gate, Invocation, Sandbox as _, WorkspaceError, WorkspaceFolder};
use serde_json::json;

const URL: &str = "https://api.example/";
/// Long enough for a call that does not wait.
const A_WHILE: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(60);

fn errand(tasks: &Json, folder: WorkspaceAccess) -> Invocation {
    let call = Call::BuildStep { config: json!({ "tasks": tasks }), evidence: Vec::new() };
    let mut invocation = world().invocation("errand", call);
    invocation.workspace = Some(folder);
    invocation.grants.secrets = vec!["token".to_owned()];
    invocation.grants.http = vec!["api.example".parse().unwrap()];
    invocation
}

/// What each task was answered.
fn answers(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Answered(Answer::Product(product)) => product.outputs.iter().map(|(_, value)| value.clone()).collect(),
        other => panic!("no product but {other:?}"),
    }
}

/// Calls with a closed gate beside `meanwhile`, which gets the gate, the flag that cancels, and the way to the outcome.
fn at_a_closed_gate(tasks: &Json, meanwhile: impl FnOnce(&Gate, &Cancel, &mpsc::Receiver<Outcome>)) {
    let folder = tempfile::tempdir().unwrap();
    let (gate, cancel) = (Gate::closed(Box::new(|| ())), Cancel::default());
    let invocation = Invocation { gate: gate.clone(), ..errand(tasks, workspace(folder.path())) };
    std::thread::scope(|scope| {
        let (ended, end) = mpsc::channel();
        let cancel = &cancel;
        scope.spawn(move || {
            let returned = world().sandbox.call(invocation, cancel, Arc::new(Memory::default()));
            ended.send(returned.outcome)
        });
        meanwhile(&gate, cancel, &end);
        // Whatever became of the test, nobody is left waiting.
        cancel.raise(StopReason::Cancelled);
    });
}

/// One test, for it counts what all calls of this process do.
#[test]
fn nothing_reaches_outside_before_the_gate_opens() {
    at_a_closed_gate(&json!([{ "get": URL }]), |gate, _, end| {
        assert!(end.recv_timeout(A_WHILE).is_err());
        assert_eq!(SENT.load(Ordering::SeqCst), 0);
        gate.let_through();
        assert_eq!(answers(&end.recv_timeout(PATIENCE).unwrap()).len(), 1);
        assert_eq!(SENT.load(Ordering::SeqCst), 1);
    });
    at_a_closed_gate(&json!([{ "get-with": { "url": URL, "secret": "token" } }]), |gate, _, end| {
        assert!(end.recv_timeout(A_WHILE).is_err());
        assert_eq!((SENT.load(Ordering::SeqCst), FETCHED.load(Ordering::SeqCst)), (1, 0));
        gate.let_through();
        end.recv_timeout(PATIENCE).unwrap();
        assert_eq!(FETCHED.load(Ordering::SeqCst), 1);
    });
    for task in [json!({ "get": URL }), json!({ "get-with": { "url": URL, "secret": "token" } })] {
        at_a_closed_gate(&json!([task]), |_, cancel, end| {
            let before = (SENT.load(Ordering::SeqCst), FETCHED.load(Ordering::SeqCst));
            cancel.raise(StopReason::Abandoned);
            assert_eq!(end.recv_timeout(PATIENCE).unwrap(), Outcome::Cancelled, "{task}");
            assert_eq!((SENT.load(Ordering::SeqCst), FETCHED.load(Ordering::SeqCst)), before, "{task}");
        });
    }
}

#[test]
fn what_reaches_nothing_outside_passes_a_closed_gate() {
    let tasks =
        json!([{ "time": {} }, { "random": {} }, { "say": "hello" }, { "write": { "path": "a", "text": "b" } }]);
    at_a_closed_gate(&tasks, |_, _, end| assert_eq!(answers(&end.recv_timeout(PATIENCE).unwrap()).len(), 4));
}

/// A folder that says whether it was filled, beside one that always is.
#[derive(Debug)]
struct Late {
    path: PathBuf,
    tree: Digest,
    is_filled: AtomicBool,
}

impl Late {
    fn new(folder: &Path) -> Arc<Self> {
        std::fs::write(folder.join("there"), "text").unwrap();
        Arc::new(Self { path: folder.to_owned(), tree: tree_of(folder), is_filled: AtomicBool::new(false) })
    }
}

impl WorkspaceFolder for Late {
    fn path(&self) -> &Path {
        &self.path
    }

    fn tree(&self) -> Option<TreeRef> {
        let tree = TreeRef { root: self.tree, times: self.tree };
        Some(tree).filter(|_| !self.is_filled.load(Ordering::SeqCst))
    }

    fn fill(&self) -> Result<(), WorkspaceError> {
        self.is_filled.store(true, Ordering::SeqCst);
        Ok(())
    }

    fn change_tree(&self, _: &Changes) -> Result<bool, WorkspaceError> {
        Ok(false)
    }
}

/// The answer of one task, and whether the workspace had to be filled for it.
fn check(task: &Json, expected: &str, is_filled: bool) {
    let folder = tempfile::tempdir().unwrap();
    let late = Late::new(folder.path());
    let access = WorkspaceAccess { folder: late.clone(), ..workspace(folder.path()) };
    let (returned, recorder) = world().invoke(errand(&json!([task]), access));
    let (full, _) = world().invoke(errand(&json!([task]), workspace(folder.path())));
    assert_eq!(answers(&returned.outcome), [expected], "{task}");
    assert_eq!(late.is_filled.load(Ordering::SeqCst), is_filled, "{task}");
    assert!(recorder.count() > 0, "it is written down");
    if !is_filled {
        assert_eq!(returned.outcome, full.outcome, "a filled folder answers the same");
    }
}

#[test]
fn a_workspace_is_filled_when_it_is_looked_into() {
    check(&json!({ "say": "hello" }), "hello", false);
    check(&json!({ "read": "absent" }), "error: entity not found", false);
    check(&json!({ "read": "there" }), "text", true);
    check(&json!({ "write": { "path": "new", "text": "x" } }), "written", true);
}
