//! Leases: who may append to a stream, and until when.

use lockgate_model::ids::StreamId;
use lockgate_model::time::Timestamp;
use lockgate_ports::{Lease, LogError};
use rusqlite::{OptionalExtension as _, params};

use super::streams::{Head, Session};
use super::task::Failure;
use super::{owner, signed, unsigned};

/// Who wants which stream.
pub(super) struct Claim {
    pub(super) stream: StreamId,
    pub(super) owner: String,
    pub(super) now: Timestamp,
    pub(super) until: Timestamp,
}

/// Takes a stream under a new epoch, unless a lease of another owner is alive.
pub(super) fn claim(session: &mut Session<'_>, claim: &Claim) -> Result<Lease, Failure> {
    let head = session.head_or_new(&claim.stream)?;
    refuse_while_driven(session, head, claim)?;
    let epoch = head.epoch.saturating_add(1);
    set(session, head, epoch, &claim.owner, claim.until)?;
    session.keep(&claim.stream, Head { epoch, ..head });
    Ok(Lease { stream: claim.stream.clone(), epoch, until: claim.until })
}

/// Moves the end of a lease that is still in force.
pub(super) fn renew(session: &mut Session<'_>, lease: &Lease, until: Timestamp) -> Result<(), Failure> {
    let head = session.head_under(&lease.stream, lease.epoch)?;
    let sql = "update lease set until = ?2 where stream = ?1";
    session.connection.prepare_cached(sql)?.execute(params![head.id, signed(until.0)])?;
    Ok(())
}

/// Ends a lease. The epoch moves on, so that nothing can be appended under the one given back; wishes that were taken
/// under it are done with.
pub(super) fn release(session: &mut Session<'_>, lease: &Lease) -> Result<(), Failure> {
    let head = session.head_under(&lease.stream, lease.epoch)?;
    super::command::confirm(session, head, lease.epoch)?;
    let epoch = head.epoch.saturating_add(1);
    set(session, head, epoch, "", Timestamp(0))?;
    session.keep(&lease.stream, Head { epoch, ..head });
    Ok(())
}

fn refuse_while_driven(session: &Session<'_>, head: Head, claim: &Claim) -> Result<(), Failure> {
    let sql = "select owner, until from lease where stream = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, unsigned(row.get(1)?)));
    let lease = session.connection.prepare_cached(sql)?.query_row([head.id], row).optional()?;
    match lease {
        Some((owner, until_ms)) if until_ms > claim.now.0 && is_in_the_way(&owner, &claim.owner) => {
            Err(Failure::Refused(LogError::Leased { stream: claim.stream.clone(), owner, until_ms }))
        }
        _ => Ok(()),
    }
}

fn is_in_the_way(owner: &str, claimer: &str) -> bool {
    owner != claimer && !owner::is_dead(owner, claimer)
}

fn set(session: &Session<'_>, head: Head, epoch: u64, owner: &str, until: Timestamp) -> rusqlite::Result<()> {
    let sql = "insert or replace into lease (stream, epoch, owner, until) values (?1, ?2, ?3, ?4)";
    session.connection.prepare_cached(sql)?.execute(params![head.id, signed(epoch), owner, signed(until.0)])?;
    Ok(())
}
