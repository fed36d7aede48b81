//! Streams of events: the truth.

use lockgate_model::ids::{AttemptId, StreamId};
use lockgate_model::time::Timestamp;

/// Why the log refused, or could not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Somebody else drives this stream now.
    #[error("stream {stream} belongs to another host now (epoch {current}, ours was {ours})")]
    Fenced {
        /// Which.
        stream: StreamId,
        /// Ours.
        ours: u64,
        /// The one in force.
        current: u64,
    },
    /// An append did not begin where the stream ends.
    #[error("stream {stream} is at {actual}, not at {expected}")]
    WrongSeq {
        /// Which.
        stream: StreamId,
        /// Where the caller thought it ends.
        expected: u64,
        /// Where it ends.
        actual: u64,
    },
    /// A live lease is in the way.
    #[error("stream {stream} is driven by {owner} until {until_ms}")]
    Leased {
        /// Which.
        stream: StreamId,
        /// By whom.
        owner: String,
        /// Milliseconds since the epoch.
        until_ms: u64,
    },
    /// An event is larger than `EVENT_BYTES_MAX`.
    #[error("an event of {bytes} bytes is over the limit of {max_bytes}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
    /// The database is held by somebody else for too long.
    #[error("the database {path} is locked by another process; stop it, or wait and try again")]
    Locked {
        /// Which.
        path: String,
    },
    /// The database was written by a newer Lockgate.
    #[error("the database {path} has version {found}, this lockgate knows up to {known}; use the newer lockgate")]
    NewerVersion {
        /// Which.
        path: String,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The disk is full. What was committed before stays.
    #[error("no space left for the database {path}; free some and resume the run")]
    Full {
        /// Which.
        path: String,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// The right to append to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Of which.
    pub stream: StreamId,
    /// Grows with each claim; an append under an old one is refused.
    pub epoch: u64,
    /// When it ends unless renewed.
    pub until: Timestamp,
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Counts from 1 within the stream.
    pub seq: u64,
    /// When it was appended, by the clock of who appended it.
    pub at: Timestamp,
    /// JSON.
    pub body: Vec<u8>,
}

/// A row of a read view; one that has the same view and key replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRow {
    /// `run`, later `rollout`, `alert`.
    pub view: String,
    /// Unique in the view; rows are listed by key.
    pub key: String,
    /// JSON.
    pub body: Vec<u8>,
}

/// Events to append, with all that must be committed beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// To which stream.
    pub stream: StreamId,
    /// Where it ends now: the seq of its last event, 0 while it is empty.
    pub expected_seq: u64,
    /// The lease's.
    pub epoch: u64,
    /// When.
    pub at: Timestamp,
    /// JSON bodies, in order.
    pub events: Vec<Vec<u8>>,
    /// Read views.
    pub view_rows: Vec<ViewRow>,
    /// Small journals of attempts that end with these events.
    pub journals: Vec<(AttemptId, Vec<u8>)>,
}

/// Told once an append is on disk, or why not. Called on the log's own thread: hand over and return.
pub type Appended = Box<dyn FnOnce(Result<(), LogError>) + Send>;

/// Streams with leases, epochs and a command row for each wish from outside.
pub trait EventLog: Send + Sync {
    /// Claims a stream for `owner` until `until`; a new stream is claimed before its first event. An earlier lease
    /// that has not ended is respected, unless it is `owner`'s own or its owner is known to be dead.
    ///
    /// # Errors
    /// `Leased`, or when the log cannot be written.
    fn claim(&self, stream: &StreamId, owner: &str, now: Timestamp, until: Timestamp) -> Result<Lease, LogError>;

    /// Moves the lease's end.
    ///
    /// # Errors
    /// `Fenced` when it is lost.
    fn renew(&self, lease: &Lease, until: Timestamp) -> Result<(), LogError>;

    /// Gives the stream back.
    fn release(&self, lease: &Lease);

    /// Appends; appends of one caller are carried out in the order of the calls, and many are committed together.
    /// When one of them fails, so do those that were built on it.
    fn append(&self, append: Append, appended: Appended);

    /// Events behind `after`, oldest first, at most `events_max`.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn read(&self, stream: &StreamId, after: u64, events_max: usize) -> Result<Vec<Recorded>, LogError>;

    /// Rows of a view, highest key first, at most `rows_max`.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn rows(&self, view: &str, rows_max: usize) -> Result<Vec<ViewRow>, LogError>;

    /// Leaves a wish for whoever drives the stream.
    ///
    /// # Errors
    /// When the log cannot be written.
    fn send(&self, stream: &StreamId, now: Timestamp, body: Vec<u8>) -> Result<(), LogError>;

    /// Takes the wishes, oldest first.
    ///
    /// # Errors
    /// `Fenced`, or when the log cannot be read.
    fn receive(&self, lease: &Lease) -> Result<Vec<Vec<u8>>, LogError>;
}
