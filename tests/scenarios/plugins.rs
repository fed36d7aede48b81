//! Every first-party plugin in a real pipeline, or called by hand where it decides on rollouts and alerts.

use lockgate_tests::{Ended, Project};
use serde_json::Value;

const PLUGINS: &str = "\
plugins:
  cargo: registry.example/lockgate/cargo:0.1
  exec: registry.example/lockgate/exec:0.1
  junit: registry.example/lockgate/junit:0.1
  secrets: registry.example/lockgate/secrets:0.1
  threshold: registry.example/lockgate/threshold:0.1
";

fn project(jobs: &str) -> Project {
    Project::with(&format!("name: plugins\n{PLUGINS}jobs:\n{jobs}"), &[])
}

/// A crate of two tests, one of which can be broken.
fn add_crate(project: &Project, sum: &str) {
    project.write("Cargo.toml", "[package]\nname = \"adder\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"adder\"\nversion = \"0.1.0\"\n");
    let library = format!(
        "//! Adds.\n\n/// Adds.\n///\n/// ```\n/// assert_eq!(adder::add(1, 1), 2);\n/// ```\npub fn add(a: u32, b: u32) -> u32 {{\n    {sum}\n}}\n\n\
         #[cfg(test)]\nmod tests {{\n    #[test]\n    fn adds() {{\n        assert_eq!(super::add(2, 3), 5, \"two and three\");\n    }}\n\n    \
         #[test]\n    fn starts_at_nothing() {{\n        assert_eq!(super::add(0, 0), 0);\n    }}\n}}\n"
    );
    project.write("src/lib.rs", &library);
}

const TEST_JOB: &str = "
  test:
    steps:
      - id: unit
        uses: cargo
        with: { command: test, junit: reports/junit.xml }
        grants: { exec: [cargo], scratch: [target] }
      - id: results
        if: always()
        uses: junit
        with: { files: \"reports/**/*.xml\" }
      - id: gate
        if: always()
        uses: threshold
        with: { tests: { failed: 0 } }
";

#[test]
fn cargo_junit_and_threshold_agree_with_cargo_itself() {
    let project = project(TEST_JOB);
    add_crate(&project, "a + b");
    let ended = project.lockgate(&["run"]);
    let said = format!("{} passed", passed_by_cargo(&project));
    let agreeing = ended.expect_code(0).stdout.matches(&said).count();
    assert_eq!(agreeing, 2, "cargo's plugin and junit both say {said}:\n{}", ended.stdout);
}

/// What cargo itself prints for the crate, outside of any sandbox: the sum of its `test result:` lines.
fn passed_by_cargo(project: &Project) -> u32 {
    let mut cargo = std::process::Command::new("cargo");
    cargo
        .args(["test", "--offline", "--quiet"])
        .current_dir(project.folder())
        .env("CARGO_TARGET_DIR", project.path("t"));
    let output = Ended::of(cargo.output().expect("cargo starts"));
    let results = output.expect_code(0).stdout.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    let passed = results.map(|line| line.split(' ').next().and_then(|count| count.parse::<u32>().ok()));
    passed.map(|count| count.expect("a count")).sum()
}

#[test]
fn a_broken_test_fails_the_pipeline_with_its_name_and_message() {
    let project = project(TEST_JOB);
    add_crate(&project, "a + b + u32::from(a > 0)");
    let ended = project.lockgate(&["run"]);
    ended.expect_code(1).expect_text("tests::adds").expect_text("two and three");
}

#[test]
fn code_that_does_not_compile_is_a_result_with_its_place() {
    let project = project(TEST_JOB);
    add_crate(&project, "a + nothing");
    let ended = project.lockgate(&["run"]);
    ended.expect_code(1).expect_text("cannot find value `nothing`");
}

#[test]
fn secrets_are_found_and_never_shown() {
    let project = project(
        "
  scan:
    steps:
      - { id: scan, uses: secrets }
      - { id: gate, uses: threshold, with: { findings: { high: 0, critical: 0 } } }
",
    );
    // Put together here, so that this file itself holds no secret.
    let key = format!("AKIA{}", "Q7ZX5WJ4KD2VPLT3");
    project.write("config.ini", &format!("aws_access_key_id = {key}\n"));
    let ended = project.lockgate(&["run"]);
    ended.expect_code(1).expect_text("findings: ");
    let all = format!("{}{}{}", ended.stdout, ended.stderr, project.lockgate(&["logs", "--json"]).stdout);
    assert!(!all.contains(&key), "the secret is shown:\n{all}");
    project.write("config.ini", "aws_access_key_id = from the environment\n");
    project.lockgate(&["run"]).expect_code(0).expect_text("no findings");
}

#[test]
fn exec_runs_scripts_and_commands_and_nothing_else() {
    let project = project("
  work:
    outputs: { word: \"${{ steps.script.outputs.word }}\" }
    steps:
      - { id: script, run: \"echo word=green >> $LOCKGATE_OUTPUT\" }
      - { id: command, uses: exec, with: { argv: [sh, -c, \"exit 3\"] }, grants: { exec: [sh] }, continue-on-error: true }
      - { id: denied, if: always(), uses: exec, with: { argv: [git, status] }, grants: { exec: [sh] } }
");
    let ended = project.lockgate(&["run"]);
    ended.expect_code(1).expect_text("3").expect_text("exec: [git]");
}

/// Calls a pure plugin by hand.
fn call(plugin: &str, input: &Value) -> Ended {
    let project = Project::empty();
    project.write("input.json", &input.to_string());
    project.lockgate(&["plugin", "call", &format!("registry.example/lockgate/{plugin}:0.1"), "--input", "input.json"])
}

#[test]
fn canary_takes_one_step_at_a_time() {
    let rollout = serde_json::json!({
        "stable": "v1", "candidate": "v2", "started-at": 1_000_000, "now": 1_000_000,
        "shares": [{ "revision": "v1", "weight": 10_000 }],
        "health": [{ "revision": "v2", "ready": 1, "wanted": 1 }],
    });
    let config = serde_json::json!({ "steps": [5, 50], "bake": "10m" });
    let ended = call("canary", &serde_json::json!({ "deploy-strategy": { "config": config, "rollout": rollout } }));
    let outcome: Value = serde_json::from_str(&ended.expect_code(0).stdout).expect("JSON");
    let shares = &outcome["answered"]["decision"]["action"]["shift"];
    let weights: u64 = shares.as_array().expect("a shift").iter().filter_map(|share| share["weight"].as_u64()).sum();
    assert_eq!(weights, 10_000, "{outcome:#}");
    assert!(shares.as_array().is_some_and(|all| all.iter().any(|share| share["weight"] == 500)), "{outcome:#}");
}

#[test]
fn burn_rate_without_data_is_inconclusive() {
    let config = serde_json::json!({ "slo": 99.9, "error-ratio": "error_ratio[$window]" });
    let asked = call("burn-rate", &serde_json::json!({ "alert-queries": { "config": config } }));
    let queries: Value = serde_json::from_str(&asked.expect_code(0).stdout).expect("JSON");
    assert!(queries["answered"]["queries"].as_array().is_some_and(|all| !all.is_empty()), "{queries:#}");
    let input = serde_json::json!({ "now": 1_000_000_000, "answers": [] });
    let ended = call("burn-rate", &serde_json::json!({ "alert-evaluate": { "config": config, "input": input } }));
    let outcome: Value = serde_json::from_str(&ended.expect_code(0).stdout).expect("JSON");
    assert_eq!(outcome["answered"]["evaluation"]["condition"], "inconclusive", "{outcome:#}");
}

#[test]
fn a_plugin_that_is_not_pure_is_not_called_by_hand() {
    call("exec", &serde_json::json!({ "build-step": { "config": {}, "evidence": [] } }))
        .expect_code(2)
        .expect_text("not pure");
    let project = Project::empty();
    project.write("input.json", "{\"what\": 1}");
    let ended = project.lockgate(&["plugin", "call", "registry.example/lockgate/junit:0.1", "--input", "input.json"]);
    ended.expect_code(2).expect_text("input.json");
}
