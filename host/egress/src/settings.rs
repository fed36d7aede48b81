//! What a broker is made of, and its limits.

use std::sync::Arc;

use crate::resolve::{Resolve, SystemResolver};

/// A connection, TLS included, takes no longer.
const CONNECT_MS: u64 = 10_000;
/// A plugin's request has no longer body.
const REQUEST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The head of a message is no longer, whoever sends it.
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// A message has no more headers, whoever sends it.
const HEADERS_MAX: usize = 256;
/// A native tool sends the head of its request within this time.
const PROXY_HEADER_MS: u64 = 10_000;
/// A native tool's connection on which nothing moves for this long is closed.
const PROXY_IDLE_MS: u64 = 300_000;
/// One native command has no more connections at the same time; others wait until one ends.
const PROXY_CONNECTIONS_MAX: usize = 128;

/// What a broker is made of.
#[derive(Clone)]
pub struct Settings {
    /// Certificates (PEM, RFC 7468) that are trusted beside the system's: a company's own authority. May be empty.
    pub extra_roots_pem: Vec<u8>,
    /// Who knows which addresses a name has.
    pub resolver: Arc<dyn Resolve>,
    /// The longest that a connection may take, TLS included. A name's addresses share it.
    pub connect_ms: u64,
    /// The longest body of a request.
    pub request_bytes_max: usize,
    /// The longest head of a message, sent or received. At least 8 KiB.
    pub header_bytes_max: usize,
    /// The most headers of a message, sent or received.
    pub headers_max: usize,
    /// What holds for native tools.
    pub proxy: ProxyLimits,
}

/// Limits of the proxy that serves a native command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyLimits {
    /// How long the head of a request may take.
    pub header_ms: u64,
    /// How long nothing may move on a connection. It is looked at in steps of this length, so that a silent connection
    /// ends after one to two of them.
    pub idle_ms: u64,
    /// How many connections there may be at the same time.
    pub connections_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            extra_roots_pem: Vec::new(),
            resolver: Arc::new(SystemResolver),
            connect_ms: CONNECT_MS,
            request_bytes_max: REQUEST_BYTES_MAX,
            header_bytes_max: HEADER_BYTES_MAX,
            headers_max: HEADERS_MAX,
            proxy: ProxyLimits::default(),
        }
    }
}

impl Default for ProxyLimits {
    fn default() -> Self {
        Self { header_ms: PROXY_HEADER_MS, idle_ms: PROXY_IDLE_MS, connections_max: PROXY_CONNECTIONS_MAX }
    }
}

/// Why settings make no broker.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The extra certificates are broken.
    #[error("the extra root certificates cannot be used: {0}; give PEM blocks of kind CERTIFICATE, and nothing else")]
    Roots(String),
}
