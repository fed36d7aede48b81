//! Why a server does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::storage::Fault;

/// Why a server does not start or ends.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}; choose another address, port 0 takes any free port")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The folder cannot be used.
    #[error("cannot open the registry's folder")]
    Folder(#[from] Fault),
    /// The folder holds something else.
    #[error("{folder} is not a registry of this version: {reason}; name another folder")]
    NotARegistry {
        /// The folder.
        folder: PathBuf,
        /// What was found.
        reason: String,
    },
    /// No threads to serve on.
    #[error("cannot start the threads of the registry server")]
    Threads(#[source] io::Error),
    /// The server's thread ended by itself.
    #[error("the registry server's thread ended in a panic")]
    Panicked,
}
