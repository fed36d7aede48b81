//! A file while a person edits it: the same names and hosts, the values in plain.

use std::collections::BTreeMap;
use std::fmt;

use lockgate_ports::secrets::SecretValue;
use zeroize::Zeroizing;

use super::Malformed;
use super::tree::{Document, Table};
use super::wire::{key, list, parse_hosts, parse_name};
use crate::limits::{FILE_BYTES_MAX, SECRETS_MAX};
use crate::rules::{Refusal, check_value};
use crate::sealed::{decode, encode};

const HEADER: &str = "\
# Values in plain. When you save this and leave the editor they are encrypted; what you did not change stays as it was.
# hosts: requests to these may carry the value, `host` or `host:port`; empty: none may.
# value: text. base64: bytes that are no text. A secret whose table you take out is removed.
";
const FRAME_BYTES: usize = 64;

/// A text that holds values in plain. It is wiped, and shown by nobody.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Whoever copies it wipes the copy.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// What a text says of one secret.
pub(super) struct PlainEntry {
    pub(super) hosts: Vec<String>,
    pub(super) value: SecretValue,
}

/// Writes the text; its buffer is made once, so that no copy stays behind.
pub(super) fn render(entries: &BTreeMap<String, PlainEntry>) -> SecretText {
    // Twice its length holds a value with each byte escaped, and its base64.
    let size = |(name, entry): (&String, &PlainEntry)| {
        name.len() + list(&entry.hosts).len() + 2 * entry.value.expose().len() + FRAME_BYTES
    };
    let mut text = Zeroizing::new(String::with_capacity(HEADER.len() + entries.iter().map(size).sum::<usize>()));
    text.push_str(HEADER);
    for (name, entry) in entries {
        text.push_str(&format!("\n[secrets.{}]\nhosts = {}\n", key(name), list(&entry.hosts)));
        push_value(&mut text, entry.value.expose());
        text.push('\n');
    }
    SecretText(text)
}

fn push_value(text: &mut String, value: &[u8]) {
    match std::str::from_utf8(value) {
        Ok(words) if is_literal(words) => push_quoted(text, "'", words),
        Ok(words) if is_literal_of_lines(words) => {
            text.push_str("value = '''\n");
            text.push_str(words);
            text.push_str("'''");
        }
        Ok(words) if !words.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) => {
            text.push_str("value = \"");
            words.chars().for_each(|c| push_escaped(text, c));
            text.push('"');
        }
        _ => {
            text.push_str("base64 = \"");
            text.push_str(&encode(value));
            text.push('"');
        }
    }
}

fn push_quoted(text: &mut String, quote: &str, words: &str) {
    text.push_str("value = ");
    text.push_str(quote);
    text.push_str(words);
    text.push_str(quote);
}

fn is_literal(words: &str) -> bool {
    !words.chars().any(|c| c == '\'' || (c.is_control() && c != '\t'))
}

/// Keys and certificates: lines as they are.
fn is_literal_of_lines(words: &str) -> bool {
    words.contains('\n') && !words.chars().any(|c| c == '\'' || (c.is_control() && c != '\t' && c != '\n'))
}

fn push_escaped(text: &mut String, c: char) {
    match c {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        c => text.push(c),
    }
}

/// Understands an edited text.
pub(super) fn parse(text: &SecretText) -> Result<BTreeMap<String, PlainEntry>, Malformed> {
    if text.expose().len() > FILE_BYTES_MAX {
        return Err(Malformed { line: 1, column: 1, reason: format!("the text has more than {FILE_BYTES_MAX} bytes") });
    }
    let document = Document::parse(text.expose())?;
    let root = document.root();
    root.only(&["secrets"])?;
    let tables = root.tables("secrets")?;
    if tables.len() > SECRETS_MAX {
        return Err(root.wrong(&Refusal::TooManySecrets));
    }
    tables.into_iter().map(|(name, table)| Ok((parse_name(&name)?, parse_entry(&table)?))).collect()
}

fn parse_entry(table: &Table<'_, '_>) -> Result<PlainEntry, Malformed> {
    table.only(&["hosts", "value", "base64"])?;
    let value = match (table.string_if_any("value")?, table.string_if_any("base64")?) {
        (Some(text), None) => SecretValue::new(text.what.as_bytes().to_vec()),
        (None, Some(text)) => decode(text.what).ok_or_else(|| text.wrong(&"this is no base64"))?,
        _ => return Err(table.wrong(&"a secret has either `value` or `base64`")),
    };
    check_value(value.expose()).map_err(|refusal| table.wrong(&refusal))?;
    Ok(PlainEntry { hosts: parse_hosts(table)?, value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(value: &[u8]) {
        let entry = PlainEntry { hosts: vec!["api.example".to_owned()], value: SecretValue::new(value.to_vec()) };
        let text = render(&BTreeMap::from([("a.b".to_owned(), entry)]));
        let again = parse(&text).unwrap_or_else(|error| panic!("{error}: {}", text.expose()));
        assert_eq!(again["a.b"].value.expose(), value, "{}", text.expose());
    }

    #[test]
    fn every_sort_of_value_comes_back() {
        for value in [
            "hunter2",
            "it's",
            "'''",
            "a\nb",
            "\na\n",
            "a'\nb",
            "\"\\\t",
            "a\r\nb\r\n",
            "\u{0}",
            "\u{7f}",
            "\u{85}",
            "\u{feff}a",
            " ",
            "\n",
            "-----BEGIN KEY-----\nabc\n-----END KEY-----\n",
            "ends with '",
            "ü€𝄞",
        ] {
            check(value.as_bytes());
        }
        check(&[0xff, 0xfe]);
    }

    #[test]
    fn lines_are_shown_as_lines() {
        let value = SecretValue::new(b"first\nsecond\n".to_vec());
        let text = render(&BTreeMap::from([("key".to_owned(), PlainEntry { hosts: Vec::new(), value })]));
        assert!(text.expose().ends_with("[secrets.key]\nhosts = []\nvalue = '''\nfirst\nsecond\n'''\n"));
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(value in proptest::collection::vec(any::<u8>(), 1..200)) {
            check(&value);
        }

        #[test]
        fn any_text_comes_back(value in "(?s).{1,100}") {
            check(value.as_bytes());
        }
    }
}
