//! How much of what others decide goes into one statement: it must stay within what those who verify accept.

/// Inputs, event or grants as JSON; what is larger is named by its digest.
pub const EMBEDDED_BYTES_MAX: usize = 64 * 1024;
/// The same where the whole statement would be too large.
pub const EMBEDDED_SMALL_BYTES_MAX: usize = 1024;
/// Entries of one list; more are counted.
pub const LISTED_MAX: usize = 128;
/// Addresses of one host; more are counted.
pub const PEERS_MAX: usize = 8;
/// A name that a plugin or a pipeline file has chosen; the rest is cut.
pub const TEXT_BYTES_MAX: usize = 256;

const CUT: &str = "...";

/// A text that fits; one that was cut says so.
pub(super) fn cut(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    format!("{}{CUT}", &text[..text.floor_char_boundary(TEXT_BYTES_MAX - CUT.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_letters() {
        let fits = "x".repeat(TEXT_BYTES_MAX);
        assert_eq!(cut(&fits), fits);
        let long = cut(&"\u{e4}".repeat(TEXT_BYTES_MAX));
        assert!(long.len() <= TEXT_BYTES_MAX && long.ends_with("\u{e4}..."), "{long}");
    }
}
