//! Journals of attempts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use lockgate_model::host_call::{CallBody, HostCall, LogLevel, LogLine, LogSource, Permission};
use lockgate_ports::{Append, Journal, Recorder};
use lockgate_store::sqlite::{JOURNAL_BYTES_MAX, JOURNAL_SPILL_BYTES, JournalFiles};

use crate::support::{Place, append_of, attempt, claim, stream, submit};

pub(crate) fn line(message: &str) -> HostCall {
    let message = message.to_owned();
    let body = CallBody::Line(LogLine { source: LogSource::Log, level: LogLevel::Info, message, fields: Vec::new() });
    HostCall { seq: 0, at_ms: 5, duration_us: 1, permission: Permission::Free, body }
}

pub(crate) fn messages(calls: &[HostCall]) -> Vec<&str> {
    calls
        .iter()
        .map(|call| match &call.body {
            CallBody::Line(line) => line.message.as_str(),
            body => panic!("{body:?} is no line"),
        })
        .collect()
}

/// Longer than calls wait in memory.
const FLUSHED: std::time::Duration = std::time::Duration::from_millis(500);

/// A journal in a place, the file of attempt `build` 1, and a recorder for it.
struct Desk {
    place: Place,
    journal: JournalFiles,
}

impl Desk {
    fn new() -> Self {
        let place = Place::new();
        let journal = JournalFiles::new(place.open(), place.folder().join("journal"));
        Self { place, journal }
    }

    fn file(&self) -> PathBuf {
        self.place.folder().join("journal/0123456789abcd/build~unit~1.journal")
    }

    fn open(&self, live: bool) -> std::sync::Arc<dyn Recorder> {
        self.journal.open(&attempt("build", 1), live)
    }

    fn read(&self, from: u32) -> Vec<HostCall> {
        self.journal.read(&attempt("build", 1), from).unwrap()
    }

    /// What others can see soon after it was recorded.
    fn wait_for(&self, from: u32) -> Vec<HostCall> {
        let mut looks = (0..500).map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            self.read(from)
        });
        looks.find(|calls| !calls.is_empty()).expect("a live call is seen within five seconds")
    }

    /// Commits what a recorder returned, as the engine does.
    fn commit(&self, body: Vec<u8>) {
        let log = self.place.open();
        let lease = claim(&*log, &stream("a"));
        let append = Append { journals: vec![(attempt("build", 1), body)], ..append_of(&lease, 0, &["finished"]) };
        submit(&*log, append).recv().unwrap().unwrap();
    }
}

#[test]
fn a_small_journal_is_committed_with_the_attempts_end() {
    let desk = Desk::new();
    let recorder = desk.open(false);
    ["one", "two", "three"].iter().for_each(|message| recorder.record(line(message)));
    desk.commit(recorder.finish().unwrap());
    assert!(!desk.place.folder().join("journal").exists());
    let calls = desk.read(0);
    assert_eq!(messages(&calls), ["one", "two", "three"]);
    assert_eq!(calls.iter().map(|call| call.seq).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(calls[1], HostCall { seq: 1, ..line("two") });
    assert_eq!(messages(&desk.read(2)), ["three"]);
    assert_eq!(desk.read(3), []);
}

#[test]
fn an_attempt_without_calls_leaves_nothing() {
    let desk = Desk::new();
    for live in [false, true] {
        assert_eq!(desk.open(live).finish(), None);
        assert_eq!(desk.read(0), []);
    }
    assert!(!desk.place.folder().join("journal").exists());
}

#[test]
fn a_large_journal_goes_to_its_file() {
    let desk = Desk::new();
    let recorder = desk.open(false);
    let message = "x".repeat(1_000);
    let count = JOURNAL_SPILL_BYTES / 1_200;
    (1..count).for_each(|_| recorder.record(line(&message)));
    assert!(!desk.file().exists());
    (0..count).for_each(|_| recorder.record(line(&message)));
    assert!(desk.file().exists());
    assert_eq!(recorder.finish(), None);
    assert_eq!(desk.read(0).len(), 2 * count - 1);
    assert_eq!(desk.read(3)[0].seq, 3);
}

#[test]
fn a_live_journal_can_be_followed_call_by_call() {
    let desk = Desk::new();
    let recorder = desk.open(true);
    for (message, from) in [("one", 0), ("two", 1), ("three", 2)] {
        recorder.record(line(message));
        assert_eq!(messages(&desk.wait_for(from)), [message]);
    }
    assert_eq!(recorder.finish(), None);
    recorder.record(line("after the end"));
    assert_eq!(messages(&desk.read(0)), ["one", "two", "three"]);
}

#[test]
fn a_live_journal_that_ends_before_anybody_can_follow_makes_no_file() {
    let desk = Desk::new();
    // A flush may fall between the line and the end; it cannot do so each time.
    let ended = (0..20).find_map(|_| {
        let recorder = desk.open(true);
        recorder.record(line("one"));
        recorder.finish()
    });
    desk.commit(ended.expect("a journal that was not flushed"));
    assert!(!desk.file().exists());
    assert_eq!(messages(&desk.read(0)), ["one"]);
}

#[test]
fn calls_of_many_threads_are_numbered_without_a_gap() {
    let desk = Desk::new();
    let recorder = desk.open(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..500).for_each(|_| recorder.record(line("call"))));
        }
    });
    desk.commit(recorder.finish().expect("few bytes"));
    let numbers: Vec<_> = desk.read(0).iter().map(|call| call.seq).collect();
    assert_eq!(numbers, (0..2_000).collect::<Vec<_>>());
}

#[test]
fn half_a_record_at_the_end_is_left_out_and_nonsense_elsewhere_is_said() {
    let desk = Desk::new();
    let recorder = desk.open(true);
    recorder.record(line("one"));
    desk.wait_for(0);
    let first = fs::read(desk.file()).unwrap().len();
    recorder.record(line("two"));
    desk.wait_for(1);
    let whole = fs::read(desk.file()).unwrap();
    for end in first..whole.len() {
        fs::write(desk.file(), &whole[..end]).unwrap();
        assert_eq!(messages(&desk.read(0)), ["one"], "cut at {end}");
    }
    fs::write(desk.file(), [&whole[..], &8_u32.to_le_bytes(), b"nonsense"].concat()).unwrap();
    let error = desk.journal.read(&attempt("build", 1), 0).unwrap_err();
    assert!(error.contains("record 3") && error.contains("build~unit~1.journal"), "{error}");
}

#[test]
fn a_new_try_under_an_old_name_begins_anew() {
    let desk = Desk::new();
    let killed = desk.open(true);
    killed.record(line("of a host that was killed"));
    assert_eq!(desk.wait_for(0).len(), 1);
    drop(killed);
    assert_eq!(desk.open(false).finish(), None);
    assert_eq!(desk.read(0), []);
}

#[test]
fn what_cannot_be_written_is_counted_and_said_with_the_attempts_end() {
    let desk = Desk::new();
    fs::write(desk.place.folder().join("journal"), "a file where the folder should be").unwrap();
    let recorder = desk.open(true);
    (0..3).for_each(|_| recorder.record(line("lost")));
    std::thread::sleep(FLUSHED);
    fs::remove_file(desk.place.folder().join("journal")).unwrap();
    desk.commit(recorder.finish().unwrap());
    let calls = desk.read(0);
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].seq, calls[0].at_ms), (3, 5));
    let said = messages(&calls)[0];
    assert!(said.starts_with("3 host calls are missing from ") && said.contains("Not a directory"), "{said}");
}

#[test]
fn a_disk_that_fills_up_is_said_after_what_was_kept() {
    let desk = Desk::new();
    fs::create_dir_all(desk.file().parent().unwrap()).unwrap();
    let recorder = desk.open(true);
    symlink("/dev/full", desk.file()).unwrap();
    (0..2).for_each(|_| recorder.record(line("lost")));
    std::thread::sleep(FLUSHED);
    fs::remove_file(desk.file()).unwrap();
    desk.commit(recorder.finish().unwrap());
    let calls = desk.read(0);
    assert!(messages(&calls)[0].starts_with("2 host calls are missing"), "{calls:?}");
    assert!(messages(&calls)[0].contains("No space left"), "{calls:?}");
}

#[test]
fn a_journal_ends_at_its_limit_and_says_so() {
    let desk = Desk::new();
    let recorder = desk.open(false);
    let message = "x".repeat(1024 * 1024);
    let fitting = usize::try_from(JOURNAL_BYTES_MAX).unwrap() / (message.len() + 200);
    (0..fitting + 2).for_each(|_| recorder.record(line(&message)));
    desk.commit(recorder.finish().unwrap());
    assert!(fs::metadata(desk.file()).unwrap().len() <= JOURNAL_BYTES_MAX);
    let last = u32::try_from(fitting + 2).unwrap();
    let calls = desk.read(last);
    assert!(messages(&calls)[0].starts_with("2 host calls are missing"), "{calls:?}");
    assert!(messages(&calls)[0].contains("a journal may have 67108864 bytes"), "{calls:?}");
}
