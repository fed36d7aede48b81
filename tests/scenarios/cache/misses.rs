//! One thing is changed, and exactly the steps that depend on it run.

use lockgate_tests::{Project, guest};

use super::{edit, ran, run_and_expect_misses};

#[test]
fn a_second_run_and_one_after_an_unrelated_change_are_all_hits() {
    let project = ran();
    run_and_expect_misses(&project, &[]);
    project.write("other", "y\n");
    project.write("new/file", "nobody asks\n");
    run_and_expect_misses(&project, &[]);
    std::fs::remove_file(project.path("other")).expect("it is there");
    run_and_expect_misses(&project, &[]);
}

#[test]
fn a_file_that_was_named_to_the_scanner_and_not_read_is_a_hit_and_a_read_one_is_not() {
    let project = ran();
    project.write("src/big.skip", "changed\n");
    run_and_expect_misses(&project, &[]);
    // The scanner finds nothing in both, so what builds on it is a hit.
    project.write("src/a.txt", "omega\n");
    let missed = run_and_expect_misses(&project, &["scan/secrets"]);
    assert_eq!(missed["scan/secrets"], "file `src/a.txt`, which it read, has other bytes");
    project.lockgate(&["explain", "latest", "secrets"]).expect_code(0).expect_text("file `src/a.txt`, which it read");
    project.write("src/b.txt", "new\n");
    // It counts files as well, and says how many there were: the gate sees another report.
    let missed = run_and_expect_misses(&project, &["gate/judge", "scan/secrets"]);
    assert!(missed["scan/secrets"].contains("`src/b.txt` is new"), "{missed:?}");
    std::fs::remove_file(project.path("src/b.txt")).expect("it is there");
    run_and_expect_misses(&project, &[]);
}

#[test]
fn what_a_scanner_proves_otherwise_runs_the_gate_that_sees_it() {
    let project = ran();
    // Put together here, so that this file itself holds no secret.
    project.write("src/a.txt", &format!("aws_access_key_id = AKIA{}\n", "Q7ZX5WJ4KD2VPLT3"));
    let missed = run_and_expect_misses(&project, &["gate/judge", "scan/secrets"]);
    assert!(missed["gate/judge"].contains("what step `scan/secrets` proved"), "{missed:?}");
}

#[test]
fn inputs_of_a_command_are_named() {
    let project = ran();
    project.write("in/a", "two\n");
    let missed = run_and_expect_misses(&project, &["make/copy"]);
    assert_eq!(missed["make/copy"], "input `in/a` has other bytes");
    assert_eq!(made(&project), "two\n");
    project.write("in/b", "three\n");
    let missed = run_and_expect_misses(&project, &["last/check", "make/copy"]);
    assert_eq!(missed["last/check"], "input `in/b` has other bytes");
    project.write("in/a", "one\n");
    project.write("in/b", "two\n");
    run_and_expect_misses(&project, &[]);
    assert_eq!(made(&project), "one\n", "a hit leaves what the command left");
}

/// What the command left, as a later step of the same job would see it.
fn made(project: &Project) -> String {
    let ended = project.lockgate(&["show", "latest", "--json"]);
    let text = ended.expect_code(0).stdout.clone();
    let shown: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let root = find(&shown, "make", "copy").unwrap_or_else(|| panic!("no tree in {shown:#}"));
    let blobs = lockgate_store::disk::BlobFiles::open(&project.path(".lockgate")).expect("blobs");
    let room = tempfile::tempdir().expect("a folder");
    let folders = lockgate_store::disk::WorkFolders::open(room.path(), blobs, &[".lockgate"]).expect("folders");
    let (run, job) = ("0000000000".parse().expect("an id"), "made".parse().expect("a job"));
    let tree = serde_json::from_value(root).expect("a tree");
    let workspace = lockgate_ports::Workspaces::open(&*folders, &run, &job, &tree).expect("a workspace");
    std::fs::read_to_string(workspace.path().join("out")).expect("it was made")
}

fn find(shown: &serde_json::Value, job: &str, step: &str) -> Option<serde_json::Value> {
    let jobs = shown["jobs"].as_array()?;
    let job = jobs.iter().find(|found| found["job"] == job || found["key"] == job)?;
    let step = job["steps"].as_array()?.iter().find(|found| found["step"] == step || found["id"] == step)?;
    Some(step["result"]["tree"].clone()).filter(|tree| !tree.is_null())
}

#[test]
fn environment_arguments_inputs_and_configuration_are_named() {
    let project = ran();
    edit(&project, "COLOUR: red", "COLOUR: blue");
    let missed = run_and_expect_misses(&project, &["make/copy"]);
    assert_eq!(missed["make/copy"], "env COLOUR: `red` then, `blue` now");
    edit(&project, "[cp, in/a, out]", "[cp, -p, in/a, out]");
    let missed = run_and_expect_misses(&project, &["make/copy"]);
    assert!(missed["make/copy"].contains("argv: `/bin/cp in/a out` then, `/bin/cp -p in/a out` now"), "{missed:?}");
    edit(&project, "outputs: []", "outputs: [none]");
    let missed = run_and_expect_misses(&project, &["last/check"]);
    assert!(
        missed["last/check"].contains("outputs: `.lockgate-output` then, `.lockgate-output, none` now"),
        "{missed:?}"
    );
    // Other patterns for the same files are no other inputs.
    edit(&project, "inputs: [in/b]", "inputs: [in/b, in/c]");
    run_and_expect_misses(&project, &[]);
    edit(&project, "number: 1", "number: 2");
    let missed = run_and_expect_misses(&project, &["gate/judge"]);
    assert_eq!(missed["gate/judge"], "with.number: 1 then, 2 now");
    edit(&project, "src/*.skip", "src/*.none");
    // It counts what it leaves out, and says so to the gate.
    let missed = run_and_expect_misses(&project, &["gate/judge", "scan/secrets"]);
    assert!(missed["scan/secrets"].contains("src/*.none"), "{missed:?}");
}

#[test]
fn another_component_is_named() {
    let project = ran();
    let old = lockgate_model::ids::Digest::of(&verdict());
    let other = [verdict(), custom_section()].concat();
    project.publish("verdict", &other);
    std::fs::remove_file(project.path("lockgate.lock")).expect("it is there");
    project.lockgate(&["lock"]).expect_code(0);
    let missed = run_and_expect_misses(&project, &["gate/judge"]);
    let new = lockgate_model::ids::Digest::of(&other);
    assert_eq!(missed["gate/judge"], format!("the plugin: {old} then, {new} now"));
}

fn verdict() -> Vec<u8> {
    std::fs::read(guest("lockgate-guest-verdict")).expect("a guest")
}

/// A section that nobody reads, at the end of a component.
fn custom_section() -> Vec<u8> {
    vec![0, 5, 4, b'n', b'o', b't', b'e']
}
