//! What guests can reach: pure ones nothing, scanners their workspace to read, build steps their workspace and what is
//! granted.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::fs;
use std::os::unix::fs::symlink;

use common::{Memory, gate, reasons, workspace, world};
use lockgate_model::Json;
use lockgate_model::call::{Answer, Call};
use lockgate_model::host_call::{CallBody, HostCall, LogSource, Permission};
use lockgate_model::outcome::{Limit, Outcome};
use lockgate_ports::Blobs as _;
use serde_json::json;

fn found(salt: u32) -> Vec<String> {
    reasons(&world().call("peek", gate(json!({ "salt": salt }))).0)
}

#[test]
fn a_pure_guest_finds_nothing() {
    let found = found(1);
    let expected = [
        "streams: true",
        "environment: 0",
        "arguments: 0",
        "file: nothing",
        "root: nothing",
        "workspace: nothing",
        "here: nothing",
        "tcp: nothing",
        "clock: 946684860",
        "slept: 60",
    ];
    assert_eq!(found[..expected.len()], expected);
}

#[test]
fn its_random_numbers_depend_on_its_input_alone() {
    let number = |salt| {
        let mut invocation = world().invocation("peek", gate(json!({ "salt": salt })));
        invocation.idempotency_key = "another".to_owned();
        world().cache.0.lock().unwrap().clear();
        reasons(&world().invoke(invocation).0).pop()
    };
    assert_eq!(number(2), number(2));
    assert_ne!(number(2), number(3));
}

#[test]
fn its_streams_are_lines_of_the_log() {
    let (_, recorder) = world().call("peek", gate(json!({ "salt": 4 })));
    assert_eq!(recorder.lines(LogSource::Stdout), ["to standard output"]);
    assert_eq!(recorder.lines(LogSource::Stderr), ["to standard error"]);
}

#[test]
fn every_question_is_in_the_journal() {
    let (_, recorder) = world().call("peek", gate(json!({ "salt": 5 })));
    let asked: Vec<String> = recorder.calls().into_iter().filter_map(|call| asked(call.body)).collect();
    for question in
        ["wasi:clocks/wall-clock now", "wasi:clocks/monotonic-clock now", "wasi:cli/environment get-environment"]
    {
        assert!(asked.iter().any(|asked| asked == question), "{question} in {asked:?}");
    }
    assert!(asked.iter().any(|asked| asked.starts_with("wasi:random/")), "{asked:?}");
}

fn asked(body: CallBody) -> Option<String> {
    match body {
        CallBody::Function(call) => Some(format!("{} {}", call.interface, call.function)),
        _ => None,
    }
}

/// The path that was opened and what came of it.
fn opened(body: CallBody) -> Option<Json> {
    match body {
        CallBody::Function(call) if call.function == "open-at" => Some(json!([call.arguments["path"], call.result])),
        _ => None,
    }
}

#[test]
fn a_scanner_reads_its_workspace_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "text").unwrap();
    let call = Call::Scanner { config: json!({}), files: vec!["file".to_owned(), "../file".to_owned()] };
    let mut invocation = world().invocation("reader", call);
    invocation.workspace = Some(workspace(folder.path()));
    let (returned, recorder) = world().invoke(invocation);
    let Outcome::Answered(Answer::Scan(report)) = &returned.outcome else { panic!("{returned:?}") };
    let opened: Vec<Json> = recorder.calls().into_iter().filter_map(|call| opened(call.body)).collect();
    assert!(opened.contains(&json!(["file", "ok"])), "{opened:?}");
    assert!(opened.iter().any(|opened| opened[0] == "../file" && opened[1] != "ok"), "{opened:?}");
    let findings: Vec<_> =
        report.findings.iter().map(|finding| (finding.rule.as_str(), finding.message.as_str())).collect();
    assert_eq!(findings, [("read", "text")]);
    assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "text");
}

#[test]
fn a_build_step_cannot_leave_its_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("workspace");
    fs::create_dir(&inside).unwrap();
    fs::write(folder.path().join("outside"), "outside").unwrap();
    symlink("../outside", inside.join("link")).unwrap();
    symlink(folder.path().join("outside"), inside.join("absolute")).unwrap();
    symlink("..", inside.join("up")).unwrap();
    let escapes = [
        "../outside",
        "/workspace/../outside",
        "/workspace/link",
        "/workspace/absolute",
        "/workspace/up/outside",
        "/workspace/sub/../../outside",
        "/etc/passwd",
    ];
    let outputs = tried(&inside, &escapes);
    // Fetching replaces a link of the workspace itself by a file; what it pointed to stays as it was.
    let expected = ["fetch /workspace/link", "fetch /workspace/absolute"];
    assert_eq!(outputs, expected);
    assert_eq!(fs::read_to_string(folder.path().join("outside")).unwrap(), "outside");
}

#[test]
fn a_pipe_in_the_workspace_blocks_nobody() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let folder = tempfile::tempdir().unwrap();
    mkfifoat(CWD, folder.path().join("pipe"), Mode::RWXU).unwrap();
    // Fetching replaces the pipe by a file, as it does with a link.
    assert_eq!(tried(folder.path(), &["/workspace/pipe"]), ["fetch /workspace/pipe"]);
}

#[test]
fn a_build_step_works_in_its_workspace() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "text").unwrap();
    let outputs = tried(folder.path(), &["/workspace/file", "/workspace/new"]);
    let (old, new) = ("/workspace/file", "/workspace/new");
    let all = [format!("read {old}"), format!("publish {old}"), format!("write {old}"), format!("fetch {old}")];
    assert_eq!(outputs, [&all[..], &[format!("write {new}"), format!("fetch {new}")]].concat());
    assert_eq!(fs::read_to_string(folder.path().join("new")).unwrap(), "loot");
}

fn tried(workspace_path: &std::path::Path, paths: &[&str]) -> Vec<String> {
    let digest = world().blobs.put(b"loot").unwrap();
    let config = json!({ "paths": paths, "digest": digest });
    let mut invocation = world().invocation("escape", Call::BuildStep { config, evidence: Vec::new() });
    invocation.workspace = Some(workspace(workspace_path));
    let (returned, _) = world().invoke(invocation);
    match &returned.outcome {
        Outcome::Answered(Answer::Product(product)) => product.outputs.iter().map(|(name, _)| name.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

/// Runs the command of `config` with `say`, `wait`, `flood` and `break` granted.
fn run(config: Json) -> (Outcome, std::sync::Arc<Memory>) {
    run_granted(config, &["say", "wait", "flood", "break"])
}

/// Runs the command of `config` with these rules.
fn run_granted(config: Json, rules: &[&str]) -> (Outcome, std::sync::Arc<Memory>) {
    let folder = tempfile::tempdir().unwrap();
    let mut invocation = world().invocation("runner", Call::BuildStep { config, evidence: Vec::new() });
    invocation.workspace = Some(workspace(folder.path()));
    invocation.grants.exec = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    let (returned, recorder) = world().invoke(invocation);
    (returned.outcome, recorder)
}

fn output(outcome: &Outcome, name: &str) -> String {
    match outcome {
        Outcome::Answered(Answer::Product(product)) => {
            product.outputs.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone()).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_granted_tool_runs_and_its_output_is_in_the_log() {
    let (outcome, recorder) = run(json!({ "argv": ["say", "hello"] }));
    let ended = output(&outcome, "ended");
    assert!(ended.contains(r#"hello {"FROM": "plugin", "OF_STEP": "value"}"#), "{ended}");
    assert_eq!(recorder.lines(LogSource::ToolStdout), ["first line", "second"]);
    assert_eq!(recorder.lines(LogSource::ToolStderr), ["a warning"]);
    assert!(recorder.calls().iter().any(|call| call.permission == Permission::Granted("exec: [say]".into())));
}

#[test]
fn a_build_step_knows_its_attempt_and_its_environment() {
    let (outcome, _) = run(json!({ "argv": ["say"] }));
    let known = ["attempt", "key", "variable", "secret"].map(|name| output(&outcome, name));
    assert_eq!(known, ["1", "key", "value", "denied"]);
}

#[test]
fn what_is_not_granted_is_denied_and_the_missing_grant_is_named() {
    let (outcome, recorder) = run(json!({ "argv": ["rm", "-rf", "/"] }));
    assert_eq!(
        output(&outcome, "ended"),
        "denied: grant `exec: [rm -rf /]` is missing; it would stand under the step's `grants`, pipeline.yaml:7"
    );
    assert!(recorder.calls().iter().any(|call| call.permission == Permission::Denied("exec: [rm -rf /]".into())));
    let (outcome, _) = run(json!({ "argv": ["say"], "secret-env": ["TOKEN", "token"] }));
    assert_eq!(
        output(&outcome, "ended"),
        "denied: grant `expose: [token]` is missing; it would stand under the step's `grants`, pipeline.yaml:7"
    );
}

/// The journal has every word of a command, so there are not too many of them.
#[test]
fn a_command_has_a_limit() {
    for (bytes, is_taken) in [(1024 * 1024 - 100, true), (1024 * 1024, false)] {
        let (outcome, recorder) = run(json!({ "argv": ["say", "x".repeat(bytes)] }));
        let is_limited = matches!(outcome, Outcome::Limited { limit: Limit::HostCallBytes, .. });
        assert_eq!(is_limited, !is_taken, "{bytes} bytes: {outcome:.200?}");
        let is_command = |call: &HostCall| call.function().is_some_and(|call| call.interface == "exec");
        assert_eq!(recorder.calls().iter().any(is_command), is_taken, "{bytes} bytes");
    }
}

#[test]
fn a_path_that_no_kernel_takes_is_not_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({ "tasks": [{ "read": "folder/".repeat(2_000) }] });
    let mut invocation = world().invocation("errand", Call::BuildStep { config, evidence: Vec::new() });
    invocation.workspace = Some(workspace(folder.path()));
    let (returned, recorder) = world().invoke(invocation);
    assert!(output(&returned.outcome, "task-0").starts_with("error: "), "{:?}", returned.outcome);
    assert!(format!("{:?}", recorder.calls()).len() < 8 * 1024);
}

/// What no grant would mend is no missing grant, and is not suggested as one.
fn check_contradiction(config: Json, rules: &[&str], expected: Option<&str>) {
    let (outcome, recorder) = run_granted(config, rules);
    let ended = output(&outcome, "ended");
    assert_eq!(ended.strip_prefix("denied: ").is_some(), expected.is_some(), "{ended}");
    assert!(ended.contains(expected.unwrap_or_default()) && !ended.contains("is missing"), "{ended}");
    let is_refusal = |call: &HostCall| matches!(&call.permission, Permission::Denied(grant) if grant.contains("exec"));
    assert!(!recorder.calls().iter().any(is_refusal), "{:?}", recorder.calls());
}

#[test]
fn a_command_that_contradicts_itself_is_refused_with_the_remedy() {
    let preload = json!({ "argv": ["say", "hello"], "env": [["LD_PRELOAD", "evil.so"]] });
    check_contradiction(preload.clone(), &["say hello"], Some("the variable `LD_PRELOAD` can make `say` run"));
    check_contradiction(preload.clone(), &["say hello", "say *"], Some("grant the tool by its name alone"));
    check_contradiction(preload.clone(), &["say hello", "say"], None);
    check_contradiction(preload, &["say"], None);
    let plain = json!({ "argv": ["say", "hello"], "env": [["COLOUR", "red"]], "stdout-to": "out" });
    check_contradiction(plain, &["say hello"], None);
}

#[test]
fn a_secret_and_a_file_for_standard_output_do_not_go_together() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({ "argv": ["say"], "secret-env": ["TOKEN", "token"], "stdout-to": "out" });
    let mut invocation = world().invocation("runner", Call::BuildStep { config, evidence: Vec::new() });
    invocation.workspace = Some(workspace(folder.path()));
    invocation.grants.exec = vec!["say".parse().unwrap()];
    invocation.grants.expose = vec!["token".to_owned()];
    let ended = output(&world().invoke(invocation).0.outcome, "ended");
    assert!(ended.starts_with("denied: a command that is shown a secret cannot write"), "{ended}");
}

#[test]
fn a_tool_that_floods_the_log_ends_the_call() {
    let (outcome, _) = run(json!({ "argv": ["flood"] }));
    assert!(matches!(outcome, Outcome::Limited { limit: Limit::Log, .. }), "{outcome:?}");
}

#[test]
fn a_host_that_breaks_is_a_fault() {
    let (outcome, _) = run(json!({ "argv": ["break"] }));
    assert_eq!(outcome, Outcome::Faulted { message: "the tool's sandbox broke".to_owned() });
}

#[test]
fn a_call_that_waits_for_a_tool_can_be_cancelled_and_does_not_hold_the_processor() {
    use lockgate_ports::Sandbox as _;
    let one = common::World::new(1, world().compiled_folder.clone());
    let folder = tempfile::tempdir().unwrap();
    let config = json!({ "argv": ["wait"] });
    let mut invocation = one.invocation("runner", Call::BuildStep { config, evidence: Vec::new() });
    invocation.workspace = Some(workspace(folder.path()));
    invocation.grants.exec = vec!["wait".parse().unwrap()];
    let cancel = lockgate_ports::Cancel::default();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| one.sandbox.call(invocation, &cancel, std::sync::Arc::new(Memory::default())));
        assert_eq!(reasons(&one.call("neighbour", gate(json!({}))).0), ["all is well"]);
        cancel.raise(lockgate_ports::cancel::StopReason::Cancelled);
        assert_eq!(waiting.join().unwrap().outcome, Outcome::Cancelled);
    });
}

/// What came of each try of the prowler, with these grants over files.
fn prowled(folder: &std::path::Path, read: Option<&[&str]>, write: Option<&[&str]>, tries: &Json) -> Vec<String> {
    let globs = |globs: &[&str]| globs.iter().map(ToString::to_string).collect();
    let call = Call::BuildStep { config: json!({ "tries": tries }), evidence: Vec::new() };
    let mut invocation = world().invocation("prowler", call);
    invocation.workspace = Some(workspace(folder));
    (invocation.grants.read, invocation.grants.write) = (read.map(globs), write.map(globs));
    match world().invoke(invocation).0.outcome {
        Outcome::Answered(Answer::Product(product)) => product.outputs.into_iter().map(|(_, came)| came).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_may_not_be_read_is_not_moved_to_where_it_may() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [("src/a", "open"), ("priv/key", "closed")] {
        fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
        fs::write(folder.path().join(path), text).unwrap();
    }
    let tries = json!([
        { "link": ["priv/key", "src/linked"] },
        { "rename": ["priv/key", "src/moved"] },
        { "rename": ["priv", "src/folder"] },
        { "symlink": ["../priv/key", "src/pointer"] },
        { "read": "src/pointer" },
        { "read": "priv/key" },
        { "read": "src/a" },
    ]);
    let came = prowled(folder.path(), Some(&["src/**"]), None, &tries);
    let refused: Vec<bool> = came.iter().map(|came| came.starts_with("error")).collect();
    assert_eq!(refused, [true, true, true, false, true, true, false], "{came:?}");
    assert_eq!(came[6], "open");
    assert_eq!(fs::read_to_string(folder.path().join("priv/key")).unwrap(), "closed");
    assert!(!folder.path().join("src/linked").exists() && !folder.path().join("src/moved").exists());
}

#[test]
fn what_may_not_be_written_is_not_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    for made in ["out", "priv"] {
        fs::create_dir(folder.path().join(made)).unwrap();
    }
    symlink("../new", folder.path().join("out/dangling")).unwrap();
    symlink("../priv", folder.path().join("out/folder")).unwrap();
    let digest = world().blobs.put(b"loot").unwrap();
    let paths = ["/workspace/out/dangling", "/workspace/out/folder/made/file", "/workspace/out/fine"];
    let call = Call::BuildStep { config: json!({ "paths": paths, "digest": digest }), evidence: Vec::new() };
    let mut invocation = world().invocation("escape", call);
    invocation.workspace = Some(workspace(folder.path()));
    invocation.grants.write = Some(vec!["out/**".to_owned()]);
    let (returned, _) = world().invoke(invocation);
    assert!(matches!(returned.outcome, Outcome::Answered(_)), "{returned:?}");
    assert!(!folder.path().join("new").exists() && !folder.path().join("priv/made").exists());
    assert_eq!(fs::read_to_string(folder.path().join("out/fine")).unwrap(), "loot");
}
