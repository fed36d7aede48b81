//! A pipeline file's text and places in it.

/// A pipeline file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file as the user named it; stands in diagnostics and in the plan.
    pub name: String,
    /// Its text, UTF-8.
    pub text: String,
}

/// A range of bytes of a `Source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Whether `other` lies in it.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// Where lines begin, so that a place is found without reading the text again.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// Line and column, both from 1; the column counts characters.
    pub(crate) fn place(&self, offset: usize) -> (u32, u32) {
        let offset = self.floor(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let column = self.text[self.starts[line - 1]..offset].chars().count();
        (saturate(line), saturate(column + 1))
    }

    /// The span cut at the end of its first line and at least one character long where the line has one: what a caret
    /// can underline.
    pub(crate) fn underlined(&self, span: Span) -> Span {
        let start = self.floor(span.start);
        let rest = &self.text[start..];
        let line_end = start + rest.find('\n').unwrap_or(rest.len());
        let shortest = start + rest.chars().next().map_or(0, char::len_utf8);
        let end = self.floor(span.end).clamp(start, line_end).max(shortest.min(line_end));
        Span::new(start, end)
    }

    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: usize, expected: (u32, u32)) {
        assert_eq!(Lines::new(text).place(offset), expected, "{text:?} at {offset}");
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        check("", 0, (1, 1));
        check("a\nb", 2, (2, 1));
        check("ä: b", 4, (1, 4));
        check("ä", 1, (1, 1));
        check("a", 99, (1, 2));
    }

    #[test]
    fn an_underline_stays_in_its_line() {
        let lines = Lines::new("ab\ncd\n");
        assert_eq!(lines.underlined(Span::new(1, 5)), Span::new(1, 2));
        assert_eq!(lines.underlined(Span::new(3, 3)), Span::new(3, 4));
        assert_eq!(lines.underlined(Span::new(6, 9)), Span::new(6, 6));
    }
}
