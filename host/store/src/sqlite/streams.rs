//! Where each stream stands, remembered between transactions and verified at the start of each.

use std::collections::BTreeMap;

use lockgate_model::ids::StreamId;
use lockgate_ports::LogError;
use rusqlite::{Connection, OptionalExtension as _};

use super::task::Failure;
use super::{signed, unsigned};

/// Streams that are remembered; beyond it all are forgotten and read again as they are needed.
const STREAMS_REMEMBERED_MAX: usize = 10_000;

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Its number in the database.
    pub(super) id: i64,
    /// Of its last event; 0 while it is empty.
    pub(super) seq: u64,
    /// The lease's; 0 while it was never claimed.
    pub(super) epoch: u64,
}

/// What the writer remembers from one transaction to the next.
#[derive(Debug, Default)]
pub(super) struct Streams {
    heads: BTreeMap<StreamId, Head>,
    data_version: i64,
}

impl Streams {
    /// Opens what a task may use inside a transaction that has just begun with the write lock held.
    /// `pragma data_version` changes when another connection has committed; then nothing remembered is trusted.
    pub(super) fn session<'a>(&'a mut self, connection: &'a Connection) -> rusqlite::Result<Session<'a>> {
        let version = connection.prepare_cached("pragma data_version")?.query_row([], |row| row.get(0))?;
        if version != self.data_version || self.heads.len() > STREAMS_REMEMBERED_MAX {
            self.forget();
            self.data_version = version;
        }
        Ok(Session { connection, heads: &mut self.heads })
    }

    /// After a rollback: what was remembered of it never happened.
    pub(super) fn forget(&mut self) {
        self.heads.clear();
    }
}

/// A transaction, with where the streams stand in it.
pub(super) struct Session<'a> {
    pub(super) connection: &'a Connection,
    heads: &'a mut BTreeMap<StreamId, Head>,
}

impl Session<'_> {
    /// Where a stream stands, if there is one.
    pub(super) fn head(&mut self, stream: &StreamId) -> rusqlite::Result<Option<Head>> {
        if let Some(head) = self.heads.get(stream) {
            return Ok(Some(*head));
        }
        let head = self.load(stream)?;
        if let Some(head) = head {
            self.keep(stream, head);
        }
        Ok(head)
    }

    /// Where a stream stands; a new one is made.
    pub(super) fn head_or_new(&mut self, stream: &StreamId) -> rusqlite::Result<Head> {
        if let Some(head) = self.head(stream)? {
            return Ok(head);
        }
        self.connection.prepare_cached("insert into stream (name) values (?1)")?.execute([stream.as_str()])?;
        let head = Head { id: self.connection.last_insert_rowid(), seq: 0, epoch: 0 };
        self.keep(stream, head);
        Ok(head)
    }

    /// Where a stream stands, for one who holds its lease; `Fenced` for one who does not.
    pub(super) fn head_under(&mut self, stream: &StreamId, epoch: u64) -> Result<Head, Failure> {
        let head = self.head(stream)?;
        let current = head.map_or(0, |head| head.epoch);
        head.filter(|_| current == epoch && epoch > 0)
            .ok_or_else(|| Failure::Refused(LogError::Fenced { stream: stream.clone(), ours: epoch, current }))
    }

    /// Remembers where a stream stands now.
    pub(super) fn keep(&mut self, stream: &StreamId, head: Head) {
        match self.heads.get_mut(stream) {
            Some(known) => *known = head,
            None => drop(self.heads.insert(stream.clone(), head)),
        }
    }

    fn load(&self, stream: &StreamId) -> rusqlite::Result<Option<Head>> {
        let sql = "select stream.id, coalesce(lease.epoch, 0),
                          (select coalesce(max(seq), 0) from event where event.stream = stream.id)
                   from stream left join lease on lease.stream = stream.id where stream.name = ?1";
        let head = |row: &rusqlite::Row<'_>| {
            Ok(Head { id: row.get(0)?, epoch: unsigned(row.get(1)?), seq: unsigned(row.get(2)?) })
        };
        self.connection.prepare_cached(sql)?.query_row([stream.as_str()], head).optional()
    }

    /// Moves a stream's end by events that were just written.
    pub(super) fn advance(&mut self, stream: &StreamId, head: Head, events: usize) {
        let seq = head.seq.saturating_add(events as u64);
        self.keep(stream, Head { seq, ..head });
    }
}

/// The key of an event.
pub(super) fn event_key(head: Head, nth: usize) -> (i64, i64) {
    (head.id, signed(head.seq.saturating_add(nth as u64).saturating_add(1)))
}
