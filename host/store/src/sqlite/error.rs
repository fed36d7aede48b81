//! The one place where SQLite's errors become the log's.

use std::path::Path;

use lockgate_ports::LogError;
use rusqlite::{Error, ErrorCode, ffi};

/// The log's word for what SQLite said while doing `operation` (`open`, `write`, `read`) on the database at `path`.
pub(super) fn log_error(path: &Path, operation: &str, error: &Error) -> LogError {
    let path = path.display().to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LogError::Locked { path },
        Some(ErrorCode::DiskFull) => LogError::Full { path },
        Some(ErrorCode::SystemIoFailure) if is_out_of_space(error) => LogError::Full { path },
        code => LogError::Other(format!("cannot {operation} the database {path}: {error}; {}", remedy(code))),
    }
}

/// The shared index beside the write-ahead log grows by other calls than the files do, with a code of its own.
fn is_out_of_space(error: &Error) -> bool {
    matches!(error, Error::SqliteFailure(ffi::Error { extended_code: ffi::SQLITE_IOERR_SHMSIZE, .. }, _))
}

fn remedy(code: Option<ErrorCode>) -> &'static str {
    match code {
        Some(ErrorCode::NotADatabase) => "the file is something else: name another, or move it away",
        Some(ErrorCode::DatabaseCorrupt) => "the file is damaged: bring it back from a copy",
        Some(ErrorCode::CannotOpen) => "check that its folder exists and may be written",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "check who may write the file and its folder",
        Some(ErrorCode::SystemIoFailure) => "check the disk, then resume",
        _ => "what was committed before stays",
    }
}
