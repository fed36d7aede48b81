//! Requests to the network. One broker sends all of them, for plugins and for native tools.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use lockgate_model::grant::HttpRule;
use serde::{Deserialize, Serialize};

use crate::Cancel;

/// A request as a plugin wants it sent; placeholders have been replaced.
#[derive(Clone)]
pub struct EgressRequest {
    /// Upper case.
    pub method: String,
    /// Absolute, `http` or `https`, without user information and fragment.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Whole.
    pub body: Vec<u8>,
    /// What the step is granted; the request must match one of them.
    pub rules: Vec<HttpRule>,
    /// Wall time for all of it.
    pub time_ms: u64,
    /// A longer answer is an error, not cut.
    pub response_bytes_max: usize,
}

/// An answer. A redirect is one, too: nobody follows it but who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressResponse {
    /// Its status (RFC 9110, section 15).
    pub status: u16,
    /// Names in lower case, in the order in which they came; none that belong to the connection.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Whole, as it was sent: still compressed where the sender compressed it.
    pub body: Vec<u8>,
    /// Who answered.
    pub peer: Option<SocketAddr>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum EgressError {
    /// No grant allows it. Holds the grant that is missing, as the pipeline would write it.
    #[error("grant `http: [{0}]` is missing")]
    Denied(String),
    /// The name leads to addresses that nobody may be led to: private, loopback, link-local, metadata ...
    #[error("{0}")]
    Address(String),
    /// The request is none that is sent: forbidden header, broken URL, too large.
    #[error("{0}")]
    Invalid(String),
    /// The name is not known.
    #[error("{0}")]
    Resolve(String),
    /// Nobody listens, or the connection broke.
    #[error("{0}")]
    Connect(String),
    /// The other end is not who it should be.
    #[error("{0}")]
    Tls(String),
    /// It took too long.
    #[error("no whole answer within {time_ms} ms")]
    TimedOut {
        /// How long it was waited.
        time_ms: u64,
    },
    /// The answer is too long.
    #[error("the answer has more than {bytes_max} bytes")]
    TooLarge {
        /// How much is taken.
        bytes_max: usize,
    },
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// What a native tool contacted, or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Contact {
    /// `CONNECT` for a tunnel, else the method of a plain request.
    pub method: String,
    /// As the tool named it.
    pub host: String,
    /// Which port.
    pub port: u16,
    /// Of a plain request.
    pub path: Option<String>,
    /// The rule that allowed it; or why not.
    pub outcome: Result<String, EgressError>,
    /// Where it led.
    pub peer: Option<SocketAddr>,
    /// Bytes that the tool sent and got.
    pub bytes: (u64, u64),
    /// From the first byte to the last.
    pub duration_ms: u64,
}

/// Hears of each contact when it has ended.
pub type OnContact = Arc<dyn Fn(Contact) + Send + Sync>;

/// A proxy that serves until it is dropped; dropping it ends every connection and waits until each was told of.
pub trait Proxy: Send {}

/// Sends requests.
pub trait Egress: Send + Sync {
    /// Sends a request and takes its answer; blocks.
    ///
    /// # Errors
    /// When it is not allowed, not sent, or not answered.
    fn send(&self, request: EgressRequest, cancel: &Cancel) -> Result<EgressResponse, EgressError>;

    /// Serves a proxy (RFC 9110, section 9.3.6, and absolute-form requests) on a socket for one native command.
    ///
    /// # Errors
    /// When the socket cannot be used.
    fn proxy(
        &self,
        listener: TcpListener,
        rules: Vec<HttpRule>,
        contacted: OnContact,
    ) -> std::io::Result<Box<dyn Proxy>>;
}

/// A host without a network.
pub struct NoEgress;

impl Egress for NoEgress {
    fn send(&self, _: EgressRequest, _: &Cancel) -> Result<EgressResponse, EgressError> {
        Err(EgressError::Connect("this host sends no requests".to_owned()))
    }

    fn proxy(&self, _: TcpListener, _: Vec<HttpRule>, _: OnContact) -> std::io::Result<Box<dyn Proxy>> {
        Err(std::io::Error::other("this host sends no requests"))
    }
}
