//! Bytes that pass through SHA-256 on their way.

use std::io::{self, Read};

use lockgate_model::ids::Digest;
use sha2::{Digest as _, Sha256};

const PIECE_BYTES: usize = 128 * 1024;

/// Reads `source` to its end and hands every piece to `take`; gives digest and length of the whole.
pub(super) fn hash_through<E>(
    mut source: impl Read,
    unreadable: impl Fn(io::Error) -> E,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(Digest, u64), E> {
    let mut hash = Sha256::new();
    let mut size_bytes = 0;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let length = match source.read(&mut piece) {
            Ok(0) => return Ok((Digest::from_bytes(hash.finalize().into()), size_bytes)),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        hash.update(&piece[..length]);
        take(&piece[..length])?;
        size_bytes += length as u64;
    }
}
