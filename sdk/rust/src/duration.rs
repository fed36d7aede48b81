//! Spans of time as people write them: `10m`, `1h30m`, `500ms`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Units from large to small, in milliseconds.
const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const PATTERN: &str = "^([0-9]+(ms|s|m|h|d|w))+$";

/// A span of time in whole milliseconds. In a configuration it is a string: numbers, each with its unit (`ms`, `s`,
/// `m`, `h`, `d`, `w`), added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl Duration {
    /// So many milliseconds.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// So many seconds; saturates.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// So many minutes; saturates.
    #[must_use]
    pub const fn from_mins(mins: u64) -> Self {
        Self(mins.saturating_mul(60_000))
    }

    /// In milliseconds.
    #[must_use]
    pub const fn as_ms(self) -> u64 {
        self.0
    }
}

/// Why a text is not a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationError {
    text: String,
    reason: &'static str,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a duration: {}; write for example `10m` or `1h30m`", self.text, self.reason)
    }
}

impl std::error::Error for DurationError {}

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason| DurationError { text: text.to_owned(), reason };
        let mut rest = text;
        let mut total_ms = 0_u64;
        while !rest.is_empty() || text.is_empty() {
            let (part_ms, after) = leading_part(rest).map_err(fail)?;
            total_ms = total_ms.checked_add(part_ms).ok_or_else(|| fail("it is too long"))?;
            rest = after;
        }
        Ok(Self(total_ms))
    }
}

/// The milliseconds of the first number and its unit, and what follows them.
fn leading_part(text: &str) -> Result<(u64, &str), &'static str> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or("a number needs a unit (ms, s, m, h, d, w)")?;
    let (number, tail) = text.split_at(unit_at);
    if number.is_empty() {
        return Err("a number must come first");
    }
    let unit_len = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
    let (unit, after) = tail.split_at(unit_len);
    let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit).ok_or("its unit is none of ms, s, m, h, d, w")?;
    let part = number.parse::<u64>().ok().and_then(|count| count.checked_mul(*unit_ms)).ok_or("it is too long")?;
    Ok((part, after))
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.pad("0s");
        }
        let mut rest_ms = self.0;
        let mut text = String::new();
        for (name, unit_ms) in UNITS {
            if rest_ms >= unit_ms {
                text.push_str(&format!("{}{name}", rest_ms / unit_ms));
                rest_ms %= unit_ms;
            }
        }
        f.pad(&text)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": PATTERN,
            "description": "A span of time: numbers with their units (ms, s, m, h, d, w), for example 10m or 1h30m.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    fn check(text: &str, ms: u64, written: &str) {
        let duration: Duration = text.parse().unwrap();
        assert_eq!((duration.as_ms(), duration.to_string().as_str()), (ms, written));
    }

    fn check_refused(text: &str, reason: &str) {
        let error = text.parse::<Duration>().unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }

    #[test]
    fn written_as_people_write() {
        check("10m", 600_000, "10m");
        check("1h30m", 5_400_000, "1h30m");
        check("90m", 5_400_000, "1h30m");
        check("500ms", 500, "500ms");
        check("3d", 259_200_000, "3d");
        check("0s", 0, "0s");
    }

    #[test]
    fn refused_with_a_reason() {
        check_refused("", "needs a unit");
        check_refused("10", "needs a unit");
        check_refused("m", "must come first");
        check_refused("10 m", "unit is none of");
        check_refused("-1m", "must come first");
        check_refused("1y", "unit is none of");
        check_refused("18446744073709551615w", "too long");
        check_refused("18446744073709551615ms1ms", "too long");
        check_refused("10µ", "unit is none of");
    }

    #[test]
    fn json_is_a_string() {
        let duration: Duration = serde_json::from_str("\"2h\"").unwrap();
        assert_eq!(serde_json::to_string(&duration).unwrap(), "\"2h\"");
        assert!(serde_json::from_str::<Duration>("5").is_err());
    }
}
