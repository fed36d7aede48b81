//! Journals of attempts: a row while small, a file when large, or long enough under way to be followed live.

mod flusher;
mod format;
mod names;
mod packed;
mod record_file;
mod recorder;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, RunId};
use lockgate_ports::{Journal, Recorder};

use self::flusher::Flusher;
use self::recorder::FileRecorder;
use super::database::Database;

pub use self::record_file::JOURNAL_BYTES_MAX;
pub use self::recorder::JOURNAL_SPILL_BYTES;

/// Journals in a folder, `RUN/JOB~STEP~NUMBER.journal`, with the small ones in the database.
pub struct JournalFiles {
    database: Arc<Database>,
    folder: PathBuf,
    /// Runs whose folder was looked at, and whether there was one.
    looked_at: Mutex<BTreeMap<RunId, bool>>,
    /// Whether this process has made a file.
    made: Arc<AtomicBool>,
    flusher: Flusher,
}

impl JournalFiles {
    /// Files go below `folder`, which is made when the first one is.
    #[must_use]
    pub fn new(database: Arc<Database>, folder: PathBuf) -> Self {
        Self { database, folder, looked_at: Mutex::default(), made: Arc::default(), flusher: Flusher::default() }
    }

    /// Removes what an earlier try left under an attempt's name. Pure attempts make no file, and shall not pay for one
    /// that cannot be there: a run's folder is looked for once.
    fn sweep(&self, attempt: &AttemptId, path: &Path) {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = || path.parent().is_some_and(Path::exists);
        let had_folder = *looked_at.entry(attempt.run.clone()).or_insert_with(is_there);
        if had_folder || self.made.load(Ordering::SeqCst) {
            drop(fs::remove_file(path));
        }
    }
}

impl Journal for JournalFiles {
    /// A file that an earlier process left under the same name is removed: it died with its attempt.
    fn open(&self, attempt: &AttemptId, live: bool) -> Arc<dyn Recorder> {
        let path = names::file_of(&self.folder, attempt);
        self.sweep(attempt, &path);
        let recorder = Arc::new(FileRecorder::new(path, self.made.clone()));
        if live {
            self.flusher.watch(&recorder);
        }
        recorder
    }

    fn read(&self, attempt: &AttemptId, from: u32) -> Result<Vec<HostCall>, String> {
        let mut calls = read_file(&names::file_of(&self.folder, attempt), from)?;
        let row = self.database.inline_journal(attempt).map_err(|error| error.to_string())?;
        let row = row.unwrap_or_default();
        let read = packed::unpack(&row).and_then(|journal| format::read(&*journal, from, &mut calls));
        read.map_err(|error| format!("the journal of {attempt} in the database: {error}"))?;
        Ok(calls)
    }
}

fn read_file(path: &Path, from: u32) -> Result<Vec<HostCall>, String> {
    let mut calls = Vec::new();
    let place = path.display();
    match fs::File::open(path) {
        Ok(file) => {
            let read = format::read(BufReader::new(file), from, &mut calls);
            read.map_err(|error| format!("cannot read the journal {place}: {error}"))?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(format!("cannot open the journal {place}: {error}")),
    }
    Ok(calls)
}
