//! Takes the values of secrets out of text and bytes.
//!
//! A value is found as it is, in hexadecimal, in base64 (standard and for URLs, at each of the three places that it can
//! have in a longer text, on one line), percent-encoded, and with the escapes of JSON and HTML; each line of a value of several lines counts for
//! itself. What transforms it in another way (reverses, compresses, encrypts) is not found: masking is a net below the
//! wire, not the wire. A value of fewer than `MASKED_BYTES_MIN` bytes is not masked, or it would blot out everything.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC};
use zeroize::{Zeroize as _, Zeroizing};

use super::SecretValue;

/// The shortest value, or line of one, that is masked.
pub const MASKED_BYTES_MIN: usize = 4;

/// What percent-encoding leaves alone at most (RFC 3986, section 2.3), and what browsers leave alone in a form.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// `encodeURIComponent` (ECMA-262, section 19.2.6.4).
const COMPONENT: &AsciiSet = &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// `application/x-www-form-urlencoded` (URL Standard, section 5.2).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// Values to be masked, shared by all that write for one run; values may be added while it goes on.
#[derive(Clone, Default)]
pub struct Mask {
    shared: Arc<RwLock<Values>>,
}

#[derive(Default)]
struct Values {
    patterns: Vec<Pattern>,
    compiled: Option<Compiled>,
}

struct Pattern {
    form: Zeroizing<Vec<u8>>,
    secret: String,
}

struct Compiled {
    automaton: AhoCorasick,
    /// One for each pattern.
    replacements: Vec<String>,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mask(..)")
    }
}

impl Mask {
    /// Masks this value from now on, as `[secret NAME]`.
    pub fn add(&self, name: &str, value: &SecretValue) {
        let mut values = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        let before = values.patterns.len();
        for part in parts(value.expose()) {
            for form in forms(part) {
                let form = Zeroizing::new(form);
                if !values.patterns.iter().any(|known| known.form == form) {
                    values.patterns.push(Pattern { form, secret: name.to_owned() });
                }
            }
        }
        if values.patterns.len() != before {
            values.compiled = compile(&values.patterns);
        }
    }

    /// Whether nothing is masked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.read().unwrap_or_else(PoisonError::into_inner).compiled.is_none()
    }

    /// The text without values. Borrowed where there is none in it.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The bytes without values. Borrowed where there is none in them.
    #[must_use]
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let values = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        let Some(Compiled { automaton, replacements }) = &values.compiled else { return Cow::Borrowed(bytes) };
        if automaton.find(bytes).is_none() {
            return Cow::Borrowed(bytes);
        }
        Cow::Owned(automaton.replace_all_bytes(bytes, replacements))
    }

    /// How many bytes at the end may be the beginning of a value: what goes on must be looked at together with them.
    #[must_use]
    pub fn held_back(&self, bytes: &[u8]) -> usize {
        let values = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        values.patterns.iter().map(|pattern| longest_overlap(bytes, &pattern.form)).max().unwrap_or(0)
    }

    /// The same text for JSON: every string in it, names of fields included.
    pub fn json(&self, value: &mut lockgate_model::Json) {
        use lockgate_model::Json;
        if self.is_empty() {
            return;
        }
        match value {
            Json::String(text) => {
                if let Cow::Owned(masked) = self.text(text) {
                    text.zeroize();
                    *text = masked;
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Json::Object(fields) => {
                let names: Vec<String> = fields.keys().cloned().collect();
                for name in names {
                    if let Cow::Owned(masked) = self.text(&name)
                        && let Some(value) = fields.remove(&name)
                    {
                        fields.insert(masked, value);
                    }
                }
                fields.values_mut().for_each(|value| self.json(value));
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
}

/// The longest proper beginning of `pattern` that `bytes` ends with.
fn longest_overlap(bytes: &[u8], pattern: &[u8]) -> usize {
    let longest = bytes.len().min(pattern.len().saturating_sub(1));
    (1..=longest).rev().find(|length| bytes.ends_with(&pattern[..*length])).unwrap_or(0)
}

fn compile(patterns: &[Pattern]) -> Option<Compiled> {
    let forms = patterns.iter().map(|pattern| pattern.form.as_slice());
    let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms).ok()?;
    let replacements = patterns.iter().map(|pattern| format!("[secret {}]", pattern.secret)).collect();
    Some(Compiled { automaton, replacements })
}

/// The value, and its lines where it has several.
fn parts(value: &[u8]) -> Vec<&[u8]> {
    let whole = value.trim_ascii();
    let lines = whole.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| line.len() < whole.len());
    std::iter::once(value).chain([whole]).chain(lines).filter(|part| part.len() >= MASKED_BYTES_MIN).collect()
}

fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_vec(), hex(value, false), hex(value, true)];
    for offset in 0..3 {
        forms.push(base64_at(&STANDARD_NO_PAD, value, offset));
        forms.push(base64_at(&URL_SAFE_NO_PAD, value, offset));
    }
    for set in [UNRESERVED, QUERY, COMPONENT, FORM] {
        let encoded = percent_encoding::percent_encode(value, set).to_string();
        forms.push(encoded.replace("%20", "+").into_bytes());
        forms.push(lower_escapes(&encoded).into_bytes());
        forms.push(encoded.into_bytes());
    }
    if let Ok(text) = std::str::from_utf8(value) {
        forms.extend(quoted(text));
    }
    forms.retain(|form| form.len() >= MASKED_BYTES_MIN);
    forms
}

/// As JSON and HTML write it: JSON as it must be, with `\/`, with everything beyond ASCII escaped, and with what HTML would
/// take for its own escaped too.
fn quoted(text: &str) -> Vec<Vec<u8>> {
    let json = |is_escaped: fn(char) -> bool, slash: &str| {
        let mut quoted = String::new();
        for letter in text.chars() {
            match letter {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\t' => quoted.push_str("\\t"),
                '/' => quoted.push_str(slash),
                letter if letter.is_control() || is_escaped(letter) => {
                    for unit in letter.encode_utf16(&mut [0; 2]) {
                        let _infallible = write!(quoted, "\\u{unit:04x}");
                    }
                }
                letter => quoted.push(letter),
            }
        }
        quoted.into_bytes()
    };
    let is_markup = |letter: char| matches!(letter, '<' | '>' | '&');
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let forms = [
        json(|_| false, "/"),
        json(|_| false, "\\/"),
        json(|letter| !letter.is_ascii(), "/"),
        json(|letter| !letter.is_ascii(), "\\/"),
        json(is_markup, "/"),
        html.replace('"', "&quot;").replace('\'', "&#39;").into_bytes(),
        html.replace('"', "&#34;").replace('\'', "&#39;").into_bytes(),
        html.into_bytes(),
    ];
    forms.to_vec()
}

fn hex(value: &[u8], upper: bool) -> Vec<u8> {
    let mut text = String::with_capacity(value.len() * 2);
    for byte in value {
        let _infallible = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
    }
    text.into_bytes()
}

/// `%2F` as `%2f`.
fn lower_escapes(encoded: &str) -> String {
    let mut text = String::with_capacity(encoded.len());
    let mut escape = 0;
    for letter in encoded.chars() {
        escape = if letter == '%' { 2 } else { i32::max(escape - 1, -1) };
        text.push(if escape >= 0 && letter != '%' { letter.to_ascii_lowercase() } else { letter });
    }
    text
}

/// What of the base64 of a longer text depends on the value alone, where the value begins `offset` bytes (of 3) into a
/// group: the letters at both ends that also hold bits of a neighbour are left out.
fn base64_at(engine: &impl base64::Engine, value: &[u8], offset: usize) -> Vec<u8> {
    let padded = Zeroizing::new([vec![0; offset], value.to_vec()].concat());
    let encoded = engine.encode(padded.as_slice());
    let first = (offset * 8).div_ceil(6);
    let whole = (padded.len() * 8) / 6;
    encoded.as_bytes()[first.min(whole)..whole].to_vec()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    const VALUE: &str = "hunter2/+ \"ä\" and more";

    fn mask(value: &str) -> Mask {
        let mask = Mask::default();
        mask.add("token", &SecretValue::new(value.as_bytes().to_vec()));
        mask
    }

    fn check(text: &str) {
        let masked = mask(VALUE).text(text).into_owned();
        assert!(masked.contains("[secret token]"), "{text} became {masked}");
        assert!(!masked.contains("hunter2"), "{masked}");
    }

    #[test]
    fn it_is_found_in_every_form() {
        check(&format!("say {VALUE}!"));
        check(&serde_json::to_string(VALUE).expect("JSON"));
        for before in ["", "x", "xy", "Basic user:"] {
            check(&STANDARD.encode(format!("{before}{VALUE} after")));
            check(&URL_SAFE.encode(format!("{before}{VALUE}")));
        }
        check(&String::from_utf8(hex(VALUE.as_bytes(), false)).expect("hex"));
        check(&String::from_utf8(hex(VALUE.as_bytes(), true)).expect("hex"));
        for set in [UNRESERVED, QUERY, NON_ALPHANUMERIC] {
            if set != NON_ALPHANUMERIC {
                check(&percent_encoding::percent_encode(VALUE.as_bytes(), set).to_string());
            }
        }
        for form in
            [r#"hunter2\/+ \"ä\" and more"#, r#"hunter2/+ \"\u00e4\" and more"#, "hunter2/+ &quot;ä&quot; and more"]
        {
            check(form);
        }
        check("hunter2%2f%2b%20%22%c3%a4%22%20and%20more");
        check("hunter2%2F%2B+%22%C3%A4%22+and+more");
    }

    #[test]
    fn each_line_of_a_long_value_counts() {
        let mask = mask("-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----\n");
        assert_eq!(mask.text("x abcdefgh y"), "x [secret token] y");
        assert_eq!(mask.text("nothing here"), "nothing here");
    }

    #[test]
    fn a_short_value_is_not_masked() {
        assert!(mask("abc").is_empty());
    }

    #[test]
    fn the_beginning_of_a_value_is_held_back() {
        let mask = mask("hunter2");
        for (text, expected) in [("say hun", 3), ("say hunter", 6), ("say", 0), ("", 0)] {
            assert_eq!(mask.held_back(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn json_is_masked_in_names_and_values() {
        let mut value = serde_json::json!({ "hunter2": ["a hunter2", 1, { "b": "hunter2" }] });
        mask("hunter2").json(&mut value);
        assert!(!value.to_string().contains("hunter2"), "{value}");
    }
}
