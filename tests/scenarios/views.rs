//! `runs`, `show`, `logs`, `plan`, `schema`, `doctor`, `--json-lines`: looking at things.

use lockgate_tests::Project;
use serde_json::Value;

const PIPELINE: &str = "\
name: looked at
plugins: { verdict: \"registry.example/guests/verdict:0.1\" }
jobs:
  check:
    steps:
      - { id: judge, uses: verdict, with: { say: \"hello from the plugin\\nin two lines\" } }
      - { id: shell, run: \"echo out; echo err >&2\" }
";

fn ran() -> Project {
    let project = Project::with(PIPELINE, &["verdict"]);
    project.lockgate(&["run"]).expect_code(0);
    project
}

#[test]
fn runs_are_listed_and_shown() {
    let project = ran();
    let listed = project.lockgate(&["runs"]);
    listed.expect_code(0).expect_text("looked at").expect_text("passed");
    let id = listed.stdout.split_whitespace().next().expect("an id").to_owned();
    project.lockgate(&["show", &id]).expect_code(0).expect_text("judge").expect_text("shell");
    project.lockgate(&["show", &id[id.len() - 5..]]).expect_code(0);
    project.lockgate(&["show", "nosuchrun"]).expect_code(2).expect_text("lockgate runs");
    let row: Value = serde_json::from_str(project.lockgate(&["runs", "--json"]).stdout.trim()).expect("JSON");
    assert_eq!((&row["run"], &row["conclusion"]), (&Value::from(id), &Value::from("passed")));
}

#[test]
fn logs_hold_what_plugins_and_tools_wrote() {
    let project = ran();
    let all = project.lockgate(&["logs"]);
    all.expect_code(0)
        .expect_text("check/judge | hello from the plugin\n")
        .expect_text("check/judge | in two lines\n")
        .expect_text("check/shell | out")
        .expect_text("check/shell | err");
    let one = project.lockgate(&["logs", "latest", "check/shell"]);
    assert!(!one.stdout.contains("hello"), "{}", one.stdout);
    project.lockgate(&["logs", "latest", "nothing"]).expect_code(2).expect_text("no step `nothing`");
    let json = project.lockgate(&["logs", "latest", "shell", "--json"]);
    let calls: Vec<Value> = json.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(calls.iter().any(|call| call["call"]["body"]["function"]["interface"] == "exec"), "{calls:#?}");
}

#[test]
fn logs_can_be_followed_to_the_end_of_a_run() {
    let pipeline = "name: slow\njobs:\n  work:\n    steps:\n      - { run: \"echo one; sleep 1; echo two\" }\n";
    let project = Project::with(pipeline, &[]);
    let run = project.start(&["run"]);
    let began = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        project.lockgate(&["runs"]).code == 0 && !project.lockgate(&["runs"]).stdout.is_empty()
    });
    assert!(began);
    project.lockgate(&["logs", "latest", "--follow"]).expect_code(0).expect_text("| two");
    run.wait_with_output().expect("it ends");
}

#[test]
fn json_lines_carry_every_event() {
    let project = Project::with(PIPELINE, &["verdict"]);
    let ended = project.lockgate(&["run", "--json-lines"]);
    ended.expect_code(0);
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let types: Vec<&str> = lines.iter().filter_map(|line| line["event"]["type"].as_str()).collect();
    assert_eq!(types.first(), Some(&"run-started"));
    assert_eq!(types.last(), Some(&"run-finished"));
    assert_eq!(types.iter().filter(|kind| **kind == "attempt-finished").count(), 2);
}

#[test]
fn a_plan_shows_pins_and_grants() {
    let project = Project::with(PIPELINE, &["verdict"]);
    project.lockgate(&["plan"]).expect_code(0).expect_text("quality-gate").expect_text("exec sh");
    let plan: Value = serde_json::from_str(&project.lockgate(&["plan", "--json"]).stdout).expect("JSON");
    assert_eq!(plan["jobs"][0]["steps"].as_array().map(Vec::len), Some(2));
    project.lockgate(&["validate"]).expect_code(0).expect_text("1 jobs, 2 steps");
    let schema: Value = serde_json::from_str(&project.lockgate(&["schema"]).stdout).expect("JSON");
    assert!(schema["properties"]["jobs"].is_object(), "{schema:#}");
}

#[test]
fn before_the_first_run_there_is_a_hint() {
    let project = Project::empty();
    for command in [&["runs"][..], &["show"], &["logs"], &["resume"]] {
        project.lockgate(command).expect_code(2).expect_text("lockgate run");
    }
}

#[test]
fn doctor_says_what_is_there() {
    Project::empty().lockgate(&["doctor"]).expect_text("wasmtime").expect_text("bwrap").expect_text("cargo");
}
