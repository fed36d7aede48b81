//! One pipeline with a step of every sort, replayed after its world has gone.

use super::{Ran, SECRET, files_below, identical};

const PIPELINE: &str = "\
name: everything
plugins:
  cargo: registry.example/lockgate/cargo:0.1
  junit: registry.example/lockgate/junit:0.1
  secrets: registry.example/lockgate/secrets:0.1
  threshold: registry.example/lockgate/threshold:0.1
  errand: registry.example/guests/errand:0.1
  runner: registry.example/guests/runner:0.1
  panics: registry.example/guests/panics:0.1
  reader: registry.example/guests/reader:0.1
jobs:
  test:
    steps:
      - id: build
        uses: cargo
        with: { command: build }
        grants: { exec: [cargo], scratch: [target] }
      - id: unit
        uses: cargo
        with: { command: test, junit: reports/junit.xml }
        grants: { exec: [cargo], scratch: [target] }
        continue-on-error: true
      - { id: results, uses: junit, with: { files: \"reports/**/*.xml\" }, continue-on-error: true }
  scan:
    steps:
      - { id: secrets, uses: secrets, with: { files: [\"**\"] } }
      - { id: reader, uses: reader, with: { files: [\"src/**\"] } }
  gate:
    needs: [test, scan]
    if: always()
    steps:
      - { id: red, uses: threshold, with: { tests: { failed: 0 } }, continue-on-error: true }
      - { id: green, uses: threshold, with: { tests: { failed: 2 } } }
  world:
    steps:
      - id: ask
        uses: errand
        with:
          tasks:
            - time: {}
            - random: {}
            - get: \"http://SERVER/small\"
            - get: \"http://SERVER/large?200000\"
            - get: \"http://localhost:1/refused\"
            - { get-with: { url: \"http://SERVER/private\", secret: token } }
            - read: src/lib.rs
            - { write: { path: by-errand, text: hello } }
            - say: a line
        grants: { http: [\"http://SERVER\"], clock: true, random: true, secrets: [token] }
      - id: untold
        uses: errand
        with: { tasks: [{ time: {} }, { random: {} }, { read: by-errand }, { get: \"http://SERVER/\" }] }
      - { id: shell, run: \"cat by-errand > copy; rm by-errand; date +%N; echo word=green >> $LOCKGATE_OUTPUT\" }
      - { id: denied, uses: runner, with: { argv: [git, status] }, grants: { exec: [sh] } }
      - { id: exposed, uses: runner, with: { argv: [sh, -c, 'echo \"<$V>\"'], secret-env: [V, token] }, grants: { exec: [sh], expose: [token] } }
      - { id: fails, uses: errand, with: { tasks: [{ say: first }, { fail: no luck }] }, continue-on-error: true }
      - { id: refuses, uses: errand, with: { tasks: [{ refuse: not good }] }, continue-on-error: true }
      - { id: exits, run: \"echo out; exit 3\", continue-on-error: true }
      - { id: panics, uses: panics, with: {}, continue-on-error: true }
";

const LIBRARY: &str = "\
//! Adds.\n\npub fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn green() {
        assert_eq!(super::add(1, 1), 2);\n    }\n\n    #[test]\n    fn red() {\n        assert_eq!(super::add(1, 1), 3, \"never\");
    }\n}\n";

const FILES: [(&str, &str); 3] = [
    ("Cargo.toml", "[package]\nname = \"adder\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
    ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"adder\"\nversion = \"0.1.0\"\n"),
    ("src/lib.rs", LIBRARY),
];

const STEPS: [&str; 16] = [
    "gate/green",
    "gate/red",
    "scan/reader",
    "scan/secrets",
    "test/build",
    "test/results",
    "test/unit",
    "world/ask",
    "world/denied",
    "world/exits",
    "world/exposed",
    "world/fails",
    "world/panics",
    "world/refuses",
    "world/shell",
    "world/untold",
];

#[test]
fn every_step_is_identical_without_tools_network_server_and_secrets() {
    let mut ran = Ran::once(PIPELINE, &["errand", "runner", "panics", "reader"], &FILES, 0);
    let heads = ran.server.as_ref().expect("it runs").heads();
    assert!(heads.iter().any(|head| head.contains(SECRET)), "the secret went to its host: {heads:?}");
    let replayed = ran.replay_alone(&["latest"]);
    assert_eq!(identical(&replayed).iter().map(String::as_str).collect::<Vec<_>>(), STEPS, "{replayed:?}");
    replayed.expect_code(0);
    // Answers that came from the cache are replayed as well, by carrying the plugin out.
    let again = ran.lockgate(&["run"]);
    assert!(again.code == 0 || again.code == 1, "{again:?}");
    let replayed = ran.replay_alone(&["latest"]);
    assert_eq!(identical(&replayed).len(), STEPS.len(), "{replayed:?}");
    insist_on_no_secret(&ran);
}

/// Neither the record nor anything else that is kept holds the value.
fn insist_on_no_secret(ran: &Ran) {
    for path in files_below(&ran.project.path(".lockgate")) {
        let bytes = std::fs::read(&path).expect("a file");
        let holds_it = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!holds_it, "{} holds the secret", path.display());
    }
}
