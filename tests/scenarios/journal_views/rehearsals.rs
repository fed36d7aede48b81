//! `plugin rehearse`: another build of a plugin over the records of earlier runs.

use lockgate_tests::{Project, guest};

const PIPELINE: &str = "\
name: rehearsed
plugins:
  errand: registry.example/guests/errand:0.1
  verdict: registry.example/guests/verdict:0.1
jobs:
  world:
    steps:
      - { id: ask, uses: errand, with: { tasks: [{ time: {} }, { read: notes }] }, grants: { clock: true } }
      - { id: judge, uses: verdict, with: {} }
";

/// A project that has run three times.
fn ran() -> Project {
    let project = Project::with(PIPELINE, &["errand", "verdict"]);
    project.write("notes", "what the step reads\n");
    for _ in 0..3 {
        project.lockgate(&["run"]).expect_code(0);
    }
    project
}

fn component(name: &str) -> Vec<u8> {
    std::fs::read(guest(&format!("lockgate-guest-{name}"))).expect("a guest")
}

fn write(project: &Project, name: &str, component: &[u8]) -> String {
    let path = project.path(name);
    std::fs::write(&path, component).expect("a file");
    path.to_str().expect("text").to_owned()
}

#[test]
fn the_same_behaviour_is_the_same_by_another_digest_too() {
    let project = ran();
    let same = write(&project, "same.wasm", &component("errand"));
    let ended = project.lockgate(&["plugin", "rehearse", "errand", "--to", &same, "--last", "2"]);
    assert_eq!(ended.expect_code(0).stdout.matches("same").count(), 2, "{ended:?}");
    ended.expect_text("0 of 2");
    let note = [component("errand"), vec![0, 5, 4, b'n', b'o', b't', b'e']].concat();
    let other = write(&project, "other.wasm", &note);
    let ended = project.lockgate(&["plugin", "rehearse", "errand", "--to", &other, "--last", "5"]);
    ended.expect_code(0).expect_text("0 of 3");
}

#[test]
fn a_version_that_asks_for_more_is_shown_call_by_call() {
    let project = ran();
    let mut next = component("errand");
    let version = b"errand-version-1";
    let at = next.windows(version.len()).position(|window| window == version).expect("it stands in the component");
    next[at + version.len() - 1] = b'2';
    let next = write(&project, "next.wasm", &next);
    let ended = project.lockgate(&["plugin", "rehearse", "errand", "--to", &next, "--last", "2"]);
    ended
        .expect_code(1)
        .expect_text("changed")
        .expect_text("wall-clock.now: 1 calls then, 2 now")
        .expect_text("2 of 2");
    // Nothing of it is a run, and nothing of it is kept.
    assert_eq!(project.lockgate(&["runs"]).stdout.lines().count(), 3);
    project.lockgate(&["replay", "latest"]).expect_code(0);
}

#[test]
fn a_gate_that_rules_otherwise_shows_its_verdict() {
    let project = ran();
    let other = write(&project, "gate.wasm", &component("neighbour"));
    let ended = project.lockgate(&["plugin", "rehearse", "verdict", "--to", &other, "--last", "1"]);
    ended.expect_code(1).expect_text("-as configured, number 0").expect_text("+all is well").expect_text("1 of 1");
    let unused = project.lockgate(&["plugin", "rehearse", "unused", "--to", &other, "--last", "1"]);
    unused.expect_code(2).expect_text("unused");
    let kind = write(&project, "kind.wasm", &component("reader"));
    let ended = project.lockgate(&["plugin", "rehearse", "verdict", "--to", &kind, "--last", "1"]);
    assert_ne!(ended.code, 0, "a scanner is no gate: {ended:?}");
}
