//! Files that a rule names, read whole and never more than a limit of them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads a text of at most `max_bytes`; a longer one is an error and not a part of it.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(max_bytes + 1).read_to_string(&mut text)?;
    if text.len() as u64 > max_bytes {
        return Err(io::Error::other(format!("it is over the limit of {max_bytes} bytes")));
    }
    Ok(text)
}
