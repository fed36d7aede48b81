//! Bytes to text, and text to a bounded length.

/// The report as text. UTF-8 unless a byte order mark says UTF-16 or the declaration says Latin-1; whatever does not
/// fit becomes U+FFFD, because a test may print anything.
pub(crate) fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ if declares_latin1(bytes) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Looks at the XML declaration, which is ASCII in every encoding meant here.
fn declares_latin1(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|byte| *byte == b'>').unwrap_or(0);
    let declaration = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    declaration.starts_with("<?xml") && ["iso-8859-1", "windows-1252"].iter().any(|name| declaration.contains(name))
}

/// Cuts at a character's border, and says so.
pub(crate) fn clip(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max);
    format!("{}\n[{} more bytes]", &text[..end], text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::{clip, decode};

    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(decode(bytes), expected);
    }

    #[test]
    fn encodings_are_told_by_mark_and_declaration() {
        check("grün".as_bytes(), "grün");
        check(b"\xEF\xBB\xBFa", "a");
        check(b"\xFF\xFEa\0\xFC\0", "aü");
        check(b"\xFE\xFF\0a\0\xFC", "aü");
        check(b"<?xml version='1.0' encoding='ISO-8859-1'?>\xFC", "<?xml version='1.0' encoding='ISO-8859-1'?>ü");
        check(b"\xFC", "\u{FFFD}");
        check(b"", "");
    }

    #[test]
    fn clipping_keeps_characters_whole() {
        assert_eq!(clip("äöü", 6), "äöü");
        assert_eq!(clip("äöü", 3), "ä\n[4 more bytes]");
    }
}
