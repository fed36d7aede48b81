//! What the standard library has no words for.

use std::io;

use wasip2::filesystem::preopens;
use wasip2::http::types::Fields;
use wasip2::random::random;

/// How many bytes came.
pub(crate) fn random_bytes(length: u64) -> usize {
    random::get_random_bytes(length).len()
}

/// Headers until the host takes no more; how many it took and what it said then.
pub(crate) fn fields(number: u32) -> String {
    let fields = Fields::new();
    for taken in 0..number {
        if let Err(error) = fields.append(&format!("x-{taken}"), b"value") {
            return format!("{taken}: {error:?}");
        }
    }
    format!("{number}: all")
}

/// Lists of headers, all of them kept.
pub(crate) fn lists(number: u32) -> usize {
    (0..number).map(|_| Fields::new()).collect::<Vec<_>>().len()
}

/// The standard library makes no links on WASI.
pub(crate) fn symlink(to: &str, path: &str) -> io::Result<()> {
    let (folder, _) = preopens::get_directories().pop().ok_or(io::ErrorKind::NotFound)?;
    folder.symlink_at(to, path).map_err(|error| io::Error::other(error.name()))
}
