//! Wishes for whoever drives a stream.

use lockgate_model::ids::StreamId;
use lockgate_model::limits::EVENT_BYTES_MAX;
use lockgate_model::time::Timestamp;
use lockgate_ports::{Lease, LogError};
use rusqlite::params;

use super::signed;
use super::streams::{Head, Session};
use super::task::Failure;

/// Wishes that may wait for one stream.
pub const COMMANDS_MAX: i64 = 1_000;

/// Leaves a wish; the stream need not have been claimed yet.
pub(super) fn send(session: &mut Session<'_>, stream: &StreamId, at: Timestamp, body: &[u8]) -> Result<(), Failure> {
    if body.len() > EVENT_BYTES_MAX {
        return Err(Failure::Refused(LogError::TooLarge { bytes: body.len(), max_bytes: EVENT_BYTES_MAX }));
    }
    let head = session.head_or_new(stream)?;
    refuse_when_many(session, stream, head)?;
    let sql = "insert into command (stream, at, body) values (?1, ?2, ?3)";
    session.connection.prepare_cached(sql)?.execute(params![head.id, signed(at.0), body])?;
    Ok(())
}

fn refuse_when_many(session: &Session<'_>, stream: &StreamId, head: Head) -> Result<(), Failure> {
    let sql = "select count(*) from command where stream = ?1";
    let waiting: i64 = session.connection.prepare_cached(sql)?.query_row([head.id], |row| row.get(0))?;
    if waiting < COMMANDS_MAX {
        return Ok(());
    }
    let text = format!("{waiting} commands wait for stream {stream} already; nobody seems to drive it: resume it");
    Err(Failure::Refused(LogError::Other(text)))
}

/// Takes the wishes, oldest first. What is taken is deleted by the taker's next call or release only: when its process
/// dies before it has acted, whoever claims the stream next is given the same wishes again.
pub(super) fn receive(session: &mut Session<'_>, lease: &Lease) -> Result<Vec<Vec<u8>>, Failure> {
    let head = session.head_under(&lease.stream, lease.epoch)?;
    confirm(session, head, lease.epoch)?;
    let sql = "select body from command where stream = ?1 order by id";
    let mut select = session.connection.prepare_cached(sql)?;
    let bodies = select.query_map([head.id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let sql = "update command set taken_epoch = ?2 where stream = ?1";
    session.connection.prepare_cached(sql)?.execute(params![head.id, signed(lease.epoch)])?;
    Ok(bodies)
}

/// Deletes the wishes that were taken under this epoch.
pub(super) fn confirm(session: &Session<'_>, head: Head, epoch: u64) -> rusqlite::Result<()> {
    let sql = "delete from command where stream = ?1 and taken_epoch = ?2";
    session.connection.prepare_cached(sql)?.execute(params![head.id, signed(epoch)])?;
    Ok(())
}
