//! A database in a folder of its own, and short words for what the tests do with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};

use lockgate_model::ids::{AttemptId, StreamId};
use lockgate_model::time::Timestamp;
use lockgate_ports::log::Recorded;
use lockgate_ports::{Append, Clock, EventLog, Lease, LogError};
use lockgate_store::sqlite::{Database, Settings};
use rusqlite::Connection;
use tempfile::TempDir;

/// Each look at this clock is a millisecond later than the one before.
#[derive(Debug, Default)]
pub(crate) struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn monotonic_us(&self) -> u64 {
        self.now().0 * 1_000
    }
}

/// A folder for one test.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("lockgate.db")
    }

    pub(crate) fn open(&self) -> Arc<Database> {
        open(&self.file(), Settings::default()).unwrap()
    }

    /// A connection of somebody else.
    pub(crate) fn stranger(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }
}

pub(crate) fn open(file: &Path, settings: Settings) -> Result<Arc<Database>, LogError> {
    Database::open_with(file, Arc::new(TestClock::default()), settings)
}

pub(crate) fn stream(name: &str) -> StreamId {
    format!("run/{name}").parse().unwrap()
}

pub(crate) fn attempt(job: &str, number: u32) -> AttemptId {
    let run = "0123456789abcd".parse().unwrap();
    AttemptId { run, job: job.parse().unwrap(), step: "unit".parse().unwrap(), number }
}

/// Claims a stream for the next second, at the beginning of time.
pub(crate) fn claim(log: &dyn EventLog, stream: &StreamId) -> Lease {
    log.claim(stream, "owner", Timestamp(0), Timestamp(1_000)).unwrap()
}

/// An append of `bodies` behind `expected_seq`, with nothing beside it.
pub(crate) fn append_of(lease: &Lease, expected_seq: u64, bodies: &[&str]) -> Append {
    let events = bodies.iter().map(|body| body.as_bytes().to_vec()).collect();
    Append {
        stream: lease.stream.clone(),
        expected_seq,
        epoch: lease.epoch,
        at: Timestamp(7),
        events,
        view_rows: Vec::new(),
        journals: Vec::new(),
    }
}

/// Hands an append over; the result comes later.
pub(crate) fn submit(log: &dyn EventLog, append: Append) -> Receiver<Result<(), LogError>> {
    let (told, result) = channel();
    log.append(append, Box::new(move |outcome| told.send(outcome).unwrap()));
    result
}

/// Appends and waits.
pub(crate) fn append(log: &dyn EventLog, lease: &Lease, expected_seq: u64, bodies: &[&str]) -> Result<(), LogError> {
    submit(log, append_of(lease, expected_seq, bodies)).recv().unwrap()
}

/// All of a stream; fails where its numbers have a gap.
pub(crate) fn events(log: &dyn EventLog, stream: &StreamId) -> Vec<Recorded> {
    let events = log.read(stream, 0, usize::MAX).unwrap();
    for (event, expected) in events.iter().zip(1..) {
        assert_eq!(event.seq, expected, "a gap in {stream}");
    }
    events
}

/// The bodies of a stream as text.
pub(crate) fn bodies(log: &dyn EventLog, stream: &StreamId) -> Vec<String> {
    events(log, stream).into_iter().map(|event| String::from_utf8(event.body).unwrap()).collect()
}
