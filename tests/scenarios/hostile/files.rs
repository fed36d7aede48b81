//! Ways out of a workspace, and into files that may only be read.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::{Value, json};

use super::beside::{Beside, granted, step, told, tries};

/// A file beside the project that nobody was given.
const OUTSIDE: &str = "nobody was given this";

#[test]
fn no_path_leads_out_of_a_workspace() {
    let outside = tempfile::NamedTempFile::new().expect("a file");
    fs::write(outside.path(), OUTSIDE).expect("written");
    let path = outside.path().display().to_string();
    let beside = Beside::new();
    symlink(&path, beside.project.path("to-file")).expect("a link");
    symlink("/etc", beside.project.path("to-etc")).expect("a link");
    let up = format!("../../../../../../../..{path}");
    let results = beside.run(&[tries(
        "a",
        &json!([
            { "read": path }, { "read": up }, { "read": "to-file" }, { "read": "to-etc/passwd" },
            { "truncate": path }, { "truncate": up }, { "truncate": "to-file" },
            { "link": [path, "hard"] }, { "link": [up, "hard"] }, { "link": ["to-file", "hard"] }, { "read": "hard" },
            { "rename": [path, "moved"] }, { "rename": [up, "moved"] }, { "rename": ["lockgate.yaml", up] },
            { "symlink": [path, "new"] }, { "symlink": ["../../../../../..", "new"] }, { "read": "new/etc/passwd" },
        ]),
    )]);
    let told = told(&results[0]);
    let worked: Vec<_> = told.iter().filter(|told| !told.starts_with("error")).collect();
    // A link may get a second name; what it leads to is as far away as before. One that leads up is only a name.
    assert!(worked.iter().all(|told| *told == "done") && worked.len() <= 2, "{told:#?}");
    assert!(told.iter().all(|told| !told.contains(OUTSIDE) && !told.contains("root:")), "{told:#?}");
    assert_eq!(fs::read_to_string(outside.path()).expect("still there"), OUTSIDE);
}

#[test]
fn what_may_only_be_read_is_not_truncated_moved_or_named_anew() {
    let beside = Beside::new();
    beside.project.write("kept.txt", "kept");
    let changes = json!([
        { "truncate": "kept.txt" }, { "rename": ["kept.txt", "moved"] }, { "rename": ["open.txt", "kept.txt"] },
        { "link": ["kept.txt", "open.txt"] }, { "symlink": ["kept.txt", "open2.txt"] }, { "truncate": "open2.txt" },
        { "read": "kept.txt" },
    ]);
    let steps = [
        granted(tries("reads", &changes), &json!({ "read": ["**"], "write": ["open*.txt"] })),
        step("scans", "reader", &json!({})),
        granted(tries("hidden", &json!([{ "read": "kept.txt" }])), &json!({ "read": ["open*.txt"] })),
    ];
    let mut steps: Vec<Value> = steps.into_iter().collect();
    steps[1]["with"] = json!({ "files": "kept.txt" });
    let results = beside.run(&steps);
    let told_of = told(&results[0]);
    assert!(told_of[..4].iter().all(|told| told.starts_with("error")), "{told_of:#?}");
    assert!(told_of[5].starts_with("error"), "through a link: {told_of:#?}");
    assert_eq!(told_of[6], "kept");
    assert_eq!(results[1]["conclusion"], "passed", "{:#}", results[1]);
    assert!(told(&results[2])[0].starts_with("error"), "{:#}", results[2]);
}

#[test]
fn a_link_to_a_file_of_the_system_is_carried_as_a_link() {
    let beside = Beside::new();
    let makes = json!({ "id": "makes", "run": "ln -s /etc/passwd out; ln -s /etc folder; echo x > plain" });
    let reads = tries("reads", &json!([{ "read": "out" }, { "read": "folder/passwd" }, { "read": "plain" }]));
    let results = beside.run(&[makes, reads]);
    assert_eq!(results[0]["conclusion"], "passed", "{:#}", results[0]);
    let told = told(&results[1]);
    assert!(told[0].starts_with("error") && told[1].starts_with("error"), "{told:#?}");
    assert_eq!(told[2], "x\n");
    let system = fs::read("/etc/passwd").expect("a file of the system");
    insist_on_no_blob(&beside.project.path(".lockgate/blobs"), &system);
}

fn insist_on_no_blob(folder: &std::path::Path, bytes: &[u8]) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            insist_on_no_blob(&path, bytes);
        } else {
            assert_ne!(fs::read(&path).expect("a blob"), bytes, "{} is the system's file", path.display());
        }
    }
}

#[test]
fn bits_that_lend_rights_are_not_carried() {
    let beside = Beside::new();
    let makes =
        json!({ "id": "makes", "run": "cp /bin/true lent; chmod 6755 lent; mkdir d; chmod 1777 d; echo x > d/f" });
    let reads = json!({ "id": "reads", "run": "stat -c '%a %n' lent d/f" });
    let results = beside.run(&[makes, reads]);
    assert_eq!(results[1]["conclusion"], "passed", "{:#}", results[1]);
    let log = beside.project.lockgate(&["logs", "latest", "reads"]).stdout;
    assert!(log.contains("755 lent") && !log.contains("6755"), "{log}");
    let mode = fs::metadata("/bin/true").expect("a program").permissions().mode();
    assert_eq!(mode & 0o7000, 0, "the system's own is not lent either, so it proves nothing");
}
