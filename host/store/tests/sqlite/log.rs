//! Appending and reading.

use lockgate_model::limits::EVENT_BYTES_MAX;
use lockgate_model::time::Timestamp;
use lockgate_ports::log::{Recorded, ViewRow};
use lockgate_ports::{Append, EventLog, LogError};
use lockgate_store::sqlite::{APPEND_BYTES_MAX, JOURNAL_INLINE_BYTES_MAX, VIEW_ROW_BYTES_MAX};

use crate::support::{Place, append, append_of, attempt, bodies, claim, stream, submit};

fn row(view: &str, key: &str, body: &str) -> ViewRow {
    ViewRow { view: view.to_owned(), key: key.to_owned(), body: body.as_bytes().to_vec() }
}

#[test]
fn what_was_acknowledged_is_read_back_also_after_reopening() {
    let place = Place::new();
    let log = place.open();
    let lease = claim(&*log, &stream("a"));
    append(&*log, &lease, 0, &["one", "two"]).unwrap();
    append(&*log, &lease, 2, &["three"]).unwrap();
    for _ in 0..2 {
        let log = place.open();
        assert_eq!(bodies(&*log, &lease.stream), ["one", "two", "three"]);
        let second = Recorded { seq: 2, at: Timestamp(7), body: b"two".to_vec() };
        assert_eq!(log.read(&lease.stream, 1, 1).unwrap(), [second]);
        assert_eq!(log.read(&stream("unknown"), 0, 10).unwrap(), []);
    }
}

#[test]
fn the_last_handle_leaves_one_file_with_everything() {
    let place = Place::new();
    let log = place.open();
    let lease = claim(&*log, &stream("a"));
    let last = submit(&*log, append_of(&lease, 0, &["one"]));
    log.read(&lease.stream, 0, 1).unwrap();
    drop(log);
    last.recv().unwrap().unwrap();
    let names: Vec<_> = place.folder().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["lockgate.db"]);
    assert_eq!(bodies(&*place.open(), &lease.stream), ["one"]);
}

#[test]
fn views_are_written_with_the_events_or_not_at_all() {
    let place = Place::new();
    let log = place.open();
    let lease = claim(&*log, &stream("a"));
    let with_rows = |expected_seq, rows: &[ViewRow]| Append {
        view_rows: rows.to_vec(),
        ..append_of(&lease, expected_seq, &["event"])
    };
    let rows = [row("run", "1", "old"), row("run", "2", "two"), row("alert", "9", "other")];
    submit(&*log, with_rows(0, &rows)).recv().unwrap().unwrap();
    submit(&*log, with_rows(1, &[row("run", "1", "new")])).recv().unwrap().unwrap();
    submit(&*log, with_rows(0, &[row("run", "3", "never")])).recv().unwrap().unwrap_err();
    assert_eq!(log.rows("run", 10).unwrap(), [row("run", "2", "two"), row("run", "1", "new")]);
    assert_eq!(log.rows("run", 1).unwrap(), [row("run", "2", "two")]);
    assert_eq!(log.rows("unknown", 10).unwrap(), []);
}

#[test]
fn an_event_may_be_as_large_as_the_limit_and_no_larger() {
    let place = Place::new();
    let log = place.open();
    let lease = claim(&*log, &stream("a"));
    append(&*log, &lease, 0, &[&"x".repeat(EVENT_BYTES_MAX)]).unwrap();
    let too_large = LogError::TooLarge { bytes: EVENT_BYTES_MAX + 1, max_bytes: EVENT_BYTES_MAX };
    assert_eq!(append(&*log, &lease, 1, &["fine", &"x".repeat(EVENT_BYTES_MAX + 1)]), Err(too_large));
    assert_eq!(bodies(&*log, &lease.stream).len(), 1);
}

#[test]
fn everything_beside_events_is_limited_too() {
    let place = Place::new();
    let log = place.open();
    let lease = claim(&*log, &stream("a"));
    let check = |append: Append, expected: &str| {
        let error = submit(&*log, append).recv().unwrap().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let empty = append_of(&lease, 0, &[]);
    let large_row = row("run", "key", &"x".repeat(VIEW_ROW_BYTES_MAX + 1));
    check(Append { view_rows: vec![large_row], ..empty.clone() }, "the row key of view run has 1048577 bytes");
    let large_journal = (attempt("build", 1), vec![0; JOURNAL_INLINE_BYTES_MAX + 1]);
    check(
        Append { journals: vec![large_journal], ..empty.clone() },
        "the journal of attempt 0123456789abcd/build/unit#1",
    );
    let many = vec![vec![0; EVENT_BYTES_MAX]; APPEND_BYTES_MAX / EVENT_BYTES_MAX + 1];
    check(Append { events: many, ..empty }, "an append to stream run/a has 16842752 bytes");
}

#[test]
fn a_refused_append_leaves_the_others_of_its_batch_alone() {
    let place = Place::new();
    let log = place.open();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| claim(&*log, &stream(name)));
    let old = claim(&*log, &stream("e"));
    let new = claim(&*log, &old.stream);
    let other = place.stranger();
    other.execute_batch("begin immediate").unwrap();
    let large = "x".repeat(EVENT_BYTES_MAX + 1);
    let results = [
        (append_of(&a, 0, &["a1"]), Ok(())),
        (append_of(&old, 0, &["e1"]), Err("fenced")),
        (append_of(&b, 3, &["b4"]), Err("wrong seq")),
        (append_of(&c, 0, &[&large]), Err("too large")),
        (append_of(&c, 1, &["built on it"]), Err("wrong seq")),
        (append_of(&d, 0, &["d1"]), Ok(())),
        (append_of(&d, 1, &["d2"]), Ok(())),
    ]
    .map(|(append, expected)| (submit(&*log, append), expected));
    other.execute_batch("rollback").unwrap();
    for (nth, (result, expected)) in results.into_iter().enumerate() {
        let found = result.recv().unwrap().map_err(|error| match error {
            LogError::Fenced { ours: 1, current: 2, .. } => "fenced",
            LogError::WrongSeq { actual: 0, .. } => "wrong seq",
            LogError::TooLarge { .. } => "too large",
            error => panic!("{error}"),
        });
        assert_eq!(found, expected, "append {nth}");
    }
    let found = [&a, &b, &c, &d, &new].map(|lease| bodies(&*log, &lease.stream));
    assert_eq!(found.map(|bodies| bodies.join(" ")), ["a1", "", "", "d1 d2", ""]);
}

#[test]
fn the_last_handle_may_be_dropped_by_a_callback() {
    let place = Place::new();
    let log = place.open();
    let lease = claim(&*log, &stream("a"));
    let (told, result) = std::sync::mpsc::channel();
    let other = place.stranger();
    other.execute_batch("begin immediate").unwrap();
    let last = log.clone();
    let appended = move |outcome| {
        drop(last);
        told.send(outcome).unwrap();
    };
    log.append(append_of(&lease, 0, &["event"]), Box::new(appended));
    drop(log);
    other.execute_batch("rollback").unwrap();
    result.recv().unwrap().unwrap();
    assert_eq!(bodies(&*place.open(), &lease.stream), ["event"]);
}

/// Commits in the write-ahead log: its frames whose header tells the database's size (SQLite's file format, 4.1).
fn commits(place: &Place) -> usize {
    const HEADER_BYTES: usize = 32;
    const FRAME_BYTES: usize = 24 + 4096;
    let log = std::fs::read(place.file().with_extension("db-wal")).unwrap();
    log[HEADER_BYTES..].chunks_exact(FRAME_BYTES).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn what_waits_is_committed_together() {
    let place = Place::new();
    let log = place.open();
    let leases: Vec<_> = (0..100).map(|n| claim(&*log, &stream(&n.to_string()))).collect();
    let other = place.stranger();
    other.execute_batch("begin immediate").unwrap();
    let before = commits(&place);
    let results: Vec<_> = std::thread::scope(|scope| {
        let submit = |lease| submit(&*log, append_of(lease, 0, &["event"]));
        let threads: Vec<_> = leases.iter().map(|lease| scope.spawn(move || submit(lease))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    other.execute_batch("rollback").unwrap();
    assert!(results.iter().all(|result| result.recv().unwrap().is_ok()));
    // The first to come was waiting for the lock alone; the rest came while it did.
    let commits = commits(&place) - before;
    assert!((1..=2).contains(&commits), "{commits} commits for 100 appends");
}
