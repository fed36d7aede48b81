//! Foreign text, made fit for a terminal or for Markdown.

/// Text of a plugin without control characters.
pub(crate) fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Text of a plugin as it may stand in one line of Markdown, in a table too: nothing of it is taken for markup of HTML or
/// of the table. Emphasis and code, which authors write into doc comments, stay.
pub(crate) fn inline(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        for c in safe(word).chars() {
            match c {
                '|' => line.push_str("\\|"),
                '<' => line.push_str("&lt;"),
                c => line.push(c),
            }
        }
    }
    line
}

/// A value as code in Markdown, in a table too.
pub(crate) fn code(text: &str) -> String {
    let text = safe(text).replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_in_its_line_and_cell() {
        assert_eq!(safe("a\u{1b}[31mb\n"), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(inline("one\n  two | <b>three</b> `x`"), "one two \\| &lt;b>three&lt;/b> `x`");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!((count(1, "case"), count(2, "case")), ("1 case".to_owned(), "2 cases".to_owned()));
    }
}
