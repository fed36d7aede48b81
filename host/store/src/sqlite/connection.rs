//! Connections to the file: how they are opened, and that the file is ours.

use std::path::Path;
use std::thread;
use std::time::Duration;

use lockgate_ports::LogError;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::log_error;
use super::migrate::{self, VERSION};
use super::settings::Settings;

/// `LKGT`; `file` and the like know a database by it.
pub(super) const APPLICATION_ID: i64 = 0x4c4b_4754;
/// The write-ahead log is carried over into the database when it has grown to this, 4 MiB, and is then written from its
/// start again: a commit that overwrites is on disk in half the time of one that makes the file longer, which is worth
/// the millisecond that one commit in some hundreds waits.
const WAL_PAGES_MAX: u32 = 1_000;
/// What the writer keeps of the file in memory.
const PAGE_CACHE_KIB_MAX: u32 = 8 * 1024;
/// A commit has fewer kinds of statements than this; all stay prepared.
const STATEMENTS_MAX: usize = 64;
/// Entering WAL mode does not wait for others by itself: SQLite says `busy` at once. Tries are this far apart.
const WAL_MODE_RETRY_MS: u64 = 10;

/// Who wrote the file, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    application_id: i64,
    pub(super) version: i64,
    tables: i64,
}

impl Identity {
    /// What the file says; all in one statement, so that another process cannot come between.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let sql = "select (select application_id from pragma_application_id),
                          (select user_version from pragma_user_version),
                          (select count(*) from sqlite_schema)";
        connection.query_row(sql, [], |row| {
            Ok(Self { application_id: row.get(0)?, version: row.get(1)?, tables: row.get(2)? })
        })
    }

    fn is_new(self) -> bool {
        self == Self { application_id: 0, version: 0, tables: 0 }
    }

    /// Refuses a foreign file and one of a later form.
    pub(super) fn check(self, path: &Path) -> Result<(), LogError> {
        let path = path.display().to_string();
        if !self.is_new() && self.application_id != APPLICATION_ID {
            let text = format!("{path} is a database of another program; name another file, or move it away");
            return Err(LogError::Other(text));
        }
        match u32::try_from(self.version) {
            Ok(version) if version <= VERSION => Ok(()),
            found => Err(LogError::NewerVersion { path, found: found.unwrap_or(u32::MAX), known: VERSION }),
        }
    }
}

/// The connection that writes: creates the file or brings it to this version. Nothing is written to a file that is
/// not ours.
pub(super) fn open_writer(path: &Path, settings: Settings) -> Result<Connection, LogError> {
    let failed = |error: rusqlite::Error| log_error(path, "open", &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, settings).map_err(failed)?;
    Identity::read(&connection).map_err(failed)?.check(path)?;
    configure_writer(&connection, settings).map_err(failed)?;
    migrate::migrate(&connection, path)?;
    Ok(connection)
}

/// A connection that reads, beside a writer that lives.
pub(super) fn open_reader(path: &Path, settings: Settings) -> rusqlite::Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX, settings)
}

fn open(path: &Path, flags: OpenFlags, settings: Settings) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_millis(settings.busy_timeout_ms))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

fn configure_writer(connection: &Connection, settings: Settings) -> rusqlite::Result<()> {
    enter_wal_mode(connection, settings.busy_timeout_ms)?;
    connection.execute_batch(&format!(
        "pragma synchronous = full; pragma temp_store = memory;
         pragma wal_autocheckpoint = {WAL_PAGES_MAX}; pragma cache_size = -{PAGE_CACHE_KIB_MAX};"
    ))?;
    if let Some(pages) = settings.file_pages_max {
        connection.execute_batch(&format!("pragma max_page_count = {pages}"))?;
    }
    Ok(())
}

fn enter_wal_mode(connection: &Connection, busy_timeout_ms: u64) -> rusqlite::Result<()> {
    let mut tries_left = busy_timeout_ms / WAL_MODE_RETRY_MS;
    loop {
        match connection.query_row("pragma journal_mode = wal", [], |_| Ok(())) {
            Err(error) if tries_left > 0 && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                tries_left -= 1;
                thread::sleep(Duration::from_millis(WAL_MODE_RETRY_MS));
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_of_a_writer_are_synced_and_readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lockgate.db");
        let writer = open_writer(&path, Settings::default()).unwrap();
        let pragma = |name: &str| -> i64 { writer.query_row(&format!("pragma {name}"), [], |row| row.get(0)).unwrap() };
        const FULL: i64 = 2;
        assert_eq!(pragma("synchronous"), FULL);
        assert_eq!(pragma("wal_autocheckpoint"), i64::from(WAL_PAGES_MAX));
        assert_eq!(pragma("busy_timeout"), 5_000);
        let reader = open_reader(&path, Settings::default()).unwrap();
        let error = reader.execute_batch("delete from event").unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly));
    }
}
