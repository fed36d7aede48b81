//! Connections that read, and every query that the log, the cache and the journal make.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockgate_model::ids::{AttemptId, Digest, StreamId};
use lockgate_model::time::Timestamp;
use lockgate_ports::LogError;
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

/// The journal that was committed with an attempt's end.
pub(super) fn journal(connection: &Connection, attempt: &AttemptId) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "select body from journal where attempt = ?1";
    connection.prepare_cached(sql)?.query_row([attempt.to_string()], |row| row.get(0)).optional()
}
