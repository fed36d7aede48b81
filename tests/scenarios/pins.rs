//! Pins: what was locked runs, whatever its tag stands for by then; what may do more is agreed to or refused.

use lockgate_tests::{Ended, Project, guest};

const PIPELINE: &str = "name: pins\nplugins:\n  # What builds it.\n  tool: registry.example/guests/tool:0.1\njobs:\n  build:\n    steps:\n      - { uses: tool, with: { argv: [\"none\"] } }\n";

/// A build step that asks for nothing, and one that asks for the clock.
const MODEST: &str = "runner";
const GREEDY: &str = "sleeper";

fn publish(project: &Project, name: &str) {
    let component = std::fs::read(guest(&format!("lockgate-guest-{name}"))).expect("a guest");
    project.publish("tool", &component);
}

fn locked() -> Project {
    let project = Project::empty();
    publish(&project, MODEST);
    project.write("lockgate.yaml", PIPELINE);
    project.lockgate(&["lock"]).expect_code(0);
    project
}

fn lock_of(project: &Project) -> String {
    std::fs::read_to_string(project.path("lockgate.lock")).expect("a lock file")
}

fn manifest_of(lock: &str) -> String {
    lock.lines().find_map(|line| line.strip_prefix("manifest = ")).expect("a manifest").trim_matches('"').to_owned()
}

/// Rewrites the lock file and insists that nothing runs with it.
fn refused_with_lock(project: &Project, change: impl Fn(&str) -> String) -> Ended {
    let lock = lock_of(project);
    project.write("lockgate.lock", &change(&lock));
    let ended = project.lockgate(&["run"]);
    ended.expect_code(2);
    project.write("lockgate.lock", &lock);
    ended
}

#[test]
fn a_moved_tag_is_an_error_that_shows_both_digests() {
    let project = locked();
    let before = lock_of(&project);
    publish(&project, GREEDY);
    let moved = project.lockgate(&["lock"]);
    moved.expect_code(2).expect_text("the tag of `tool` was moved").expect_text(&manifest_of(&before));
    assert!(moved.stderr.matches("sha256:").count() >= 2, "{}", moved.stderr);
    assert_eq!(lock_of(&project), before);
    project.lockgate(&["plugin", "verify"]).expect_code(1).expect_text("was moved");
    project
        .lockgate(&["plugin", "add", "tool", "registry.example/guests/tool:0.1"])
        .expect_code(2)
        .expect_text("was moved");
    // What was locked goes on running.
    project.lockgate(&["validate"]).expect_code(0);
}

#[test]
fn an_update_shows_what_a_plugin_may_do_more_and_wants_it_accepted() {
    let project = locked();
    let before = lock_of(&project);
    publish(&project, GREEDY);
    let refused = project.lockgate(&["plugin", "update"]);
    refused.expect_code(2).expect_text("gained").expect_text("clock").expect_text("--accept");
    assert_eq!(lock_of(&project), before);
    project.lockgate(&["plugin", "update", "tool", "--accept"]).expect_code(0).expect_text("1 locked anew");
    assert!(lock_of(&project).contains("kind = \"clock\""), "{}", lock_of(&project));
    publish(&project, MODEST);
    // Less is taken over without a question.
    project.lockgate(&["plugin", "update"]).expect_code(0).expect_text("lost");
    assert_eq!(lock_of(&project), before);
}

#[test]
fn another_reference_in_the_pipeline_is_no_way_round_the_question() {
    let project = locked();
    let component = std::fs::read(guest(&format!("lockgate-guest-{GREEDY}"))).expect("a guest");
    project.publish("other", &component);
    project.write("lockgate.yaml", &PIPELINE.replace("guests/tool", "guests/other"));
    project.lockgate(&["run"]).expect_code(2).expect_text("guests/other:0.1");
    project.lockgate(&["lock"]).expect_code(2).expect_text("asks for more");
    project.lockgate(&["lock", "--accept"]).expect_code(0);
    project.write("lockgate.yaml", PIPELINE);
    project.lockgate(&["lock"]).expect_code(0);
    let to = "registry.example/guests/other:0.1";
    project.lockgate(&["plugin", "update", "tool", "--to", to]).expect_code(2).expect_text("asks for more");
    project.lockgate(&["plugin", "update", "tool", "--to", to, "--accept"]).expect_code(0);
    let pipeline = std::fs::read_to_string(project.path("lockgate.yaml")).expect("a pipeline");
    assert_eq!(pipeline, PIPELINE.replace("guests/tool", "guests/other"), "comments and all else stay");
}

#[test]
fn a_plugin_of_another_kind_has_to_be_accepted() {
    let project = locked();
    publish(&project, "verdict");
    project.lockgate(&["plugin", "update"]).expect_code(2).expect_text("is another kind of plugin");
}

#[test]
fn a_lock_file_that_was_changed_by_hand_is_found_out() {
    let project = locked();
    publish(&project, GREEDY);
    let other = locked_greedy();
    // The bytes of one plugin with the accepted asks of another.
    let swapped = refused_with_lock(&project, |lock| {
        let field =
            |text: &str, key: &str| text.lines().find(|line| line.starts_with(key)).expect("a field").to_owned();
        let mut lock = lock.to_owned();
        for key in ["manifest = ", "component = "] {
            lock = lock.replace(&field(&lock, key), &field(&other, key));
        }
        lock
    });
    swapped.expect_text("what it asks for");
    let wrong_kind = refused_with_lock(&project, |lock| lock.replace("kind = \"build-step\"", "kind = \"scanner\""));
    wrong_kind.expect_text("that it is a build-step");
}

/// The lock file of a project that accepted the greedy one.
fn locked_greedy() -> String {
    let project = Project::empty();
    publish(&project, GREEDY);
    project.write("lockgate.yaml", PIPELINE);
    project.lockgate(&["lock"]).expect_code(0);
    lock_of(&project)
}

#[test]
fn no_lock_file_puts_another_plugin_behind_run() {
    let project = Project::empty();
    publish(&project, GREEDY);
    project.write("lockgate.yaml", "name: shell\njobs: { a: { steps: [{ run: \"echo hello\" }] } }\n");
    project.lockgate(&["lock"]).expect_code(0);
    let other = locked_greedy().replace("alias = \"tool\"", "alias = \"run\"");
    project.write("lockgate.lock", &other);
    project.lockgate(&["run"]).expect_code(2);
    let add = ["plugin", "add", "run", "registry.example/guests/tool:0.1"];
    project.lockgate(&add).expect_code(2).expect_text("behind `run:`");
}

#[test]
fn a_project_cannot_loosen_what_its_user_demands() {
    let project = locked();
    project.lockgate(&["plugin", "keygen", "--no-password"]).expect_code(0);
    let key = project.path("plugin.pub");
    let rule = format!("[[trust]]\nprefix = \"registry.example/guests/\"\nkeys = [\"{}\"]\n", key.display());
    project.write(".no-user-config/lockgate/lockgate.toml", &rule);
    let config = std::fs::read_to_string(project.path("lockgate.toml")).expect("a configuration");
    let loose = "\n[[trust]]\nprefix = \"registry.example/guests/tool\"\nsignatures = \"none\"\n";
    project.write("lockgate.toml", &format!("{config}{loose}"));
    project.lockgate(&["run"]).expect_code(2).expect_text("no signature");
    project.lockgate(&["plugin", "sign", "registry.example/guests/tool:0.1", "--key", "plugin.key"]).expect_code(0);
    project.lockgate(&["validate"]).expect_code(0);
    project.lockgate(&["plugin", "verify"]).expect_code(0).expect_text("signed with");
}

#[test]
fn a_first_rule_that_would_lock_out_the_others_is_refused_before_anything_is_written() {
    let project = locked();
    project.lockgate(&["plugin", "keygen", "--no-password"]).expect_code(0);
    let config = std::fs::read_to_string(project.path("lockgate.toml")).expect("a configuration");
    let add = ["plugin", "add", "new", "registry.example/elsewhere/new:1", "--trust", "plugin.pub"];
    project.lockgate(&add).expect_code(2).expect_text("`tool` could not be used any more");
    assert_eq!(std::fs::read_to_string(project.path("lockgate.toml")).expect("a configuration"), config);
}

#[test]
fn plugins_are_listed_and_removed() {
    let project = locked();
    let listed = project.lockgate(&["plugin", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.expect_code(0).stdout).expect("JSON");
    assert_eq!((&listed[0]["alias"], &listed[0]["kind"]), (&"tool".into(), &"build-step".into()));
    let used = project.lockgate(&["plugin", "remove", "tool"]);
    used.expect_code(2).expect_text("lockgate.yaml:8");
    project.write("lockgate.yaml", PIPELINE.split("jobs:").next().expect("a head"));
    project.lockgate(&["plugin", "remove", "tool"]).expect_code(0);
    assert!(!lock_of(&project).contains("tool"));
}
