//! Jobs, conditions, outputs, retries, cancellation: how a pipeline flows, and the exit code it ends with.

use lockgate_tests::{Ended, Project};

const HEAD: &str = "name: flow\nplugins:\n  verdict: registry.example/guests/verdict:0.1\n  exec: registry.example/lockgate/exec:0.1\njobs:\n";

fn project(jobs: &str) -> Project {
    Project::with(&format!("{HEAD}{jobs}"), &["verdict"])
}

fn run(jobs: &str) -> Ended {
    project(jobs).lockgate(&["run"])
}

#[test]
fn a_pipeline_that_passes_exits_with_0() {
    let ended = run("  check:\n    steps:\n      - uses: verdict\n        with: { number: 1 }\n");
    ended.expect_code(0).expect_text("as configured, number 1").expect_text("passed");
}

#[test]
fn a_pipeline_that_fails_exits_with_1_and_leaves_out_what_builds_on_it() {
    let ended = run("
  check:
    steps:
      - { id: red, uses: verdict, with: { ruling: fail } }
      - { id: after, uses: verdict }
      - { id: cleanup, if: always(), uses: verdict }
  ship:
    needs: [check]
    steps: [{ uses: verdict }]
  report:
    needs: [check]
    if: failure()
    steps: [{ uses: verdict }]
");
    ended.expect_code(1);
    let line = |id: &str, word: &str| {
        let found = ended.stdout.lines().any(|line| line.contains(id) && line.contains(word));
        assert!(found, "{id} is not {word} in\n{}", ended.stdout);
    };
    line("red", "failed");
    line("after", "skipped");
    line("cleanup", "passed");
    line("ship", "skipped");
    line("report", "passed");
}

#[test]
fn continue_on_error_forgives() {
    let ended = run("
  check:
    steps:
      - { id: red, uses: verdict, with: { ruling: fail }, continue-on-error: true }
      - { id: after, uses: verdict }
");
    ended.expect_code(0).expect_text("warned");
}

#[test]
fn values_flow_from_steps_to_outputs_to_needs() {
    let ended = run("
  make:
    outputs: { version: \"${{ steps.say.outputs.version }}\" }
    steps:
      - { id: say, run: \"echo version=1.2.3 >> $LOCKGATE_OUTPUT\" }
  take:
    needs: [make]
    steps:
      - id: typed
        if: needs.make.outputs.version == '1.2.3'
        run: test \"$V\" = 1.2.3
        env: { V: \"${{ needs.make.outputs.version }}\" }
");
    ended.expect_code(0);
    assert!(!ended.stdout.contains("skipped"), "{}", ended.stdout);
}

#[test]
fn every_cell_of_a_matrix_runs_with_its_own_values() {
    let ended = run("
  check:
    strategy: { matrix: { n: [1, 2, 3], exclude: [{ n: 2 }] } }
    steps:
      - { uses: verdict, with: { number: \"${{ matrix.n * 10 }}\" } }
");
    ended.expect_code(0).expect_text("check[n=1]").expect_text("number 10").expect_text("number 30");
    assert!(!ended.stdout.contains("number 20"), "{}", ended.stdout);
}

#[test]
fn a_deploy_step_says_that_delivery_is_not_there_yet() {
    let ended = run("
  ship:
    steps:
      - deploy: { environment: production, release: one }
environments:
  production: { target: local }
");
    ended.expect_code(1).expect_text("delivery is not part of this version");
}

#[test]
fn a_second_run_is_answered_from_the_cache_and_says_so() {
    let project = project("  check:\n    steps:\n      - { uses: verdict, with: { number: 7, say: hello } }\n");
    project.lockgate(&["run"]).expect_code(0);
    let second = project.lockgate(&["run"]);
    second.expect_code(0).expect_text("cached from").expect_text("1 of 1 steps answered from the cache");
}

#[test]
fn a_native_step_is_answered_from_the_cache_until_one_of_its_files_changes() {
    let project = project(
        "
  work:
    steps:
      - { id: native, uses: exec, with: { argv: [sh, -c, \"wc -c < data\"], inputs: [data] }, grants: { exec: [sh] } }
",
    );
    project.write("data", "twelve bytes");
    project.lockgate(&["run"]).expect_code(0);
    project.write("beside", "no input of the step");
    project.lockgate(&["run"]).expect_code(0).expect_text("1 of 1 steps answered from the cache");
    project.write("data", "other bytes");
    let changed = project.lockgate(&["run"]);
    assert!(!changed.expect_code(0).stdout.contains("cache"), "{}", changed.stdout);
}

#[test]
fn only_what_failed_is_tried_again() {
    let project = project(
        "
  work:
    steps:
      - { id: once, run: \"echo ran >> counted; cp counted /workspace/kept\" }
      - { id: flaky, run: \"test -e mended\" }
",
    );
    project.lockgate(&["run"]).expect_code(1);
    // The workspace is the run's, not the folder's: mending the folder does not help the old run.
    project.write("mended", "");
    let again = project.lockgate(&["retry", "latest", "--failed"]);
    again.expect_code(1).expect_text("(attempt 2)");
    let once = again.stdout.lines().find(|line| line.contains(" once ")).expect("the first step is shown");
    assert!(!once.contains("attempt"), "the step that passed ran again: {once}");
    project.lockgate(&["run"]).expect_code(0);
    project.lockgate(&["retry", "latest", "--failed"]).expect_code(2).expect_text("nothing to retry");
}

#[test]
fn an_interrupted_run_still_cleans_up_and_exits_with_130() {
    let project = project(
        "
  work:
    steps:
      - { id: long, run: \"echo started; sleep 60\" }
      - { id: cleanup, if: always(), run: \"echo cleaned\" }
      - { id: never, run: \"echo never\" }
",
    );
    let child = project.start(&["run"]);
    wait_for_log(&project, "started");
    interrupt(child.id());
    let ended = Ended::of(child.wait_with_output().expect("it ends"));
    ended.expect_code(130).expect_text("cancelled");
    project.lockgate(&["logs", "latest", "cleanup"]).expect_code(0).expect_text("cleaned");
    let never = project.lockgate(&["logs", "latest", "never"]);
    assert!(!never.stdout.contains("never\n"), "{}", never.stdout);
}

#[test]
fn another_terminal_can_cancel_a_run() {
    let project = project("  work:\n    steps:\n      - { id: long, run: \"echo started; sleep 60\" }\n");
    let child = project.start(&["run"]);
    wait_for_log(&project, "started");
    project.lockgate(&["cancel", "latest"]).expect_code(0);
    let ended = Ended::of(child.wait_with_output().expect("it ends"));
    ended.expect_code(1).expect_text("cancelled");
    project.lockgate(&["cancel", "latest"]).expect_code(2).expect_text("has ended");
}

#[test]
fn a_step_that_takes_too_long_is_killed_with_all_its_children() {
    let ended = run("
  work:
    steps:
      - { id: long, timeout: 1s, run: \"setsid sleep 3123 & sleep 3123\" }
");
    ended.expect_code(1).expect_text("timed out");
    assert!(!any_process("sleep\x003123"), "a child outlived its step");
}

/// Looks for a command line among all processes.
fn any_process(command_line: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("proc").filter_map(Result::ok);
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .any(|line| String::from_utf8_lossy(&line).contains(command_line))
}

fn wait_for_log(project: &Project, text: &str) {
    for _ in 0..300 {
        if project.lockgate(&["logs"]).stdout.contains(text) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the run never said `{text}`");
}

fn interrupt(pid: u32) {
    let sent = std::process::Command::new("kill").args(["-INT", &pid.to_string()]).status().expect("kill starts");
    assert!(sent.success());
}
