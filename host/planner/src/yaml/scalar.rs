//! What YAML's core schema makes of a scalar.

use serde_json::Number;
use serde_saphyr::granit_parser::{ScalarStyle, Tag};

use super::Scalar;

/// The type of a scalar: what its tag says, else text where it stands in quotes, else what it looks like.
pub(super) fn type_of(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Scalar {
    match tag.and_then(Tag::core_suffix) {
        Some("str") => Scalar::Text,
        None if style != ScalarStyle::Plain => Scalar::Text,
        _ => core_type(text),
    }
}

/// YAML 1.2.2, chapter 10.3.2. What JSON cannot hold (`.inf`, `.nan`) stays text.
fn core_type(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ => number(text).map_or(Scalar::Text, Scalar::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(hex) = text.strip_prefix("0x") {
        return digits(hex, 16).map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, 8).map(Number::from);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let plain = text.strip_prefix('+').unwrap_or(text);
        return plain.parse::<i64>().map(Number::from).or_else(|_| plain.parse::<u64>().map(Number::from)).ok();
    }
    if is_float(unsigned) { text.parse().ok().and_then(Number::from_f64) } else { None }
}

fn digits(text: &str, radix: u32) -> Option<u64> {
    let all_digits = !text.is_empty() && text.chars().all(|char| char.is_digit(radix));
    if all_digits { u64::from_str_radix(text, radix).ok() } else { None }
}

/// `[0-9]*(\.[0-9]*)?([eE][-+]?[0-9]+)?` with at least one digit before the exponent.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    !(whole.is_empty() && fraction.is_empty())
        && all_digits(whole)
        && all_digits(fraction)
        && exponent.is_none_or(|text| !text.is_empty() && all_digits(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str, expected: &serde_json::Value) {
        assert_eq!(core_type(text).to_json(text), *expected, "{text}");
    }

    #[test]
    fn the_core_schema_decides() {
        for (text, expected) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("True", json!(true)),
            ("12", json!(12)),
            ("-12", json!(-12)),
            ("+3", json!(3)),
            ("18446744073709551615", json!(u64::MAX)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
        ] {
            check(text, &expected);
        }
    }

    #[test]
    fn everything_else_is_text() {
        for text in [
            "yes", "no", "on", "off", "y", "1.2.3", "1_000", "-", ".", "+", "e3", "0x", "0o8", ".inf", ".nan", "1e999",
            "0b1",
        ] {
            check(text, &json!(text));
        }
    }
}
