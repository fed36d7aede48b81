//! Prints what appending costs on this machine's disk: `cargo run --release --example append_cost [FOLDER]`.
//!
//! Figures are medians in microseconds: one durable append alone, a bare write and sync of as many bytes, and one
//! event of a batch.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Instant;

use lockgate_model::time::Timestamp;
use lockgate_ports::{Append, Clock, EventLog, Lease};
use lockgate_store::sqlite::Database;

const EVENT_BYTES: usize = 600;
const ALONE: usize = 500;
const BATCHES: usize = 20;
const BATCH_EVENTS: usize = 1_000;

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic_us(&self) -> u64 {
        0
    }
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Measuring is this program's purpose, so that it reads the clock itself.
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn microseconds(work: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e6)
}

fn median(times: usize, mut work: impl FnMut(usize) -> Outcome<()>) -> Outcome<f64> {
    let mut figures = (0..times).map(|nth| microseconds(|| work(nth))).collect::<Outcome<Vec<_>>>()?;
    figures.sort_by(f64::total_cmp);
    Ok(figures[times / 2])
}

fn append_of(lease: &Lease, expected_seq: usize) -> Append {
    Append {
        stream: lease.stream.clone(),
        expected_seq: expected_seq as u64,
        epoch: lease.epoch,
        at: Timestamp(0),
        events: vec![vec![b'x'; EVENT_BYTES]],
        view_rows: Vec::new(),
        journals: Vec::new(),
    }
}

/// Hands appends over one by one and waits for all.
fn append(log: &Database, lease: &Lease, from: usize, count: usize) -> Outcome<()> {
    let (told, results) = channel();
    for seq in from..from + count {
        let told = told.clone();
        log.append(append_of(lease, seq), Box::new(move |result| drop(told.send(result))));
    }
    for _ in 0..count {
        results.recv()??;
    }
    Ok(())
}

/// The least that a durable append can cost: as many bytes as a commit of one changed page writes.
fn bare_sync(folder: &Path) -> Outcome<f64> {
    let mut file = File::create(folder.join("bare"))?;
    let page = [0; 4096 + 24];
    median(ALONE, |_| {
        file.write_all(&page)?;
        Ok(file.sync_all()?)
    })
}

#[expect(clippy::print_stdout, reason = "it prints what it measured")]
fn main() -> Outcome<()> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder)?;
    let log = Database::open(&folder.path().join("lockgate.db"), Arc::new(StoppedClock))?;
    let lease = log.claim(&"run/alone".parse()?, "owner", Timestamp(0), Timestamp(1))?;
    println!("bare write and sync        {:8.1} us", bare_sync(folder.path())?);
    println!("one append, commit, call   {:8.1} us", median(ALONE, |nth| append(&log, &lease, nth, 1))?);
    let batch = median(BATCHES, |nth| append(&log, &lease, ALONE + nth * BATCH_EVENTS, BATCH_EVENTS))?;
    println!("one of {BATCH_EVENTS} at once         {:8.1} us", batch / BATCH_EVENTS as f64);
    Ok(())
}
