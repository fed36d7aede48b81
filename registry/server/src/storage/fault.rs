//! The disk did not do what it should.

use std::io;
use std::path::{Path, PathBuf};

/// The disk did not do what it should: which operation, on which file, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {path}")]
pub struct Fault {
    /// What was tried, as a verb.
    pub operation: &'static str,
    /// On which file or folder.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

impl Fault {
    /// Whether there is no room for more.
    pub(crate) fn is_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        matches!(self.source.kind(), StorageFull | QuotaExceeded | FileTooLarge)
    }
}

/// For `map_err`: says what was tried.
pub(crate) fn fault(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Fault {
    let path = path.to_owned();
    move |source| Fault { operation, path, source }
}
