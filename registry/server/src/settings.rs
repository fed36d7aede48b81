//! What whoever runs the server decides, and what the server needs of them.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use lockgate_model::limits::ARTIFACT_BYTES_MAX;
use lockgate_model::time::Timestamp;

use crate::storage::Fault;

/// Uploads that may be open at a time where the settings do not say.
pub const UPLOADS_MAX: usize = 1_024;
/// How long an upload may rest before it is forgotten, where the settings do not say.
pub const UPLOAD_REST_MS_MAX: u64 = 60 * 60 * 1_000;
/// How long a request's head may take, where the settings do not say.
pub const HEAD_MS_MAX: u64 = 10_000;
/// How long a connection may rest without a byte in either direction, where the settings do not say.
pub const IDLE_MS_MAX: u64 = 60_000;
/// Connections at a time where the settings do not say; further ones wait to be accepted.
pub const CONNECTIONS_MAX: usize = 1_024;

/// How a registry is served.
pub struct Settings {
    /// Where everything is kept; made where there is nothing.
    pub folder: PathBuf,
    /// Who may come in.
    pub access: Access,
    /// Refuses everything that writes.
    pub read_only: bool,
    /// How much of what is taken.
    pub limits: Limits,
    /// Time, randomness, and who is told what happens.
    pub host: Arc<dyn Host>,
}

/// Who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody may do everything: for a loopback address only.
    Open,
    /// Whoever holds a token of the folder's `tokens.json` may do what it grants. The file is read for each request: what
    /// is added or removed there counts at once.
    Tokens {
        /// Whether everybody may pull.
        anonymous_pull: bool,
    },
}

/// How much of what is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one blob.
    pub blob_bytes_max: u64,
    /// Uploads open at a time.
    pub uploads_max: usize,
    /// How long an upload may rest before it is forgotten.
    pub upload_rest_ms_max: u64,
    /// How long a request's head may take.
    pub head_ms_max: u64,
    /// How long a connection may rest without a byte in either direction.
    pub idle_ms_max: u64,
    /// Connections at a time.
    pub connections_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            blob_bytes_max: ARTIFACT_BYTES_MAX,
            uploads_max: UPLOADS_MAX,
            upload_rest_ms_max: UPLOAD_REST_MS_MAX,
            head_ms_max: HEAD_MS_MAX,
            idle_ms_max: IDLE_MS_MAX,
            connections_max: CONNECTIONS_MAX,
        }
    }
}

/// What the server needs of who runs it.
pub trait Host: Send + Sync {
    /// Wall-clock time; the same clock as the folder's file system.
    fn now(&self) -> Timestamp;

    /// Bytes that nobody can guess: tokens and upload names are made of them.
    ///
    /// # Errors
    /// When the operating system has none.
    fn random(&self) -> io::Result<[u8; 32]>;

    /// Is told what happens. Called on the server's threads: it must not wait.
    fn report(&self, event: &Event<'_>);
}

/// What whoever runs the server should know.
#[derive(Debug)]
pub enum Event<'a> {
    /// A token was not known.
    LoginFailed {
        /// Who tried. An IPv6 address stands for its /64.
        client: IpAddr,
        /// How often in a row.
        failures: u32,
    },
    /// The disk or the folder did not do what it should; the client was told only that.
    Fault(&'a Fault),
    /// A connection could not be accepted or served.
    Connection(&'a (dyn std::error::Error + 'static)),
    /// Uploads that rested too long were forgotten.
    UploadsForgotten(usize),
}
