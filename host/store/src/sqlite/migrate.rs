//! The file's form, version by version.

use std::path::Path;

use lockgate_ports::LogError;
use rusqlite::Connection;

use super::connection::{APPLICATION_ID, Identity};
use super::error::log_error;

/// Each brings the file from the version of its index to the next. Released ones are never changed.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/001_streams.sql"), include_str!("migrations/002_cache.sql")];

/// The version that this program writes; `pragma user_version` of the file.
pub(super) const VERSION: u32 = MIGRATIONS.len() as u32;

/// Brings the file to `VERSION`, all in one transaction.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), LogError> {
    let failed = |error: rusqlite::Error| log_error(path, "migrate", &error);
    let identity = Identity::read(connection).map_err(failed)?;
    if identity.version == i64::from(VERSION) {
        return Ok(());
    }
    connection.execute_batch("begin immediate").map_err(failed)?;
    let migrated = apply_missing(connection, path);
    let end = if migrated.is_ok() { "commit" } else { "rollback" };
    migrated.and(connection.execute_batch(end).map_err(failed))
}

/// Looks again, under the lock: another process may have migrated while this one waited.
fn apply_missing(connection: &Connection, path: &Path) -> Result<(), LogError> {
    let failed = |error: rusqlite::Error| log_error(path, "migrate", &error);
    let identity = Identity::read(connection).map_err(failed)?;
    identity.check(path)?;
    let done = usize::try_from(identity.version).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(done) {
        connection.execute_batch(migration).map_err(failed)?;
    }
    let mark = format!("pragma application_id = {APPLICATION_ID}; pragma user_version = {VERSION};");
    connection.execute_batch(&mark).map_err(failed)
}
