//! A registry over HTTP: the client's side of the OCI distribution specification 1.1.
//!
//! The other side is taken for hostile. What it sends is bounded before it is read, followed only where that gives no
//! credential away, and used only after size and digest have been checked against what asked for it.

mod auth;
mod credentials;
mod endpoint;
mod error;
mod http;
mod pull;
mod push;
mod repository;
mod retry;

pub use credentials::{Credential, Credentials, Logins};
pub use endpoint::Endpoint;
pub use error::RemoteError;
pub use http::{HttpClient, HttpSettings};
pub(crate) use repository::RemoteRepository;
pub use retry::{Patience, Waiting};
