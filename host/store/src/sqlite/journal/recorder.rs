//! The recorder of one attempt.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockgate_model::host_call::{CallBody, HostCall, LogLevel, LogLine, LogSource, Permission};
use lockgate_ports::Recorder;

use super::format::{Encoder, HEADER};
use super::packed::pack;
use super::record_file::RecordFile;

/// Records that wait in memory; more than that go to the file.
pub const JOURNAL_SPILL_BYTES: usize = 64 * 1024;

/// Keeps calls in memory while they are few, in a file when they are many, or when somebody may want to follow: then
/// what is in memory goes to the file a few times a second. An attempt that is over before makes no file at all.
pub(super) struct FileRecorder {
    path: PathBuf,
    /// Raised when a file is made.
    made: Arc<AtomicBool>,
    state: Mutex<State>,
    has_lost: AtomicBool,
}

#[derive(Default)]
struct State {
    next_seq: u32,
    last_at_ms: u64,
    encoder: Encoder,
    records: Vec<u8>,
    records_count: u64,
    file: Option<RecordFile>,
    lost: Option<Lost>,
    is_finished: bool,
}

/// What could not be kept, and why the first of it could not.
struct Lost {
    count: u64,
    cause: String,
}

impl FileRecorder {
    /// For an attempt that begins; makes no file yet.
    pub(super) fn new(path: PathBuf, made: Arc<AtomicBool>) -> Self {
        Self { path, made, state: Mutex::default(), has_lost: AtomicBool::new(false) }
    }

    /// Moves what waits in memory to the file, so that others can follow.
    pub(super) fn flush(&self) {
        let mut state = self.lock();
        if !state.is_finished && !state.records.is_empty() {
            self.made.store(true, Ordering::SeqCst);
            state.spill(&self.path);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for FileRecorder {
    fn record(&self, call: HostCall) {
        let mut state = self.lock();
        if state.is_finished {
            return;
        }
        // Behind a gap names would be numbered that were never written: nothing follows it.
        if state.lost.is_some() {
            state.next_seq = state.next_seq.saturating_add(1);
            state.last_at_ms = call.at_ms;
            state.lose(1, "");
            return;
        }
        state.push(call);
        if state.records.len() > JOURNAL_SPILL_BYTES {
            self.made.store(true, Ordering::SeqCst);
            state.spill(&self.path);
        }
        self.has_lost.store(state.lost.is_some(), Ordering::Relaxed);
    }

    fn has_lost(&self) -> bool {
        self.has_lost.load(Ordering::Relaxed)
    }

    fn finish(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        state.is_finished = true;
        state.finish_file(&self.path);
        state.say_what_is_lost(&self.path);
        let rest = std::mem::take(&mut state.records);
        Some(rest).filter(|rest| !rest.is_empty()).map(pack)
    }
}

impl State {
    fn push(&mut self, mut call: HostCall) {
        call.seq = self.next_seq;
        self.next_seq = self.next_seq.saturating_add(1);
        self.last_at_ms = call.at_ms;
        if self.next_seq == 1 {
            self.records.extend(HEADER);
        }
        match self.encoder.write(&call, &mut self.records) {
            Ok(()) => self.records_count += 1,
            Err(error) => self.lose(1, &error),
        }
    }

    /// Moves the records to the file.
    fn spill(&mut self, path: &Path) {
        if let Err(error) = self.write_records(path) {
            self.lose(self.records_count, &error.to_string());
        }
        self.records.clear();
        self.records_count = 0;
    }

    fn write_records(&mut self, path: &Path) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(RecordFile::create(path)?),
        };
        file.append(&self.records)
    }

    /// The attempt's end must not be on disk without its journal, so a file is synced here, once.
    fn finish_file(&mut self, path: &Path) {
        if self.file.is_some() {
            self.spill(path);
        }
        if let Some(Err(error)) = self.file.take().map(|file| file.sync()) {
            self.lose(0, &error.to_string());
        }
    }

    fn lose(&mut self, count: u64, cause: &str) {
        let lost = self.lost.get_or_insert_with(|| Lost { count: 0, cause: cause.to_owned() });
        lost.count = lost.count.saturating_add(count);
    }

    /// The last line stays in memory and is committed with the attempt's end: the disk has failed already.
    ///
    /// It is a journal of its own: the names in the file are not known to it.
    fn say_what_is_lost(&mut self, path: &Path) {
        let Some(Lost { count, cause }) = self.lost.take() else { return };
        if self.records.is_empty() {
            self.encoder = Encoder::default();
            self.records.extend(HEADER);
        }
        let message = format!("{count} host calls are missing from {}: {cause}", path.display());
        let line = LogLine { source: LogSource::Host, level: LogLevel::Warn, message, fields: Vec::new() };
        let (at_ms, permission) = (self.last_at_ms, Permission::Free);
        self.push(HostCall { seq: 0, at_ms, duration_us: 0, permission, body: CallBody::Line(line) });
    }
}
