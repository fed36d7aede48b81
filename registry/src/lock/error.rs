//! What can be wrong with a lock file, and what to do about it.

use std::io;
use std::path::PathBuf;

use lockgate_model::ids::PluginAlias;

use super::{LOCK_BYTES_MAX, LOCK_VERSION};

/// Why a lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// There is none.
    #[error("there is no {path}; lock the pipeline with `lockgate lock`")]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Its text is wrong.
    #[error("{path}:{line}:{column}: {reason}; mend it, or lock the pipeline again with `lockgate lock`")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// Characters, counts from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// Written by another Lockgate.
    #[error("{path} is a lock file of version {found}, this lockgate knows version {LOCK_VERSION}; {remedy}")]
    UnknownVersion {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// What to do.
        remedy: &'static str,
    },
    /// Larger than any that Lockgate writes.
    #[error("{path} is over the limit of {LOCK_BYTES_MAX} bytes; is it a lock file?")]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// An alias that the lock file does not know.
    #[error("plugin `{alias}` is not locked; lock the pipeline with `lockgate lock`")]
    NotLocked {
        /// Which.
        alias: PluginAlias,
    },
    /// The pipeline names another version now.
    #[error("plugin `{alias}` is locked as {locked}, the pipeline names {named}; lock it again with `lockgate lock`")]
    Stale {
        /// Which.
        alias: PluginAlias,
        /// In the lock file.
        locked: String,
        /// In the pipeline.
        named: String,
    },
    /// The file cannot be read or written.
    #[error("cannot {action} {path}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}
