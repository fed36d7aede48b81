//! Answers that wait to be written, and how they are written: seldom, unsynced, and never at the cost of an event.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockgate_model::ids::Digest;
use rusqlite::{Connection, params};

use super::signed;

/// One value; a larger one is not remembered.
pub const CACHE_VALUE_BYTES_MAX: usize = 1024 * 1024;
/// Values that wait in memory; what comes then is not remembered.
const PENDING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Values that are worth a transaction.
const FLUSH_ENTRIES: usize = 32;
/// The same in bytes.
const FLUSH_BYTES: usize = 256 * 1024;
/// What a key costs beside its value, so that empty values are counted too.
const ENTRY_OVERHEAD_BYTES: usize = 128;
/// The oldest go when this part of the limit has been written since they last did.
const SWEEP_PART: u64 = 16;

type Key = (String, Digest);

/// A value and when it was given.
#[derive(Clone)]
struct Entry {
    value: Arc<Vec<u8>>,
    at_ms: u64,
}

#[derive(Default)]
struct Waiting {
    entries: BTreeMap<Key, Entry>,
    bytes: usize,
    /// Written since the oldest last went; nothing is known of what was there before.
    unswept_bytes: Option<u64>,
}

/// Values between `put` and their transaction. They can be read from here meanwhile.
pub(super) struct PendingCache {
    waiting: Mutex<Waiting>,
    bytes_max: u64,
}

impl PendingCache {
    /// For a cache of at most `bytes_max` on disk.
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { waiting: Mutex::default(), bytes_max }
    }

    /// Remembers a value, unless it is too large or too many wait.
    pub(super) fn put(&self, namespace: &str, key: Digest, value: Vec<u8>, at_ms: u64) {
        let bytes = cost(&value);
        let mut waiting = self.lock();
        if value.len() > CACHE_VALUE_BYTES_MAX || waiting.bytes.saturating_add(bytes) > PENDING_BYTES_MAX {
            return;
        }
        let entry = Entry { value: Arc::new(value), at_ms };
        let replaced = waiting.entries.insert((namespace.to_owned(), key), entry);
        waiting.bytes += bytes;
        waiting.bytes -= replaced.map_or(0, |entry| cost(&entry.value));
    }

    /// A value that waits.
    pub(super) fn get(&self, namespace: &str, key: Digest) -> Option<Vec<u8>> {
        let found = self.lock().entries.get(&(namespace.to_owned(), key)).map(|entry| Arc::clone(&entry.value));
        found.map(|value| value.to_vec())
    }

    /// Writes what waits when it is worth a transaction.
    pub(super) fn flush_when_due(&self, connection: &Connection) {
        let is_due = {
            let waiting = self.lock();
            waiting.entries.len() >= FLUSH_ENTRIES || waiting.bytes >= FLUSH_BYTES
        };
        if is_due {
            self.flush(connection);
        }
    }

    /// Writes what waits. What cannot be written is forgotten: a cache may.
    pub(super) fn flush(&self, connection: &Connection) {
        let entries = self.lock().entries.clone();
        if entries.is_empty() {
            return;
        }
        let swept = self.write(connection, &entries);
        if !connection.is_autocommit() {
            drop(connection.execute_batch("rollback"));
        }
        drop(connection.execute_batch("pragma synchronous = full"));
        self.forget(&entries, swept.unwrap_or(false));
    }

    /// Not synced: an answer that a power failure takes is asked for again. Whether the oldest were looked for.
    fn write(&self, connection: &Connection, entries: &BTreeMap<Key, Entry>) -> rusqlite::Result<bool> {
        let is_sweep_due = self.is_sweep_due();
        connection.execute_batch("pragma synchronous = normal; begin immediate")?;
        insert(connection, entries)?;
        if is_sweep_due {
            sweep(connection, self.bytes_max)?;
        }
        connection.execute_batch("commit")?;
        Ok(is_sweep_due)
    }

    fn is_sweep_due(&self) -> bool {
        self.lock().unswept_bytes.is_none_or(|bytes| bytes >= self.bytes_max / SWEEP_PART)
    }

    /// Ends the wait of what was written, but for what has been replaced meanwhile.
    fn forget(&self, written: &BTreeMap<Key, Entry>, swept: bool) {
        let mut waiting = self.lock();
        let mut bytes = if swept { Some(0) } else { waiting.unswept_bytes };
        for (key, entry) in written {
            bytes = bytes.map(|bytes| bytes.saturating_add(cost(&entry.value) as u64));
            if waiting.entries.get(key).is_some_and(|now| Arc::ptr_eq(&now.value, &entry.value)) {
                waiting.entries.remove(key);
                waiting.bytes -= cost(&entry.value);
            }
        }
        waiting.unswept_bytes = bytes;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(value: &[u8]) -> usize {
    value.len() + ENTRY_OVERHEAD_BYTES
}

fn insert(connection: &Connection, entries: &BTreeMap<Key, Entry>) -> rusqlite::Result<()> {
    let sql = "insert or replace into cache (namespace, key, value, bytes, at) values (?1, ?2, ?3, ?4, ?5)";
    let mut insert = connection.prepare_cached(sql)?;
    for ((namespace, key), Entry { value, at_ms }) in entries {
        let bytes = signed(cost(value) as u64);
        insert.execute(params![namespace, key.as_bytes(), value.as_slice(), bytes, signed(*at_ms)])?;
    }
    Ok(())
}

/// Keeps the newest that fit and deletes the rest; reads one index only.
fn sweep(connection: &Connection, bytes_max: u64) -> rusqlite::Result<()> {
    let sql = "delete from cache where id in (
                   select id from (select id, sum(bytes) over (order by at desc, id desc) as kept_bytes from cache)
                   where kept_bytes > ?1)";
    connection.prepare_cached(sql)?.execute([signed(bytes_max)])?;
    Ok(())
}
