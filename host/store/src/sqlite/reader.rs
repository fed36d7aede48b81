//! Connections that read, and every query that the log, the cache and the journal make.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockgate_model::ids::{AttemptId, Digest, StreamId};
use lockgate_model::time::Timestamp;
use lockgate_ports::LogError;
use lockgate_ports::cache::NamespaceStats;
use lockgate_ports::log::{Recorded, ViewRow};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::connection::open_reader;
use super::error::log_error;
use super::settings::Settings;
use super::{signed, unsigned};

/// Connections that are kept open while nobody reads.
const IDLE_READERS_MAX: usize = 4;

/// The connections. A query sees everything that was committed before it began.
pub(super) struct Readers {
    path: PathBuf,
    settings: Settings,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// For the database at `path`, which a writer has opened.
    pub(super) fn new(path: PathBuf, settings: Settings) -> Self {
        Self { path, settings, idle: Mutex::default() }
    }

    /// Asks on a connection of its own, so that readers do not wait for each other.
    pub(super) fn ask<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LogError> {
        let failed = |error: rusqlite::Error| log_error(&self.path, "read", &error);
        let idle = self.idle().pop();
        let connection = idle.map_or_else(|| open_reader(&self.path, self.settings), Ok).map_err(failed)?;
        let answer = query(&connection).map_err(failed);
        let mut idle = self.idle();
        if idle.len() < IDLE_READERS_MAX {
            idle.push(connection);
        }
        answer
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Events of a stream behind `after`, oldest first.
pub(super) fn events(
    connection: &Connection,
    stream: &StreamId,
    after: u64,
    events_max: usize,
) -> rusqlite::Result<Vec<Recorded>> {
    let sql = "select seq, at, body from event
               where stream = (select id from stream where name = ?1) and seq > ?2 order by seq limit ?3";
    let event = |row: &Row<'_>| {
        Ok(Recorded { seq: unsigned(row.get(0)?), at: Timestamp(unsigned(row.get(1)?)), body: row.get(2)? })
    };
    let mut select = connection.prepare_cached(sql)?;
    select.query_map(params![stream.as_str(), signed(after), signed(events_max as u64)], event)?.collect()
}

/// Rows of a view, highest key first.
pub(super) fn rows(connection: &Connection, view: &str, rows_max: usize) -> rusqlite::Result<Vec<ViewRow>> {
    let sql = "select key, body from view where view = ?1 order by key desc limit ?2";
    let row = |row: &Row<'_>| Ok(ViewRow { view: view.to_owned(), key: row.get(0)?, body: row.get(1)? });
    let mut select = connection.prepare_cached(sql)?;
    select.query_map(params![view, signed(rows_max as u64)], row)?.collect()
}

/// The epoch in force for a stream, 0 for an unknown one, and whether wishes wait for it, taken ones included.
pub(super) fn epoch_and_commands(connection: &Connection, stream: &StreamId) -> rusqlite::Result<(u64, bool)> {
    let sql = "select coalesce(lease.epoch, 0), exists (select 1 from command where command.stream = stream.id)
               from stream left join lease on lease.stream = stream.id where stream.name = ?1";
    let pair = |row: &Row<'_>| Ok((unsigned(row.get(0)?), row.get(1)?));
    let found = connection.prepare_cached(sql)?.query_row([stream.as_str()], pair).optional()?;
    Ok(found.unwrap_or((0, false)))
}

/// A value of the cache.
pub(super) fn cached(connection: &Connection, namespace: &str, key: Digest) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "select value from cache where namespace = ?1 and key = ?2";
    let value = |row: &Row<'_>| row.get(0);
    connection.prepare_cached(sql)?.query_row(params![namespace, key.as_bytes()], value).optional()
}

/// What the cache holds, by namespace.
pub(super) fn cache_stats(connection: &Connection) -> rusqlite::Result<Vec<NamespaceStats>> {
    let sql = "select namespace, count(*), sum(bytes) from cache group by namespace order by namespace";
    let row = |row: &Row<'_>| {
        let (entries, bytes) = (unsigned(row.get(1)?), unsigned(row.get(2)?));
        Ok(NamespaceStats { namespace: row.get(0)?, entries, bytes })
    };
    connection.prepare_cached(sql)?.query_map([], row)?.collect()
}

/// All values of the cache, one after the other: namespace, key, value.
pub(super) fn each_cached(connection: &Connection, mut visit: impl FnMut(&str, Digest, &[u8])) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached("select namespace, key, value from cache order by id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (namespace, key, value) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_blob()?, row.get_ref(2)?);
        if let Ok(key) = <[u8; 32]>::try_from(key) {
            visit(namespace, Digest::from_bytes(key), value.as_blob()?);
        }
    }
    Ok(())
}

/// The journal that was committed with an attempt's end.
pub(super) fn journal(connection: &Connection, attempt: &AttemptId) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "select body from journal where attempt = ?1";
    connection.prepare_cached(sql)?.query_row([attempt.to_string()], |row| row.get(0)).optional()
}
