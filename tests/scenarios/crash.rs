//! `kill -9` at any moment, then `lockgate resume`: the run ends as it would have.

use std::process::Command;
use std::time::Duration;

use lockgate_tests::Project;
use serde_json::Value;

/// Pure and native steps, values that flow, and a step that may act outside.
const PIPELINE: &str = "\
name: crash
plugins:
  verdict: registry.example/guests/verdict:0.1
jobs:
  first:
    outputs: { word: \"${{ steps.b.outputs.word }}\" }
    steps:
      - { id: a, uses: verdict, with: { number: 1 } }
      - { id: b, run: \"sleep 0.2; echo word=blue >> $LOCKGATE_OUTPUT; echo one > one\" }
      - { id: c, run: \"sleep 0.2; test -e one; echo two > two\" }
      - { id: d, uses: verdict, with: { number: 2 } }
  beside:
    strategy: { matrix: { n: [1, 2] } }
    steps:
      - { id: e, run: \"sleep 0.3; echo $N > n\", env: { N: \"${{ matrix.n }}\" } }
      - { id: f, uses: verdict, with: { number: \"${{ matrix.n }}\" } }
  last:
    needs: [first, beside]
    steps:
      - { id: g, run: \"sleep 0.2; test $WORD = blue\", env: { WORD: \"${{ needs.first.outputs.word }}\" } }
";

fn kill_9(pid: u32) {
    let sent = Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill starts");
    assert!(sent.success());
}

/// Job, step, attempts and conclusion of every step; and of the run.
fn ending(project: &Project) -> (Value, Vec<(String, u64, Value)>) {
    let shown = project.lockgate(&["show", "latest", "--json"]);
    let run: Value = serde_json::from_str(&shown.expect_code(0).stdout).expect("JSON");
    let mut steps = Vec::new();
    for job in run["jobs"].as_array().expect("jobs") {
        for step in job["steps"].as_array().expect("steps") {
            let name =
                format!("{}/{}", job["job"].as_str().unwrap_or_default(), step["step"].as_str().unwrap_or_default());
            steps.push((name, step["attempts"].as_u64().unwrap_or(0), step["result"]["conclusion"].clone()));
        }
    }
    (run["conclusion"].clone(), steps)
}

/// How often each attempt has ended, from the events of all hosts that drove the run.
fn attempts_ended(lines: &str, counts: &mut std::collections::BTreeMap<String, u32>) {
    for line in lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let event = &line["event"];
        if event["type"] == "attempt-finished" {
            *counts.entry(format!("{}/{}#{}", event["job"], event["step"], event["number"])).or_default() += 1;
        }
    }
}

#[test]
fn a_run_that_is_killed_ends_as_it_would_have() {
    let calm = Project::with(PIPELINE, &["verdict"]);
    calm.lockgate(&["run"]).expect_code(0);
    let (conclusion, steps) = ending(&calm);
    // Ten moments, spread over the whole run; which ones is up to this process's id.
    let mut killed_runs = 0;
    for moment in 0..10_u64 {
        let rough = Project::with(PIPELINE, &["verdict"]);
        let wait_ms = 60 + moment * 120 + u64::from(std::process::id()) * (moment + 7) % 97;
        let child = rough.start(&["run", "--json-lines"]);
        std::thread::sleep(Duration::from_millis(wait_ms));
        kill_9(child.id());
        let killed = child.wait_with_output().expect("it is gone");
        let resumed = rough.lockgate(&["resume", "latest", "--json-lines"]);
        if resumed.code == 2 {
            // Killed before its first commit: there is no run, and nothing to lose.
            assert!(resumed.stderr.contains("no run"), "{}", resumed.stderr);
            continue;
        }
        killed_runs += 1;
        resumed.expect_code(0);
        let (rough_conclusion, rough_steps) = ending(&rough);
        assert_eq!(rough_conclusion, conclusion, "killed after {wait_ms} ms");
        let bare =
            |steps: &[(String, u64, Value)]| steps.iter().map(|(n, _, c)| (n.clone(), c.clone())).collect::<Vec<_>>();
        assert_eq!(bare(&rough_steps), bare(&steps), "killed after {wait_ms} ms");
        let mut counts = Default::default();
        attempts_ended(&String::from_utf8_lossy(&killed.stdout), &mut counts);
        attempts_ended(&resumed.stdout, &mut counts);
        let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "killed after {wait_ms} ms: finished twice: {twice:?}");
        // At most the attempts that were under way were repeated: one for each job that can run beside another.
        let repeated: u64 = rough_steps.iter().zip(&steps).map(|(rough, calm)| rough.1.saturating_sub(calm.1)).sum();
        assert!(repeated <= 3, "killed after {wait_ms} ms: {repeated} attempts were repeated");
    }
    assert!(killed_runs >= 8, "only {killed_runs} of ten runs had begun when they were killed");
}

#[test]
fn a_step_that_may_have_acted_outside_is_not_repeated_silently() {
    let pipeline = "\
name: once
jobs:
  ship:
    steps:
      - id: post
        run: \"echo posting; sleep 30\"
        grants: { http: [registry.example] }
      - { id: after, run: \"true\" }
";
    let project = Project::with(pipeline, &[]);
    let child = project.start(&["run"]);
    let began = || project.lockgate(&["logs"]).stdout.contains("posting");
    assert!(
        (0..300).any(|_| began() || {
            std::thread::sleep(Duration::from_millis(100));
            false
        }),
        "the step never began"
    );
    kill_9(child.id());
    let _ = child.wait_with_output();
    let resumed = project.lockgate(&["resume"]);
    resumed.expect_code(1).expect_text("needs attention").expect_text("effect: idempotent");
    let (_, steps) = ending(&project);
    assert_eq!(steps[0].1, 1, "it was tried again");
}

#[test]
fn a_run_that_is_being_driven_is_not_driven_twice() {
    let pipeline = "name: busy\njobs:\n  work:\n    steps:\n      - { run: \"echo started; sleep 5\" }\n";
    let project = Project::with(pipeline, &[]);
    let child = project.start(&["run"]);
    assert!((0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        project.lockgate(&["logs"]).stdout.contains("started")
    }));
    project.lockgate(&["resume"]).expect_code(3).expect_text("driven by");
    let ended = lockgate_tests::Ended::of(child.wait_with_output().expect("it ends"));
    ended.expect_code(0);
}
