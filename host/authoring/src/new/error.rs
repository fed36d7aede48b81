//! Why there is no new plugin.

use std::io;
use std::path::{Path, PathBuf};

/// A plugin could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The name will not do.
    #[error("`{name}` cannot be a plugin's name: {reason}")]
    Name {
        /// As given.
        name: String,
        /// Why, with what to do.
        reason: String,
    },
    /// Something is there.
    #[error("{} exists already, and nothing is overwritten; take another name, or remove it", .0.display())]
    Exists(PathBuf),
    /// No SDK where it should be.
    #[error("there is no `lockgate-sdk` in {}; name the folder `sdk/rust` of a checkout", .0.display())]
    NoSdk(PathBuf),
    /// This program was built from manifests that it does not understand.
    #[error("the SDK in this version of lockgate is incomplete: {0}")]
    Sdk(String),
    /// The disk.
    #[error("cannot {action} {}", .path.display())]
    File {
        /// What was being done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl NewError {
    pub(super) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }
}
