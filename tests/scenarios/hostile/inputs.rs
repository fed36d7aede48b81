//! What comes from outside: titles that hold a shell's words, names that hold paths.

use serde_json::json;

use super::beside::Beside;

const TITLE: &str = "a'; touch pwned; $(touch pwned) `touch pwned` ${{ inputs.title }} \" && touch pwned #";

#[test]
fn a_title_that_holds_a_shells_words_is_text() {
    let beside = Beside::new();
    let project = &beside.project;
    let prints = json!({
        "id": "prints", "run": "printf '%s\\n' \"$TITLE\"; ls",
        "env": { "TITLE": "${{ inputs.title }}" },
    });
    let input = json!({ "type": "string", "default": "none" });
    let pipeline = json!({
        "name": "titles", "on": { "manual": { "inputs": { "title": input } } },
        "jobs": { "a": { "steps": [prints] } },
    });
    project.write("lockgate.yaml", &pipeline.to_string());
    project.lockgate(&["lock"]).expect_code(0);
    project.lockgate(&["run", "--input", &format!("title={TITLE}")]).expect_code(0);
    let log = project.lockgate(&["logs", "latest"]).stdout;
    assert!(log.contains(TITLE), "{log}");
    assert!(!log.lines().any(|line| line.trim_end().ends_with("pwned") && !line.contains("touch")), "{log}");
    assert!(!project.path("pwned").exists());
}

#[test]
fn a_name_that_holds_a_path_names_nothing() {
    let beside = Beside::new();
    beside.run(&[super::beside::tries("a", &json!([{ "work": {} }]))]);
    for name in ["../../etc/passwd", "/etc/passwd", "..", "%2e%2e%2f", "latest/../..", ""] {
        for command in [&["show", name][..], &["logs", name], &["journal", name, "a"], &["replay", name]] {
            let ended = beside.project.lockgate(command);
            ended.expect_code(2);
            assert!(!ended.stdout.contains("root:") && !ended.stderr.contains("root:"), "{ended:?}");
        }
        beside.project.lockgate(&["journal", "latest", &format!("../{name}")]).expect_code(2);
    }
}
