//! Records that somebody has changed: a replay never calls them identical.

use std::fs;

use super::{Ran, files_below};

const PIPELINE: &str = "\
name: recorded
plugins: { errand: \"registry.example/guests/errand:0.1\" }
jobs:
  world:
    steps:
      - id: ask
        uses: errand
        with: { tasks: [{ get: \"http://SERVER/large?200000\" }, { read: notes.txt }, { time: {} }] }
        grants: { http: [\"http://SERVER\"], clock: true }
";

fn ran() -> Ran {
    let notes = "what the step reads\n".repeat(500);
    Ran::once(PIPELINE, &["errand"], &[("notes.txt", &notes)], 0)
}

/// The blob of the large answer.
fn answer(ran: &Ran) -> String {
    let calls = ran.calls("ask");
    let blob = calls.iter().find_map(|call| call["answer"]["blob"].as_str());
    blob.unwrap_or_else(|| panic!("no large answer in {calls:#?}")).to_owned()
}

/// The blob of the file that the step reads.
fn file(ran: &Ran) -> String {
    let text = fs::read(ran.project.path("notes.txt")).expect("a file");
    lockgate_model::ids::Digest::of(&text).to_string()
}

fn change(ran: &Ran, digest: &str) {
    let path = ran.blob(digest);
    let mut bytes = fs::read(&path).expect("a blob");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let mut permissions = fs::metadata(&path).expect("a blob").permissions();
    #[allow(clippy::permissions_set_readonly_false, reason = "it is changed at once, and goes with the test")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).expect("it is ours");
    fs::write(&path, bytes).expect("written");
}

#[test]
fn an_answer_that_was_changed_or_is_gone_is_no_answer() {
    let mut ran = ran();
    ran.lockgate(&["replay", "latest"]).expect_code(0).expect_text("identical");
    let digest = answer(&ran);
    change(&ran, &digest);
    let replayed = ran.replay_alone(&["latest"]);
    assert!(!replayed.stdout.contains("identical"), "{replayed:?}");
    replayed.expect_code(1).expect_text("http.send").expect_text(&digest);
    fs::remove_file(ran.blob(&digest)).expect("it is ours");
    ran.replay_alone(&["latest"]).expect_code(1).expect_text("http.send").expect_text(&digest);
}

#[test]
fn a_file_of_the_workspace_that_was_changed_or_is_gone_is_found() {
    let mut ran = ran();
    let digest = file(&ran);
    change(&ran, &digest);
    let replayed = ran.replay_alone(&["latest"]);
    assert!(!replayed.stdout.contains("identical"), "{replayed:?}");
    assert_ne!(replayed.code, 0, "{replayed:?}");
    replayed.expect_text(&digest);
    fs::remove_file(ran.blob(&digest)).expect("it is ours");
    let replayed = ran.replay_alone(&["latest"]);
    assert_ne!(replayed.code, 0, "{replayed:?}");
    replayed.expect_text(&digest);
}

/// The record itself: another time there is another time in the plugin's hands, or the record is no longer one.
#[test]
fn a_recorded_time_that_was_changed_is_found() {
    let mut ran = ran();
    let call = ran.calls("ask").into_iter().find(|call| call["function"] == "now").expect("it asked for the time");
    let recorded: Vec<u8> = serde_json::from_value(call["answer"]["inline"].clone()).expect("a recorded answer");
    let mut other = recorded.clone();
    other[0] ^= 1;
    assert_eq!(replace_in_journal(&ran, &recorded, &other), 1, "the answer lies somewhere: {recorded:?}");
    let replayed = ran.replay_alone(&["latest"]);
    assert!(!replayed.stdout.contains("identical"), "{replayed:?}");
    assert_ne!(replayed.code, 0, "{replayed:?}");
}

/// Replaces bytes in rows and files of the journal; gives the number of those that held them.
fn replace_in_journal(ran: &Ran, old: &[u8], new: &[u8]) -> usize {
    let replaced = |bytes: Vec<u8>| {
        let at = bytes.windows(old.len()).position(|window| window == old)?;
        Some([&bytes[..at], new, &bytes[at + old.len()..]].concat())
    };
    let mut count = 0;
    for path in files_below(&ran.project.path(".lockgate/journal")) {
        if let Some(bytes) = replaced(fs::read(&path).expect("a journal")) {
            fs::write(path, bytes).expect("it is ours");
            count += 1;
        }
    }
    let database = rusqlite::Connection::open(ran.project.path(".lockgate/state.db")).expect("a database");
    let mut rows = database.prepare("select attempt, body from journal").expect("a table");
    let rows = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))).expect("rows");
    for (attempt, body) in rows.flatten() {
        if let Some(bytes) = replaced(body) {
            let change = "update journal set body = ?1 where attempt = ?2";
            count += database.execute(change, (bytes, attempt)).expect("changed");
        }
    }
    count
}
