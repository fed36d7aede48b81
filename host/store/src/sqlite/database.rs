//! The database as the ports see it.

use std::path::Path;
use std::sync::Arc;

use lockgate_model::ids::{AttemptId, Digest, StreamId};
use lockgate_model::time::Timestamp;
use lockgate_ports::cache::NamespaceStats;
use lockgate_ports::log::{Appended, Recorded, ViewRow};
use lockgate_ports::{Append, Cache, Clock, EventLog, Lease, LogError};

use super::cache::PendingCache;
use super::connection::open_writer;
use super::lease::Claim;
use super::reader::{self, Readers};
use super::settings::Settings;
use super::writer::Writer;
use super::{append, cache, command, lease};

/// One SQLite file with everything that is remembered. Who claims streams of it names himself by
/// `owner_of_this_process`, or his leases are respected to their end after his death. Dropping the last handle carries out what waits and closes it.
pub struct Database {
    // Readers go first, so that the writer is the last to close the file and leaves no write-ahead log behind.
    readers: Readers,
    writer: Writer,
    cache: Arc<PendingCache>,
    clock: Arc<dyn Clock>,
}

impl Database {
    /// Opens the database at `path`; a missing file is made, an older one brought to this version. `clock` tells the
    /// age of cached answers.
    ///
    /// # Errors
    /// `Locked` when another process holds it for longer than `BUSY_TIMEOUT_MS`, `NewerVersion`, `Full`; `Other` when
    /// the file is no database, another program's, or cannot be opened. Nothing is written then.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Arc<Self>, LogError> {
        Self::open_with(path, clock, Settings::default())
    }

    /// The same with limits of one's own.
    ///
    /// # Errors
    /// As for `open`.
    pub fn open_with(path: &Path, clock: Arc<dyn Clock>, settings: Settings) -> Result<Arc<Self>, LogError> {
        let connection = open_writer(path, settings)?;
        let cache = Arc::new(PendingCache::new(settings.cache_bytes_max));
        let writer = Writer::start(connection, path.to_owned(), Arc::clone(&cache))?;
        Ok(Arc::new(Self { readers: Readers::new(path.to_owned(), settings), writer, cache, clock }))
    }

    /// The journal that was committed with an attempt's end, where it was small.
    pub(super) fn inline_journal(&self, attempt: &AttemptId) -> Result<Option<Vec<u8>>, LogError> {
        self.readers.ask(|connection| reader::journal(connection, attempt))
    }
}

impl EventLog for Database {
    fn claim(&self, stream: &StreamId, owner: &str, now: Timestamp, until: Timestamp) -> Result<Lease, LogError> {
        let claim = Claim { stream: stream.clone(), owner: owner.to_owned(), now, until };
        self.writer.call(claim.owner.len(), move |session| lease::claim(session, &claim))
    }

    fn renew(&self, lease: &Lease, until: Timestamp) -> Result<(), LogError> {
        let lease = lease.clone();
        self.writer.call(0, move |session| lease::renew(session, &lease, until))
    }

    /// Does not wait: a lease that cannot be given back ends by its time.
    fn release(&self, lease: &Lease) {
        let lease = lease.clone();
        self.writer.submit(0, move |session| lease::release(session, &lease), drop);
    }

    fn append(&self, append: Append, appended: Appended) {
        self.writer.submit(append::bytes_of(&append), move |session| append::append(session, &append), appended);
    }

    fn read(&self, stream: &StreamId, after: u64, events_max: usize) -> Result<Vec<Recorded>, LogError> {
        self.readers.ask(|connection| reader::events(connection, stream, after, events_max))
    }

    fn rows(&self, view: &str, rows_max: usize) -> Result<Vec<ViewRow>, LogError> {
        self.readers.ask(|connection| reader::rows(connection, view, rows_max))
    }

    fn send(&self, stream: &StreamId, now: Timestamp, body: Vec<u8>) -> Result<(), LogError> {
        let stream = stream.clone();
        self.writer.call(body.len(), move |session| command::send(session, &stream, now, &body))
    }

    /// Asked often and mostly in vain: only when wishes wait does it write.
    fn receive(&self, lease: &Lease) -> Result<Vec<Vec<u8>>, LogError> {
        let (current, commands) =
            self.readers.ask(|connection| reader::epoch_and_commands(connection, &lease.stream))?;
        if current != lease.epoch {
            return Err(LogError::Fenced { stream: lease.stream.clone(), ours: lease.epoch, current });
        }
        if !commands {
            return Ok(Vec::new());
        }
        let lease = lease.clone();
        self.writer.call(0, move |session| command::receive(session, &lease))
    }
}

/// Looking after the cache as it is on disk; what waits in this process is not seen.
impl Database {
    /// What it holds, by namespace.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn cache_stats(&self) -> Result<Vec<NamespaceStats>, LogError> {
        self.readers.ask(reader::cache_stats)
    }

    /// Visits every value: namespace, key, value.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn each_cached(&self, visit: impl FnMut(&str, Digest, &[u8])) -> Result<(), LogError> {
        self.readers.ask(|connection| reader::each_cached(connection, visit))
    }

    /// Forgets values.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget_cached(&self, keys: Vec<(String, Digest)>) -> Result<(), LogError> {
        self.writer.call(0, move |session| cache::remove(session.connection, &keys).map_err(Into::into))
    }

    /// Forgets the oldest values until those that are left cost at most `bytes_max`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn prune_cache(&self, bytes_max: u64) -> Result<(), LogError> {
        self.writer.call(0, move |session| cache::sweep(session.connection, bytes_max).map_err(Into::into))
    }
}

impl Cache for Database {
    fn get(&self, namespace: &str, key: &Digest) -> Option<Vec<u8>> {
        let pending = self.cache.get(namespace, *key);
        pending.or_else(|| self.readers.ask(|connection| reader::cached(connection, namespace, *key)).ok().flatten())
    }

    fn put(&self, namespace: &str, key: &Digest, value: Vec<u8>) {
        self.cache.put(namespace, *key, value, self.clock.now().0);
    }
}
