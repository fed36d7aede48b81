//! A hit as a finding. The secret itself goes into none of its fields.

use lockgate_sdk::{Finding, Location};
use sha2::{Digest, Sha256};

use crate::detect::{ALLOW_COMMENT, Hit};
use crate::rules::Rule;

/// Letters of a secret that are shown, so that its owner knows which one it is.
const SHOWN_CHARS: usize = 4;
/// A secret that is shorter shows none.
const SHOWN_FROM_CHARS: usize = 12;
/// Hexadecimal digits of a fingerprint.
const FINGERPRINT_DIGITS: usize = 24;

/// The finding for a hit in a file.
#[must_use]
pub fn finding(rule: &Rule, path: &str, text: &[u8], hit: &Hit<'_>) -> Finding {
    let (line, column) = position(text, hit.start);
    let end_line = line + newlines(hit.secret);
    Finding {
        at: Some(Location { path: path.to_owned(), line: Some(line), column: Some(column), end_line: Some(end_line) }),
        ..Finding::new(rule.id, rule.severity, format!("this looks like {}: {}", rule.what, redacted(hit.secret)))
            .help(format!("revoke it where it was issued, then take it out of the history; mark a false one with `{ALLOW_COMMENT}` on its line"))
            .fingerprint(fingerprint(rule, path, hit.secret))
    }
}

/// The same for one secret in one file wherever its line moves. Only a short digest is kept, salted by rule and path:
/// it neither holds the secret nor tells whether two files hold the same one.
#[must_use]
pub fn fingerprint(rule: &Rule, path: &str, secret: &[u8]) -> String {
    let mut digest = Sha256::new();
    for part in [b"lockgate/secrets/1", rule.id.as_bytes(), path.as_bytes(), secret] {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..FINGERPRINT_DIGITS].to_owned()
}

/// The first letters, and how long the whole is.
fn redacted(secret: &[u8]) -> String {
    let text = String::from_utf8_lossy(secret);
    let length = text.chars().count();
    let shown: String = text.chars().take(if length < SHOWN_FROM_CHARS { 0 } else { SHOWN_CHARS }).collect();
    format!("`{}...` ({length} characters)", shown.escape_debug())
}

/// Line and column, both from 1; columns count bytes.
fn position(text: &[u8], start: usize) -> (u32, u32) {
    let before = &text[..start];
    let line = 1 + newlines(before);
    let column = start - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) + 1;
    (line, u32::try_from(column).unwrap_or(u32::MAX))
}

fn newlines(text: &[u8]) -> u32 {
    u32::try_from(text.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    #[test]
    fn positions_count_from_one() {
        for (start, expected) in [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (5, (2, 3))] {
            assert_eq!(position(b"ab\ncde", start), expected, "{start}");
        }
    }

    #[test]
    fn little_of_a_secret_is_shown() {
        assert_eq!(redacted(b"0123456789abcdef"), "`0123...` (16 characters)");
        assert_eq!(redacted(b"hunter2"), "`...` (7 characters)");
    }

    #[test]
    fn no_field_holds_the_secret() {
        let rule = rules::all()[0];
        let text = b"a\nkey=0123456789abcdef";
        let hit = Hit { rule: 0, start: 6, secret: &text[6..] };
        let made = finding(&rule, "a.txt", text, &hit);
        assert!(!format!("{made:?}").contains("456789"));
        assert_eq!(made.at.map(|at| (at.line, at.column, at.end_line)), Some((Some(2), Some(5), Some(2))));
    }

    #[test]
    fn fingerprints_depend_on_rule_path_and_secret() {
        let rules = rules::all();
        let base = fingerprint(&rules[0], "a", b"x");
        assert_eq!(base.len(), FINGERPRINT_DIGITS);
        for other in
            [fingerprint(&rules[1], "a", b"x"), fingerprint(&rules[0], "b", b"x"), fingerprint(&rules[0], "a", b"y")]
        {
            assert_ne!(base, other);
        }
    }
}
