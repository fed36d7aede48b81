//! Answers that are known: what makes a step a hit, what makes it a miss, and what is said of it.

mod edits;
mod fresh;
mod kept;
mod misses;
mod trust;

use std::collections::BTreeMap;

use lockgate_tests::Project;
use serde_json::Value;

/// A scanner that reads files, a command with declared inputs, and two gates that build on what these prove.
const PIPELINE: &str = "\
name: cached
plugins:
  exec: registry.example/lockgate/exec:0.1
  secrets: registry.example/lockgate/secrets:0.1
  verdict: registry.example/guests/verdict:0.1
jobs:
  scan:
    steps:
      - { id: secrets, uses: secrets, with: { files: [\"src/**\"], allow: { files: [\"src/*.skip\"] } } }
  make:
    steps:
      - id: copy
        uses: exec
        with: { argv: [cp, in/a, out], inputs: [\"in/**\"], outputs: [out] }
        env: { COLOUR: red }
        grants: { exec: [cp] }
  gate:
    needs: [scan]
    steps:
      - { id: judge, uses: verdict, with: { number: 1 } }
  last:
    needs: [make]
    steps:
      - { id: check, uses: exec, with: { argv: [cat, in/b], inputs: [in/b], outputs: [] }, grants: { exec: [cat] } }
";

const STEPS: [&str; 4] = ["gate/judge", "last/check", "make/copy", "scan/secrets"];

/// Tools of these projects that are not built in.
const TOOLS: &str = "
[tools.cp]
program = \"/bin/cp\"
fingerprint = [\"cp\", \"--version\"]

[tools.cat]
program = \"/bin/cat\"
fingerprint = [\"cat\", \"--version\"]
";

/// A project of the pipeline that has run once.
fn ran() -> Project {
    let project = Project::with(PIPELINE, &["verdict"]);
    let configuration = std::fs::read_to_string(project.path("lockgate.toml")).expect("a configuration");
    project.write("lockgate.toml", &(configuration + TOOLS));
    for (name, text) in [
        ("src/a.txt", "alpha\n"),
        ("src/big.skip", "skipped\n"),
        ("in/a", "one\n"),
        ("in/b", "two\n"),
        ("other", "x\n"),
    ] {
        project.write(name, text);
    }
    project.lockgate(&["run"]).expect_code(0);
    project
}

/// Changes the pipeline in one place.
fn edit(project: &Project, old: &str, new: &str) {
    let text = std::fs::read_to_string(project.path("lockgate.yaml")).expect("a pipeline");
    assert_eq!(text.matches(old).count(), 1, "`{old}` stands once in the pipeline");
    project.write("lockgate.yaml", &text.replace(old, new));
}

/// What `explain` says of each step of the last run: none for a hit, else what differs.
fn explained(project: &Project) -> BTreeMap<String, Option<String>> {
    let ended = project.lockgate(&["explain", "latest", "--json"]);
    let lines = ended.expect_code(0).stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.map(|explanation| of_step(&explanation)).collect()
}

fn of_step(explanation: &Value) -> (String, Option<String>) {
    let attempt = explanation["attempt"].as_str().expect("an attempt");
    let step = attempt.split_once('/').expect("a run").1.split('#').next().unwrap_or_default();
    let findings = explanation["findings"].as_array().expect("findings");
    assert!(!findings.is_empty(), "something of {step} can be known");
    let misses: Vec<&Value> = findings.iter().filter(|finding| finding["known-from"].is_null()).collect();
    let differences = misses.iter().flat_map(|miss| miss["differences"].as_array().into_iter().flatten());
    let said: Vec<&str> = differences.filter_map(Value::as_str).collect();
    (step.to_owned(), (!misses.is_empty()).then(|| said.join("\n")))
}

/// Runs again, and insists on which steps were no hits; gives what is said of them.
fn run_and_expect_misses(project: &Project, expected: &[&str]) -> BTreeMap<String, String> {
    project.lockgate(&["run"]).expect_code(0);
    let explained = explained(project);
    assert_eq!(explained.keys().map(String::as_str).collect::<Vec<_>>(), STEPS);
    let missed: BTreeMap<_, _> = explained.into_iter().filter_map(|(step, why)| Some((step, why?))).collect();
    assert_eq!(missed.keys().map(String::as_str).collect::<Vec<_>>(), expected, "{missed:?}");
    missed
}
