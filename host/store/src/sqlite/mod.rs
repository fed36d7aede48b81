//! The ports `EventLog`, `Cache` and `Journal` on one SQLite file.
//!
//! One thread owns the connection that writes. What waits for it is carried out in one transaction and committed with
//! one sync of the disk (group commit), and everybody is told his own result after that commit. Readers have
//! connections of their own. Another process may use the same file at the same time: the writer checks at the start
//! of each transaction whether what it remembers of the streams still holds.

mod append;
mod cache;
mod command;
mod connection;
mod database;
mod error;
mod journal;
mod lease;
mod migrate;
mod owner;
mod reader;
mod settings;
mod streams;
mod task;
mod writer;

pub use cache::CACHE_VALUE_BYTES_MAX;
pub use command::COMMANDS_MAX;
pub use database::Database;
pub use journal::{JOURNAL_BYTES_MAX, JOURNAL_SPILL_BYTES, JournalFiles};
pub use owner::owner_of_this_process;
pub use settings::{BUSY_TIMEOUT_MS, CACHE_BYTES_MAX, Settings};

pub use append::{APPEND_BYTES_MAX, JOURNAL_INLINE_BYTES_MAX, VIEW_ROW_BYTES_MAX};

/// SQLite's integers are signed: what is larger stands at the end, where the end of time also is.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Nothing below zero is ever written.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
