//! The registry server: the OCI distribution API 1.1 on a folder.
//!
//! [`Registry::open`] gives a registry, [`router`] its HTTP side to be mounted anywhere, [`Server`] serves it by itself.
//! [`Tokens`] says who may do what, [`collect_garbage`] frees what nothing needs any more; both work beside a running
//! server, also from another process.
//!
//! # On disk
//!
//! ```text
//! FOLDER/
//!   registry.json                        marks the folder and says which version of this layout it has
//!   tokens.json                          who may do what; tokens as SHA-256 only
//!   door, lock                           advisory locks: publishing is shared, collecting is exclusive
//!   blobs/sha256/AB/HEX                  content of blobs and manifests, by digest, shared by all repositories
//!   repositories/NAME/_blobs/HEX         the repository holds this blob; its time is when that was last said
//!   repositories/NAME/_manifests/HEX     the repository holds this manifest; the file holds its media type
//!   repositories/NAME/_tags/TAG          the file holds the digest that the tag stands for
//!   repositories/NAME/_referrers/HEX/HEX descriptor of a manifest (second) whose subject is the first
//!   uploads/RANDOM-REPOSITORY            bytes of an open upload, in the order in which they came
//!   temporary/                           small files before they are renamed into place
//! ```
//!
//! No component of a name begins with `_` (OCI distribution specification, "Pulling manifests"), so names and the folders
//! above never meet. A blob is readable through a repository only if that repository holds a link to it. Content is
//! written elsewhere, brought to disk, and renamed into place; a link follows only then. So nothing half-written is ever
//! seen, whenever the process dies.
//!
//! What this room does not know: what is stored here, who runs plugins, how the host is configured.

mod access;
mod error;
mod http;
mod name;
mod settings;
mod storage;

pub use access::tokens::{Grant, NewToken, Scope, TOKEN_NAME_BYTES_MAX, TOKENS_MAX, TokenEntry, Tokens, TokensError};
pub use error::ServerError;
pub use http::serve::{Running, SHUTDOWN_MS_MAX, Server};
pub use http::{Registry, router};
pub use settings::{
    Access, CONNECTIONS_MAX, Event, HEAD_MS_MAX, Host, IDLE_MS_MAX, Limits, Settings, UPLOAD_REST_MS_MAX, UPLOADS_MAX,
};
pub use storage::Fault;
pub use storage::collect::{CollectError, Collection, GRACE_MS, Report, UPLOAD_GRACE_MS, collect_garbage};
