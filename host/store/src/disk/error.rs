//! Failures of the file system in the words of the ports.

use std::io;
use std::path::Path;

use lockgate_ports::{BlobError, WorkspaceError};

/// A failed action on `path`; a full disk is told apart, because a person can mend it and resume.
pub(super) fn blob_error(action: &str, path: &Path, source: impl Into<io::Error>) -> BlobError {
    let source = source.into();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BlobError::Full(path.to_owned()),
        _ => BlobError::Io { action: format!("{action} {}", path.display()), source },
    }
}

/// The same for workspaces.
pub(super) fn work_error(action: &str, path: &Path, source: impl Into<io::Error>) -> WorkspaceError {
    blamed_on(action, path, blob_error(action, path, source))
}

/// A blob's failure whose path is a file handle of this process, told of the path that a person knows.
pub(super) fn blamed_on(action: &str, path: &Path, error: BlobError) -> WorkspaceError {
    match error {
        BlobError::Io { source, .. } => WorkspaceError::Io { action: format!("{action} {}", path.display()), source },
        other => other.into(),
    }
}
