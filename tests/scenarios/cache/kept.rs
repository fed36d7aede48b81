//! What is kept: counted, forgotten, and checked.

use std::fs;
use std::path::PathBuf;

use lockgate_tests::Project;
use serde_json::Value;

use super::{STEPS, ran, run_and_expect_misses};

/// What the command makes.
const MADE: &[u8] = b"made:one\n";

fn entries(project: &Project, namespace: &str) -> u64 {
    let ended = project.lockgate(&["cache", "stats", "--json"]);
    let stats: Value = serde_json::from_str(ended.expect_code(0).stdout.trim()).expect("JSON");
    let found = stats.as_array().expect("a list").iter().find(|stats| stats["namespace"] == namespace);
    found.map_or(0, |stats| stats["entries"].as_u64().expect("a number"))
}

#[test]
fn stats_count_and_prune_forgets() {
    let project = ran();
    assert_eq!((entries(&project, "action"), entries(&project, "call")), (2, 2));
    assert!(entries(&project, "questions") >= 1);
    project
        .lockgate(&["cache", "stats"])
        .expect_code(0)
        .expect_text("answers of plugins")
        .expect_text("native commands");
    project.lockgate(&["cache", "prune"]).expect_code(0).expect_text("forgot 0");
    run_and_expect_misses(&project, &[]);
    project.lockgate(&["cache", "prune", "--keep", "0"]).expect_code(0).expect_text("0 are left");
    assert_eq!(entries(&project, "action"), 0);
    project.lockgate(&["cache", "verify"]).expect_code(0).expect_text("0 values");
    let missed = run_and_expect_misses(&project, &STEPS);
    project.lockgate(&["explain", "latest"]).expect_code(0).expect_text("nothing differs");
    assert!(missed.values().all(String::is_empty), "{missed:?}");
    run_and_expect_misses(&project, &[]);
}

/// The file of the blob of these bytes.
fn blob(project: &Project, bytes: &[u8]) -> PathBuf {
    let hex = lockgate_model::ids::Digest::of(bytes).hex();
    let mut folders = vec![project.path(".lockgate/blobs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.to_string_lossy().replace('/', "").ends_with(&hex) => return path,
                false => {}
            }
        }
    }
    panic!("no blob {hex}")
}

/// Other bytes of the same length, in place of what the command made.
fn damage(project: &Project) {
    let path = blob(project, MADE);
    fs::remove_file(&path).expect("it is ours");
    fs::write(&path, b"fake:one\n").expect("it is ours");
}

/// A project whose command makes a file that nothing else of the project holds.
fn ran_with_own_output() -> Project {
    let project = ran();
    super::edit(&project, "[cp, in/a, out]", "[sh, -c, 'sed s/^/made:/ in/a > out']");
    super::edit(&project, "exec: [cp]", "exec: [sh]");
    run_and_expect_misses(&project, &["make/copy"]);
    run_and_expect_misses(&project, &[]);
    project
}

#[test]
fn a_damaged_file_of_a_result_is_found_and_then_a_miss() {
    let project = ran_with_own_output();
    project.lockgate(&["cache", "verify"]).expect_code(0).expect_text("0 of them damaged");
    damage(&project);
    let digest = lockgate_model::ids::Digest::of(MADE).to_string();
    project.lockgate(&["cache", "verify"]).expect_code(1).expect_text(&digest).expect_text("forgotten");
    project.lockgate(&["cache", "verify"]).expect_code(0).expect_text("0 of them damaged");
    run_and_expect_misses(&project, &["make/copy"]);
    run_and_expect_misses(&project, &[]);
    assert_eq!(fs::read(blob(&project, MADE)).expect("a blob"), MADE, "it is whole again");
}

/// Nobody has to ask for `verify`. What is gone is no hit; what is damaged is found when it is copied, and then no hit.
#[test]
fn a_result_whose_file_is_damaged_or_gone_mends_itself() {
    let project = ran_with_own_output();
    fs::remove_file(blob(&project, MADE)).expect("it is ours");
    run_and_expect_misses(&project, &["make/copy"]);
    run_and_expect_misses(&project, &[]);
    damage(&project);
    run_and_expect_misses(&project, &["make/copy"]);
    run_and_expect_misses(&project, &[]);
    assert_eq!(fs::read(blob(&project, MADE)).expect("a blob"), MADE);
}
