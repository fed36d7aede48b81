//! Finds the `${{ }}` in a text.

use std::ops::Range;

/// A part of a text, in bytes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// As it stands.
    Text(Range<usize>),
    /// What is between `${{` and `}}`.
    Hole(Range<usize>),
}

/// A `${{` without its `}}`, at this byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed(pub(crate) usize);

const OPEN: &str = "${{";
const CLOSE: &str = "}}";

/// Whether the text has a hole, closed or not.
pub(crate) fn has_hole(text: &str) -> bool {
    text.contains(OPEN)
}

/// The parts of `text` in order, holes and what is between them.
pub(crate) fn scan(text: &str) -> Result<Vec<Part>, Unclosed> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(OPEN) {
        let open = at + found;
        let inside = open + OPEN.len();
        let close = inside + close_of(&text[inside..]).ok_or(Unclosed(open))?;
        if open > at {
            parts.push(Part::Text(at..open));
        }
        parts.push(Part::Hole(inside..close));
        at = close + CLOSE.len();
    }
    if at < text.len() {
        parts.push(Part::Text(at..text.len()));
    }
    Ok(parts)
}

/// Where the hole ends: a `}}` inside a string or one that closes a map of the expression does not end it.
fn close_of(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    let mut braces = 0_usize;
    for (at, char) in text.char_indices() {
        match (quote, char) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if char == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(char),
            (None, '{') => braces += 1,
            (None, '}') if braces > 0 => braces -= 1,
            (None, '}') if text[at..].starts_with(CLOSE) => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[&str], usize>) {
        let found = scan(text).map_err(|unclosed| unclosed.0);
        let found = found.map(|parts| {
            let show = |part: &Part| match part {
                Part::Text(range) => format!("t:{}", &text[range.clone()]),
                Part::Hole(range) => format!("h:{}", &text[range.clone()]),
            };
            parts.iter().map(show).collect::<Vec<_>>()
        });
        assert_eq!(found, expected.map(|parts| parts.iter().map(ToString::to_string).collect()), "{text}");
    }

    #[test]
    fn texts_fall_into_parts() {
        check("", Ok(&[]));
        check("plain }} text", Ok(&["t:plain }} text"]));
        check("${{ a }}", Ok(&["h: a "]));
        check("x${{a}}${{b}}y", Ok(&["t:x", "h:a", "h:b", "t:y"]));
    }

    #[test]
    fn braces_and_strings_do_not_end_a_hole() {
        check("${{ {'a': {'b': 1}} }}", Ok(&["h: {'a': {'b': 1}} "]));
        check(r#"${{ '}}' + "\"}}" }}."#, Ok(&[r#"h: '}}' + "\"}}" "#, "t:."]));
        check("${{ '${{' }}", Ok(&["h: '${{' "]));
    }

    #[test]
    fn a_hole_must_end() {
        check("a ${{ b }", Err(2));
        check("${{ '}}", Err(0));
    }
}
