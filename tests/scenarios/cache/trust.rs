//! Runs on files of strangers: they read what trusted runs know, and no trusted run reads what they know.

use lockgate_tests::Project;

use super::{explained, ran, run_and_expect_misses};

fn misses(project: &Project) -> Vec<String> {
    explained(project).into_iter().filter_map(|(step, why)| why.map(|_| step)).collect()
}

#[test]
fn an_untrusted_run_reads_trusted_answers_and_keeps_its_own_apart() {
    let project = ran();
    project.lockgate(&["run", "--untrusted"]).expect_code(0);
    assert_eq!(misses(&project), [""; 0], "it reads what the trusted run knows");
    project.write("src/a.txt", "omega\n");
    project.write("in/a", "of a stranger\n");
    let changed = ["make/copy", "scan/secrets"];
    project.lockgate(&["run", "--untrusted"]).expect_code(0);
    assert_eq!(misses(&project), changed);
    project.lockgate(&["run", "--untrusted"]).expect_code(0);
    assert_eq!(misses(&project), [""; 0], "strangers share what they know");
    run_and_expect_misses(&project, &changed);
    run_and_expect_misses(&project, &[]);
    let stats = project.lockgate(&["cache", "stats", "--json"]);
    let stats: serde_json::Value = serde_json::from_str(stats.expect_code(0).stdout.trim()).expect("JSON");
    let names: Vec<&str> = stats.as_array().expect("a list").iter().filter_map(|it| it["namespace"].as_str()).collect();
    for name in ["action", "action@untrusted", "call", "call@untrusted", "questions"] {
        assert!(names.contains(&name), "{name} is not in {stats}");
    }
}

#[test]
fn an_untrusted_run_has_no_secrets() {
    let pipeline = "\
name: strangers
plugins:
  errand: registry.example/guests/errand:0.1
  runner: registry.example/guests/runner:0.1
jobs:
  work:
    steps:
      - id: ask
        uses: errand
        with: { tasks: [{ get-with: { url: \"http://127.0.0.1:1/\", secret: token } }] }
        grants: { http: [\"http://127.0.0.1:1\"], secrets: [token] }
        continue-on-error: true
      - id: see
        uses: runner
        with: { argv: [sh, -c, 'echo \"<$V>\"'], secret-env: [V, token] }
        grants: { exec: [sh], expose: [token] }
        continue-on-error: true
";
    let project = Project::with(pipeline, &["errand", "runner"]);
    let home = tempfile::tempdir().expect("a folder");
    let value = "merlin-by-the-weir-77";
    let configuration = "[secrets.from.token]\nenv = \"TOKEN_OF_TEST\"\nhosts = [\"127.0.0.1:1\"]\n";
    std::fs::create_dir(home.path().join("lockgate")).expect("a folder");
    std::fs::write(home.path().join("lockgate/lockgate.toml"), configuration).expect("a file");
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("XDG_CONFIG_HOME", home.path()).env("TOKEN_OF_TEST", value);
        lockgate_tests::Ended::of(command.output().expect("lockgate starts"))
    };
    run(&["run", "--untrusted"]).expect_code(0);
    let journal =
        [run(&["journal", "latest", "ask", "--json"]).stdout, run(&["journal", "latest", "see", "--json"]).stdout];
    for calls in &journal {
        assert!(calls.contains("untrusted"), "it is said why: {calls}");
        assert!(!calls.contains(value) && !calls.contains("<secret"), "{calls}");
    }
    // The same in a trusted run, so that this test can fail.
    run(&["run"]).expect_code(0);
    let calls = run(&["journal", "latest", "see", "--json"]).stdout;
    assert!(!calls.contains("untrusted") && !calls.contains(value), "{calls}");
    assert!(calls.contains("<") && calls.contains("\"exited\":0"), "{calls}");
}
