//! Ranges: of a blob that is read (RFC 9110, section 14), of an upload that grows (OCI distribution specification,
//! "Pushing a blob in chunks").

use std::ops::Range;

/// What of a blob is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it: nothing else was asked for, or something that need not be understood.
    All,
    /// From the first byte to before the last.
    Part(Range<u64>),
    /// Nothing that it has.
    Unsatisfiable,
}

/// Reads a `Range` of something with so many bytes. Several ranges at once are answered with all, which RFC 9110 allows.
pub(crate) fn wanted(header: Option<&str>, size_bytes: u64) -> Wanted {
    let Some((first, last)) = header.and_then(|text| text.strip_prefix("bytes=")?.split_once('-')) else {
        return Wanted::All;
    };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size_bytes),
        (Some(first), None) if last.is_empty() => first..size_bytes,
        (None, Some(count)) if first.is_empty() => size_bytes.saturating_sub(count)..size_bytes,
        _ => return Wanted::All,
    };
    if range.is_empty() { Wanted::Unsatisfiable } else { Wanted::Part(range) }
}

/// Reads a chunk's `Content-Range`, both ends included: `0-1023`. None when it is none.
pub(crate) fn chunk(header: &str) -> Option<Range<u64>> {
    let (first, last) = header.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then(|| first..last.saturating_add(1))
}

/// Writes how much of an upload is there, both ends included. An empty one is said to have its first byte: the
/// specification has no other way, and every registry does so.
pub(crate) fn so_far(size_bytes: u64) -> String {
    format!("0-{}", size_bytes.saturating_sub(1))
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: &Wanted) {
        assert_eq!(wanted(Some(header), 10), *expected, "{header}");
    }

    #[test]
    fn one_range_is_understood() {
        check("bytes=0-3", &Wanted::Part(0..4));
        check("bytes=4-", &Wanted::Part(4..10));
        check("bytes=-3", &Wanted::Part(7..10));
        check("bytes=-30", &Wanted::Part(0..10));
        check("bytes=8-100", &Wanted::Part(8..10));
        check(&format!("bytes=8-{}", u64::MAX), &Wanted::Part(8..10));
    }

    #[test]
    fn what_is_not_there_cannot_be_satisfied() {
        check("bytes=10-", &Wanted::Unsatisfiable);
        check("bytes=10-20", &Wanted::Unsatisfiable);
        check("bytes=-0", &Wanted::Unsatisfiable);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn what_is_not_understood_is_answered_with_all() {
        for header in ["", "bytes=", "bytes=-", "bytes=3-1", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=+1-2"] {
            check(header, &Wanted::All);
        }
        assert_eq!(wanted(None, 10), Wanted::All);
    }

    #[test]
    fn a_chunk_says_where_it_belongs() {
        assert_eq!(chunk("0-3"), Some(0..4));
        for header in ["", "3", "3-1", "a-b", "bytes 0-3", "-1-2", "99999999999999999999-1"] {
            assert_eq!(chunk(header), None, "{header}");
        }
        assert_eq!([so_far(0), so_far(1), so_far(10)], ["0-0", "0-0", "0-9"]);
    }
}
