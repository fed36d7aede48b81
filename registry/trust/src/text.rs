//! Foreign words in our messages: short, and without anything that a terminal would obey.

const SHOWN_CHARS_MAX: usize = 160;

/// `text` as it may be shown: cut, control characters replaced.
pub(crate) fn shown(text: &str) -> String {
    let is_plain = |c: char| {
        !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut cut: String =
        text.chars().take(SHOWN_CHARS_MAX).map(|c| if is_plain(c) { c } else { '\u{fffd}' }).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        cut.push_str("...");
    }
    cut
}
