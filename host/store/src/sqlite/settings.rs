//! What an owner of a database may choose.

/// How long a transaction waits for another process before it says `Locked`.
pub const BUSY_TIMEOUT_MS: u64 = 5_000;
/// All values of the cache together, before the oldest go.
pub const CACHE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Limits of one database. The default is right for a host of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a transaction waits for another process, in milliseconds.
    pub busy_timeout_ms: u64,
    /// All values of the cache together. They may be over it by a sixteenth before the oldest go.
    pub cache_bytes_max: u64,
    /// The file's size in pages of 4 KiB, beyond which the database is `Full`; without it, SQLite's own 17 TB.
    pub file_pages_max: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { busy_timeout_ms: BUSY_TIMEOUT_MS, cache_bytes_max: CACHE_BYTES_MAX, file_pages_max: None }
    }
}
