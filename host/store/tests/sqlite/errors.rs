//! What cannot be opened or is in somebody else's hands.

use std::fs;
use std::path::PathBuf;

use lockgate_ports::LogError;
use lockgate_store::sqlite::Settings;

use crate::support::{Place, append, bodies, claim, open, stream};

fn impatient() -> Settings {
    Settings { busy_timeout_ms: 30, ..Settings::default() }
}

fn refusal(place: &Place) -> LogError {
    open(&place.file(), impatient()).map(drop).unwrap_err()
}

fn locked(place: &Place) -> LogError {
    LogError::Locked { path: place.file().display().to_string() }
}

#[test]
fn an_append_waits_for_a_lock_and_then_gives_up_alone() {
    let place = Place::new();
    let log = open(&place.file(), impatient()).unwrap();
    let lease = claim(&*log, &stream("a"));
    append(&*log, &lease, 0, &["before"]).unwrap();
    let other = place.stranger();
    other.execute_batch("begin exclusive").unwrap();
    assert_eq!(append(&*log, &lease, 1, &["refused"]), Err(locked(&place)));
    assert_eq!(bodies(&*log, &lease.stream), ["before"]);
    other.execute_batch("rollback").unwrap();
    append(&*log, &lease, 1, &["after"]).unwrap();
    assert_eq!(bodies(&*log, &lease.stream), ["before", "after"]);
}

#[test]
fn a_database_that_another_holds_for_itself_is_locked() {
    let place = Place::new();
    drop(place.open());
    let other = place.stranger();
    other.execute_batch("pragma locking_mode = exclusive; begin exclusive").unwrap();
    assert_eq!(refusal(&place), locked(&place));
    drop(other);
    place.open();
}

#[test]
fn a_file_that_another_is_just_making_is_locked() {
    let place = Place::new();
    let other = place.stranger();
    other.execute_batch("begin exclusive").unwrap();
    assert_eq!(refusal(&place), locked(&place));
}

#[test]
fn a_newer_database_is_refused_and_left_as_it_is() {
    let place = Place::new();
    drop(place.open());
    place.stranger().execute_batch("pragma user_version = 99").unwrap();
    let before = fs::read(place.file()).unwrap();
    let path = place.file().display().to_string();
    assert_eq!(refusal(&place), LogError::NewerVersion { path, found: 99, known: 2 });
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[test]
fn an_older_database_is_brought_to_this_version() {
    let place = Place::new();
    let other = place.stranger();
    other.execute_batch(include_str!("../../src/sqlite/migrations/001_streams.sql")).unwrap();
    other.execute_batch("pragma application_id = 0x4c4b4754; pragma user_version = 1").unwrap();
    other
        .execute_batch("insert into stream values (5, 'run/a'); insert into event values (5, 1, 0, x'6f6c64')")
        .unwrap();
    drop(other);
    assert_eq!(bodies(&*place.open(), &stream("a")), ["old"]);
    let version: u32 = place.stranger().query_row("pragma user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 2);
}

#[test]
fn files_of_others_are_refused_with_a_reason_and_left_as_they_are() {
    let place = Place::new();
    let check = |expected: &str| {
        let before = fs::read(place.file()).unwrap();
        let error = refusal(&place).to_string();
        assert!(error.contains(expected) && error.contains("lockgate.db"), "{error}");
        assert_eq!(fs::read(place.file()).unwrap(), before);
        fs::remove_file(place.file()).unwrap();
    };
    fs::write(place.file(), "not a database, but long enough to look like one".repeat(100)).unwrap();
    check("file is not a database; the file is something else");
    place.stranger().execute_batch("create table guest (id integer)").unwrap();
    check("is a database of another program");
    place.stranger().execute_batch("pragma application_id = 7").unwrap();
    check("is a database of another program");
}

#[test]
fn a_place_that_cannot_be_opened_says_so() {
    let place = Place::new();
    let open = |path: PathBuf| open(&path, impatient()).map(drop).unwrap_err().to_string();
    let missing = open(place.folder().join("missing/lockgate.db"));
    assert!(missing.contains("check that its folder exists"), "{missing}");
    let folder = open(place.folder().to_owned());
    assert!(folder.starts_with("cannot open the database"), "{folder}");
}

#[test]
fn a_damaged_database_says_so() {
    let place = Place::new();
    drop(place.open());
    let mut bytes = fs::read(place.file()).unwrap();
    bytes[100..4096].fill(0xff);
    fs::write(place.file(), bytes).unwrap();
    let error = refusal(&place).to_string();
    assert!(error.contains("the file is damaged"), "{error}");
}

#[test]
fn the_file_says_whose_it_is() {
    let place = Place::new();
    drop(place.open());
    let header = fs::read(place.file()).unwrap();
    assert_eq!(&header[..16], b"SQLite format 3\0");
    assert_eq!(&header[68..72], b"LKGT");
}
