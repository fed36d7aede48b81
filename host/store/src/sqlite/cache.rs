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
    /// Written since the oldest last went; none where that is not known.
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
        let unswept_bytes = self.write(connection, &entries).unwrap_or(None);
        if !connection.is_autocommit() {
            drop(connection.execute_batch("rollback"));
        }
        drop(connection.execute_batch("pragma synchronous = full"));
        self.forget(&entries, unswept_bytes);
    }

    /// Not synced: an answer that a power failure takes is asked for again. Gives what stands unswept then.
    fn write(&self, connection: &Connection, entries: &BTreeMap<Key, Entry>) -> rusqlite::Result<Option<u64>> {
        let bytes: u64 = entries.values().map(|entry| cost(&entry.value) as u64).sum();
        let unswept_bytes = self.lock().unswept_bytes.map(|unswept| unswept.saturating_add(bytes));
        let still_unswept = unswept_bytes.filter(|unswept| *unswept < self.bytes_max / SWEEP_PART);
        connection.execute_batch("pragma synchronous = normal; begin immediate")?;
        insert(connection, entries)?;
        if still_unswept.is_none() {
            sweep(connection, self.bytes_max)?;
        }
        connection.execute_batch("commit")?;
        Ok(still_unswept.or(Some(0)))
    }

    /// Ends the wait of what was written, but for what has been replaced meanwhile.
    fn forget(&self, written: &BTreeMap<Key, Entry>, unswept_bytes: Option<u64>) {
        let mut waiting = self.lock();
        waiting.unswept_bytes = unswept_bytes;
        for (key, entry) in written {
            if waiting.entries.get(key).is_some_and(|now| Arc::ptr_eq(&now.value, &entry.value)) {
                waiting.entries.remove(key);
                waiting.bytes -= cost(&entry.value);
            }
        }
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

/// Deletes values.
pub(super) fn remove(connection: &Connection, keys: &[(String, Digest)]) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached("delete from cache where namespace = ?1 and key = ?2")?;
    for (namespace, key) in keys {
        delete.execute(params![namespace, key.as_bytes()])?;
    }
    Ok(())
}

/// Keeps the newest that fit and deletes the rest; reads one index only.
pub(super) fn sweep(connection: &Connection, bytes_max: u64) -> rusqlite::Result<()> {
    let sql = "delete from cache where id in (
                   select id from (select id, sum(bytes) over (order by at desc, id desc) as kept_bytes from cache)
                   where kept_bytes > ?1)";
    connection.prepare_cached(sql)?.execute([signed(bytes_max)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::connection::open_writer;
    use crate::sqlite::settings::Settings;

    #[test]
    fn after_a_flush_commits_are_synced_again_whether_it_could_be_written_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(&folder.path().join("lockgate.db"), Settings::default()).unwrap();
        let cache = PendingCache::new(1_000);
        let check = |is_written: bool| {
            cache.put("call", Digest::of(b"key"), b"value".to_vec(), 0);
            cache.flush(&connection);
            let synchronous: i64 = connection.query_row("pragma synchronous", [], |row| row.get(0)).unwrap();
            assert_eq!((synchronous, connection.is_autocommit()), (2, true));
            let written = connection.query_row("select count(*) from cache", [], |row| row.get::<_, i64>(0));
            assert_eq!(written.ok(), is_written.then_some(1));
            assert_eq!(cache.get("call", Digest::of(b"key")), None);
        };
        check(true);
        connection.execute_batch("drop table cache").unwrap();
        check(false);
    }
}
