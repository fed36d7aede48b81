//! Records that somebody has changed: a replay never calls them identical.

use std::fs;

use serde_json::Value;

use super::Ran;

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
    replayed.expect_code(1).expect_text("http.send");
    fs::remove_file(ran.blob(&digest)).expect("it is ours");
    ran.replay_alone(&["latest"]).expect_code(1).expect_text("no answer");
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

/// The record itself lies in the database: another time there is another time in the plugin's hands.
#[test]
fn a_recorded_time_that_was_changed_makes_the_outputs_differ() {
    let mut ran = ran();
    let call = |ran: &Ran| {
        let calls = ran.calls("ask");
        calls.into_iter().find(|call| call["function"] == "now").unwrap_or_default()
    };
    let recorded: Vec<u8> = serde_json::from_value(call(&ran)["answer"]["inline"].clone()).expect("a recorded answer");
    let mut other = recorded.clone();
    let last = other.last_mut().expect("bytes");
    *last ^= 1;
    assert!(replace_everywhere(&ran, &recorded, &other) > 0, "the answer lies somewhere: {recorded:?}");
    assert_ne!(call(&ran), Value::Null);
    let replayed = ran.replay_alone(&["latest"]);
    assert!(!replayed.stdout.contains("identical"), "{replayed:?}");
    assert_ne!(replayed.code, 0);
}

/// Replaces bytes in every value of every table; gives the number of values that held them.
fn replace_everywhere(ran: &Ran, old: &[u8], new: &[u8]) -> usize {
    let database = rusqlite::Connection::open(ran.project.path(".lockgate/state.db")).expect("a database");
    let mut replaced = 0;
    for (table, column) in columns(&database) {
        let mut rows = database.prepare(&format!("select rowid, \"{column}\" from \"{table}\"")).expect("a table");
        let found: Vec<(i64, Vec<u8>)> = rows
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1).unwrap_or_default())))
            .expect("rows")
            .flatten()
            .collect();
        for (row, value) in found {
            let Some(at) = value.windows(old.len()).position(|window| window == old) else { continue };
            let mut value = value;
            value[at..at + old.len()].copy_from_slice(new);
            let change = format!("update \"{table}\" set \"{column}\" = ?1 where rowid = ?2");
            replaced += database.execute(&change, (value, row)).expect("changed");
        }
    }
    replaced
}

fn columns(database: &rusqlite::Connection) -> Vec<(String, String)> {
    let mut all = database
        .prepare("select m.name, c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and m.sql not like '%without rowid%'")
        .expect("a schema");
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.flatten().collect()
}
