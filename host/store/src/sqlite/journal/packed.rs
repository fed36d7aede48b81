//! Journals as they stand in a row: longer ones compressed. Calls are much alike, and what a commit writes is what a step
//! waits for.
//!
//! A packed one is `LGJPACK` and a byte with the version, then an LZ4 block behind its length (u32, little-endian).

use std::borrow::Cow;

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended, uncompressed_size};

use super::super::append::JOURNAL_INLINE_BYTES_MAX;
use super::format::Broken;

const HEADER: [u8; 8] = *b"LGJPACK\x01";
/// Shorter ones fit in a page or two, and are left as they are.
const PACKED_BYTES_MIN: usize = 4 * 1024;

/// A journal as its row holds it.
pub(super) fn pack(journal: Vec<u8>) -> Vec<u8> {
    if journal.len() < PACKED_BYTES_MIN {
        return journal;
    }
    let mut packed = HEADER.to_vec();
    packed.extend(compress_prepend_size(&journal));
    if packed.len() < journal.len() { packed } else { journal }
}

/// The journal of a row.
pub(super) fn unpack(row: &[u8]) -> Result<Cow<'_, [u8]>, Broken> {
    let Some(block) = row.strip_prefix(&HEADER) else { return Ok(Cow::Borrowed(row)) };
    let (length, _) = uncompressed_size(block).map_err(|error| error.to_string())?;
    if length > JOURNAL_INLINE_BYTES_MAX {
        return Err(format!("it says that it has {length} bytes; at most {JOURNAL_INLINE_BYTES_MAX} are read"));
    }
    decompress_size_prepended(block).map(Cow::Owned).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(journal: &[u8], is_shorter: bool) {
        let packed = pack(journal.to_vec());
        assert_eq!(packed.len() < journal.len(), is_shorter);
        assert_eq!(unpack(&packed).unwrap(), journal);
    }

    #[test]
    fn a_journal_comes_back_as_it_was() {
        check(b"", false);
        check(&[7; PACKED_BYTES_MIN - 1], false);
        check(&[7; PACKED_BYTES_MIN], true);
        check(&b"LGJOURN\x01 and a call and a call".repeat(3_000), true);
        // What does not become shorter is left as it is.
        let mut number = 1_u32;
        let noise = std::iter::repeat_with(|| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            number.to_le_bytes()[3]
        });
        check(&noise.take(PACKED_BYTES_MIN * 2).collect::<Vec<u8>>(), false);
    }

    #[test]
    fn a_damaged_row_is_told_and_makes_no_room() {
        let packed = pack(vec![7; PACKED_BYTES_MIN]);
        assert!(unpack(&packed[..packed.len() - 1]).is_err());
        assert!(unpack(&HEADER).is_err());
        let mut lies = packed;
        lies[HEADER.len()..HEADER.len() + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(unpack(&lies).unwrap_err().contains("at most"));
    }
}
