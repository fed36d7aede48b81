//! Bad files, bad plugins, bad disks, bad databases: each a clear error with its exit code, and nothing recorded is lost.

use lockgate_tests::{Ended, Project};

const GOOD: &str = "name: good\nplugins: { verdict: \"registry.example/guests/verdict:0.1\" }\njobs:\n  check:\n    steps:\n      - { uses: verdict }\n";

/// Validates a pipeline of this text: exit 2, and the text says where and why.
fn refused(text: &str, why: &[&str]) -> Ended {
    let project = Project::empty();
    project.write("lockgate.yaml", text);
    for command in ["validate", "run"] {
        let ended = project.lockgate(&[command]);
        ended.expect_code(2);
        for why in why {
            ended.expect_text(why);
        }
    }
    project.lockgate(&["validate"])
}

#[test]
fn a_missing_file_is_named() {
    let project = Project::empty();
    for command in ["validate", "plan", "run"] {
        project
            .lockgate(&[command, "nowhere.yaml"])
            .expect_code(2)
            .expect_text("nowhere.yaml")
            .expect_text("No such file");
    }
}

#[test]
fn files_that_are_no_pipeline_are_refused_at_their_place() {
    refused("", &["lockgate.yaml"]);
    refused("jobs: [1, 2", &["lockgate.yaml:1"]);
    refused("just a text", &["lockgate.yaml:1:1"]);
    refused("jobs:\n  a:\n    stepz: []\n", &["lockgate.yaml:3:5", "stepz", "steps"]);
}

#[test]
fn a_pipe_is_no_pipeline() {
    let project = Project::empty();
    let made = std::process::Command::new("mkfifo").arg(project.path("pipe.yaml")).status();
    assert!(made.is_ok_and(|status| status.success()));
    project.lockgate(&["validate", "pipe.yaml"]).expect_code(2).expect_text("no regular file");
}

#[test]
fn output_that_cannot_be_written_ends_no_run() {
    let project = Project::with(GOOD, &["verdict"]);
    for arguments in [&["run"][..], &["run", "--json-lines"], &["runs"], &["schema"]] {
        let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
        let status = project.command(arguments).stdout(full()).stderr(full()).status().expect("lockgate starts");
        assert!(matches!(status.code(), Some(0 | 3)), "{arguments:?}: {status}");
    }
    let rows = project.lockgate(&["runs"]);
    assert_eq!(rows.stdout.matches("passed").count(), 2, "both runs went to their end: {}", rows.stdout);
}

#[test]
fn looking_at_a_file_leaves_the_folder_as_it_is() {
    let project = Project::empty();
    project.write("lockgate.yaml", "jobs: { a: { steps: [] } }\n");
    project.lockgate(&["validate"]).expect_code(2);
    project.lockgate(&["plan"]).expect_code(2);
    assert!(!project.path(".lockgate").exists());
}

#[test]
fn an_input_is_given_once() {
    let project = Project::with(GOOD, &["verdict"]);
    project.lockgate(&["run", "-i", "a=1", "-i", "a=2"]).expect_code(2).expect_text("given twice");
}

#[test]
fn a_terminal_is_not_painted_by_a_pipeline() {
    let project = Project::with(&GOOD.replace("name: good", "name: \"esc \\e[31mred\""), &["verdict"]);
    project.lockgate(&["run"]).expect_code(0);
    for command in ["runs", "show", "plan"] {
        let ended = project.lockgate(&[command]);
        assert!(!ended.expect_code(0).stdout.contains('\u{1b}'), "{command}: {:?}", ended.stdout);
    }
}

#[test]
fn a_step_whose_output_is_too_large_ends_and_so_does_its_run() {
    let script = "printf 'x=' >> $LOCKGATE_OUTPUT; head -c 20000 /dev/zero | tr '\\\\0' '\\\\1' >> $LOCKGATE_OUTPUT; echo >> $LOCKGATE_OUTPUT";
    let project = Project::with(&format!("name: large\njobs:\n  a:\n    steps:\n      - run: \"{script}\"\n"), &[]);
    project.lockgate(&["run"]).expect_code(1).expect_text("outputs have");
}

#[test]
fn a_cycle_is_shown_with_its_way() {
    let text = "jobs:\n  a: { needs: [b], steps: [{ run: x }] }\n  b: { needs: [a], steps: [{ run: x }] }\n";
    refused(text, &["cycle", "a", "b"]);
}

#[test]
fn two_jobs_of_one_id_are_a_mistake() {
    refused("jobs:\n  a: { steps: [{ run: x }] }\n  a: { steps: [{ run: x }] }\n", &["lockgate.yaml:3:3"]);
}

#[test]
fn yaml_bombs_do_not_go_off() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    refused(&laughs, &["lockgate.yaml"]);
    refused(&format!("jobs: {}", "[".repeat(100_000)), &["lockgate.yaml"]);
    refused(&format!("name: {}\n", "x".repeat(3 * 1024 * 1024)), &["lockgate.yaml"]);
}

#[test]
fn ten_mistakes_give_ten_diagnostics() {
    let project = Project::with(GOOD, &["verdict"]);
    let text = include_str!("../golden/ten-mistakes.yaml");
    project.write("ten.yaml", text);
    let ended = project.lockgate(&["validate", "ten.yaml", "--json"]);
    ended.expect_code(2);
    let found: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let errors = found.as_array().expect("a list").iter().filter(|one| one["severity"] == "error");
    assert_eq!(errors.count(), 10, "{found:#}");
    let shown = project.lockgate(&["validate", "ten.yaml"]);
    assert_eq!(shown.stderr.matches("error").count().min(10), 10, "{}", shown.stderr);
}

#[test]
fn a_wrong_word_in_a_configuration_is_told_with_the_right_ones() {
    let project = Project::empty();
    let with = |with: &str| {
        format!(
            "name: words\nplugins: {{ cargo: \"registry.example/lockgate/cargo:0.1\", gate: \"registry.example/lockgate/threshold:0.1\" }}\njobs:\n  a:\n    steps:\n{with}"
        )
    };
    let cargo = "      - { uses: cargo, with: { command: tset }, grants: { exec: [cargo] } }\n";
    project.write(
        "lockgate.yaml",
        &with(&format!("{cargo}      - {{ uses: gate, with: {{ tests: {{ failed: zero }} }} }}\n")),
    );
    project.lockgate(&["lock"]).expect_code(0);
    let ended = project.lockgate(&["validate"]);
    ended.expect_code(2).expect_text("did you mean `test`?").expect_text("lockgate.yaml:7:");
    assert!(!ended.stderr.contains("anyOf") && !ended.stderr.contains("oneOf"), "{}", ended.stderr);
}

#[test]
fn a_plugin_that_is_not_locked_does_not_run() {
    refused(GOOD, &["lockgate.lock", "verdict"]);
}

#[test]
fn a_component_that_is_none_is_refused_when_it_is_locked() {
    let project = Project::empty();
    project.write("lockgate.yaml", GOOD);
    let layout = lockgate_registry::Layout::open(&project.path("guests")).expect("a layout");
    let reference = "registry.example/guests/verdict:0.1".parse().expect("a reference");
    assert!(layout.push(&reference, b"not a component at all", None).is_err());
}

#[test]
fn a_lock_entry_for_another_reference_is_stale() {
    let project = Project::with(GOOD, &["verdict"]);
    project.write("lockgate.yaml", &GOOD.replace("verdict:0.1", "verdict:0.2"));
    project.lockgate(&["run"]).expect_code(2).expect_text("verdict:0.2").expect_text("lockgate lock");
}

#[test]
fn a_truncated_component_in_the_layout_is_noticed() {
    let project = Project::with(GOOD, &["verdict"]);
    std::fs::remove_dir_all(project.path(".lockgate")).expect("no state");
    for_each_blob(&project.path("guests/blobs/sha256"), |bytes| bytes.len() > 10_000);
    // As a machine finds it that has not pulled the plugin before.
    let mut run = project.command(&["run"]);
    run.env("LOCKGATE_CACHE", project.path(".another-cache"));
    Ended::of(run.output().expect("lockgate starts")).expect_code(3).expect_text("bytes");
}

#[test]
fn a_truncated_blob_of_a_run_is_noticed_and_nothing_else_is_lost() {
    let pipeline = "name: files\njobs:\n  work:\n    steps:\n      - { id: one, run: \"cat data > kept\" }\n      - { id: two, run: \"test -e mended\" }\n";
    let project = Project::with(pipeline, &[]);
    project.write("data", &"a line of data\n".repeat(1000));
    project.lockgate(&["run"]).expect_code(1);
    for_each_blob(&project.path(".lockgate/blobs/sha256"), |bytes| bytes.starts_with(b"a line of data"));
    project.lockgate(&["retry", "latest", "--failed"]).expect_code(3).expect_text("damaged");
    project.lockgate(&["show"]).expect_code(0).expect_text("one");
}

/// Cuts every blob that fits in half.
fn for_each_blob(folder: &std::path::Path, fits: fn(&[u8]) -> bool) {
    let mut cut = 0;
    for entry in walk(folder) {
        let bytes = std::fs::read(&entry).expect("a blob");
        if fits(&bytes) {
            std::fs::remove_file(&entry).expect("removed");
            std::fs::write(&entry, &bytes[..bytes.len() / 2]).expect("cut");
            cut += 1;
        }
    }
    assert!(cut > 0, "no blob was found to cut");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let project = Project::with(GOOD, &["verdict"]);
    project.lockgate(&["run"]).expect_code(0);
    let ours = version(&project);
    sqlite(&project, "PRAGMA user_version = 9999");
    project.lockgate(&["run"]).expect_code(3).expect_text("newer lockgate");
    sqlite(&project, &format!("PRAGMA user_version = {ours}"));
    project.lockgate(&["show"]).expect_code(0).expect_text("passed");
}

#[test]
fn a_database_that_is_locked_is_said_to_be() {
    let project = Project::with(GOOD, &["verdict"]);
    project.lockgate(&["run"]).expect_code(0);
    let connection = rusqlite::Connection::open(project.path(".lockgate/state.db")).expect("the database");
    connection.execute_batch("BEGIN EXCLUSIVE").expect("locked");
    project.lockgate(&["run"]).expect_code(3).expect_text("locked");
    drop(connection);
    project.lockgate(&["run"]).expect_code(0);
    assert_eq!(project.lockgate(&["runs"]).stdout.lines().count(), 2);
}

#[test]
fn a_file_that_is_no_database_is_said_to_be() {
    let project = Project::with(GOOD, &["verdict"]);
    project.write(".lockgate/state.db", &"this is no database\n".repeat(500));
    project.lockgate(&["run"]).expect_code(3).expect_text("state.db");
}

fn version(project: &Project) -> u32 {
    let connection = rusqlite::Connection::open(project.path(".lockgate/state.db")).expect("the database");
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version")
}

fn sqlite(project: &Project, sql: &str) {
    let connection = rusqlite::Connection::open(project.path(".lockgate/state.db")).expect("the database");
    connection.execute_batch(sql).expect("done");
}

#[test]
fn a_full_disk_ends_the_run_and_loses_nothing() {
    let project = Project::with(
        "name: full\njobs:\n  work:\n    steps:\n      - { id: small, run: \"echo small > small\" }\n      - { id: large, run: \"head -c 30000000 /dev/urandom > large\" }\n",
        &[],
    );
    let Some(_disk) = SmallDisk::mount(&project.path(".lockgate"), "24m") else { return };
    let ended = project.lockgate(&["run"]);
    ended.expect_code(3).expect_text("o space left").expect_text("small");
    project.lockgate(&["show"]).expect_code(0).expect_text("small");
}

/// A disk that is soon full, unmounted when dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &std::path::Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).expect("a folder");
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at);
        let mounted = command.output().is_ok_and(|output| output.status.success());
        if !mounted {
            println!("SKIPPED: a small disk can only be mounted by root with the right to mount");
        }
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
