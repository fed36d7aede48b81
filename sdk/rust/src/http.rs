//! Requests to the network, sent by the host: HTTP/1.1 and HTTP/2, over TLS where the URL says `https`.
//!
//! Needs the grant `http: [HOST]`. A redirect is an answer like any other: follow it with a new request, which the host
//! decides anew. A secret travels as its [placeholder](crate::secrets::placeholder), in a header.
//!
//! ```no_run
//! use lockgate_sdk::{http, secrets};
//!
//! # fn tell() -> Result<(), Box<dyn std::error::Error>> {
//! let token = secrets::placeholder("deploy-token")?;
//! let response = http::Request::new("POST", "https://api.example/v1/deployments")
//!     .header("authorization", format!("Bearer {token}"))
//!     .body(br#"{"version": "1.2.3"}"#)
//!     .send()?;
//! assert_eq!(response.status, 201);
//! # Ok(())
//! # }
//! ```

use crate::{Duration, host};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Absolute, `http` or `https`.
    pub url: String,
    /// `host`, `content-length` and what belongs to the connection are the host's own.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Whole.
    pub body: Vec<u8>,
    /// How long the answer may take; absent means as long as the step.
    pub timeout: Option<Duration>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// RFC 9110, section 15.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Whole.
    pub body: Vec<u8>,
}

/// Why there is no answer: not granted, not reached, too long, too late. In words of WASI; the step's log says more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpError(pub String);

impl std::fmt::Display for HttpError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HttpError {}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: Vec::new(), timeout: None }
    }

    /// A `GET` of this URL.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With less time than the step has.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends it and waits for the whole answer.
    ///
    /// # Errors
    /// When there is none. A status of 400 and above is an answer.
    pub fn send(&self) -> Result<Response, HttpError> {
        host::send(self)
    }
}

impl Response {
    /// The first header of this name, which is compared without regard to case; none where it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// Whether the status is one of success (2xx).
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
