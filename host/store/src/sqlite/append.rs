//! Appending events, with their view rows and journals. Everything is checked before anything is written.

use lockgate_model::ids::AttemptId;
use lockgate_model::limits::EVENT_BYTES_MAX;
use lockgate_ports::log::ViewRow;
use lockgate_ports::{Append, LogError};
use rusqlite::params;

use super::signed;
use super::streams::{Head, Session, event_key};
use super::task::Failure;

/// All bodies of one append.
pub const APPEND_BYTES_MAX: usize = 16 * 1024 * 1024;
/// One row of a view.
pub const VIEW_ROW_BYTES_MAX: usize = 1024 * 1024;
/// A journal that is committed with its attempt's last event; larger ones are files.
pub const JOURNAL_INLINE_BYTES_MAX: usize = 128 * 1024;

/// Bytes of all bodies.
pub(super) fn bytes_of(append: &Append) -> usize {
    let events = append.events.iter().map(Vec::len);
    let rows = append.view_rows.iter().map(|row| row.body.len());
    let journals = append.journals.iter().map(|(_, body)| body.len());
    events.chain(rows).chain(journals).sum()
}

/// Appends, for one who holds the lease and knows where the stream ends.
pub(super) fn append(session: &mut Session<'_>, append: &Append) -> Result<(), Failure> {
    let head = session.head_under(&append.stream, append.epoch)?;
    check_position(append, head).and_then(|()| check_sizes(append)).map_err(Failure::Refused)?;
    insert_events(session, append, head)?;
    replace_rows(session, &append.view_rows)?;
    insert_journals(session, &append.journals)?;
    session.advance(&append.stream, head, append.events.len());
    Ok(())
}

fn check_position(append: &Append, head: Head) -> Result<(), LogError> {
    if append.expected_seq == head.seq {
        return Ok(());
    }
    Err(LogError::WrongSeq { stream: append.stream.clone(), expected: append.expected_seq, actual: head.seq })
}

fn check_sizes(append: &Append) -> Result<(), LogError> {
    if let Some(event) = append.events.iter().find(|event| event.len() > EVENT_BYTES_MAX) {
        return Err(LogError::TooLarge { bytes: event.len(), max_bytes: EVENT_BYTES_MAX });
    }
    for row in &append.view_rows {
        limit(row.body.len(), VIEW_ROW_BYTES_MAX, || format!("the row {} of view {}", row.key, row.view))?;
    }
    for (attempt, body) in &append.journals {
        limit(body.len(), JOURNAL_INLINE_BYTES_MAX, || format!("the journal of attempt {attempt}"))?;
    }
    limit(bytes_of(append), APPEND_BYTES_MAX, || format!("an append to stream {}", append.stream))
}

fn limit(bytes: usize, max_bytes: usize, name: impl FnOnce() -> String) -> Result<(), LogError> {
    if bytes <= max_bytes {
        return Ok(());
    }
    Err(LogError::Other(format!("{} has {bytes} bytes, over the limit of {max_bytes}", name())))
}

fn insert_events(session: &Session<'_>, append: &Append, head: Head) -> rusqlite::Result<()> {
    let sql = "insert into event (stream, seq, at, body) values (?1, ?2, ?3, ?4)";
    let mut insert = session.connection.prepare_cached(sql)?;
    for (nth, body) in append.events.iter().enumerate() {
        let (stream, seq) = event_key(head, nth);
        insert.execute(params![stream, seq, signed(append.at.0), body])?;
    }
    Ok(())
}

fn replace_rows(session: &Session<'_>, rows: &[ViewRow]) -> rusqlite::Result<()> {
    let sql = "insert or replace into view (view, key, body) values (?1, ?2, ?3)";
    let mut replace = session.connection.prepare_cached(sql)?;
    for row in rows {
        replace.execute(params![row.view, row.key, row.body])?;
    }
    Ok(())
}

fn insert_journals(session: &Session<'_>, journals: &[(AttemptId, Vec<u8>)]) -> rusqlite::Result<()> {
    let sql = "insert or replace into journal (attempt, body) values (?1, ?2)";
    let mut insert = session.connection.prepare_cached(sql)?;
    for (attempt, body) in journals {
        insert.execute(params![attempt.to_string(), body])?;
    }
    Ok(())
}
