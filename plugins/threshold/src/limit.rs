//! A limit with its two levels: where it fails, and where it only warns.

use lockgate_sdk::schemars::JsonSchema;
use lockgate_sdk::{Reason, Ruling};
use serde::Deserialize;

/// A number (`80`), or levels (`{ fail: 80, warn: 90 }`).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Limit {
    /// Beyond it the gate fails.
    Fail(f64),
    /// Beyond `fail` the gate fails, beyond `warn` it warns.
    Levels(Levels),
}

/// Two levels, each optional.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// Beyond it the gate fails.
    pub fail: Option<f64>,
    /// Beyond it the gate warns.
    pub warn: Option<f64>,
}

/// On which side of a limit it is good to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    AtMost,
    AtLeast,
}

impl Side {
    fn is_beyond(self, value: f64, level: f64) -> bool {
        match self {
            Self::AtMost => value > level,
            Self::AtLeast => value < level,
        }
    }

    fn words(self, level: f64) -> String {
        match self {
            Self::AtMost => format!("at most {} allowed", number(level)),
            Self::AtLeast => format!("at least {} required", number(level)),
        }
    }
}

impl Limit {
    fn levels(self) -> [(Option<f64>, Ruling); 2] {
        match self {
            Self::Fail(fail) => [(Some(fail), Ruling::Fail), (None, Ruling::Warn)],
            Self::Levels(levels) => [(levels.fail, Ruling::Fail), (levels.warn, Ruling::Warn)],
        }
    }

    /// The ruling and, where it is no pass, the level that the value is beyond.
    fn ruling(self, side: Side, value: f64) -> (Ruling, Option<f64>) {
        let beyond = |(level, ruling): (Option<f64>, Ruling)| {
            level.filter(|level| side.is_beyond(value, *level)).map(|level| (ruling, Some(level)))
        };
        self.levels().into_iter().find_map(beyond).unwrap_or((Ruling::Pass, None))
    }

    /// The reason that this limit gives; `what` is the value in words, `help` what to do where it does not hold.
    pub(crate) fn judge(self, side: Side, value: f64, what: &str, help: &str) -> Reason {
        match self.ruling(side, value) {
            (ruling, Some(level)) => Reason::new(ruling, format!("{what}, {}", side.words(level))).help(help),
            (ruling, None) => Reason::new(ruling, what),
        }
    }
}

/// At most two places after the point, without trailing zeros: `80`, `79.96`.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use lockgate_sdk::Ruling;

    use super::{Limit, Side, number};

    fn check(limit: &str, side: Side, value: f64, expected: Ruling) {
        let limit: Limit = serde_json::from_str(limit).unwrap();
        assert_eq!(limit.ruling(side, value).0, expected, "{limit:?} {value}");
    }

    #[test]
    fn a_limit_itself_is_still_good() {
        check("0", Side::AtMost, 0.0, Ruling::Pass);
        check("0", Side::AtMost, 1.0, Ruling::Fail);
        check("80", Side::AtLeast, 80.0, Ruling::Pass);
        check("80", Side::AtLeast, 79.999, Ruling::Fail);
    }

    #[test]
    fn levels_fail_before_they_warn() {
        let levels = r#"{"fail": 80, "warn": 90}"#;
        check(levels, Side::AtLeast, 79.0, Ruling::Fail);
        check(levels, Side::AtLeast, 85.0, Ruling::Warn);
        check(levels, Side::AtLeast, 90.0, Ruling::Pass);
        check(r#"{"warn": 3}"#, Side::AtMost, 99.0, Ruling::Warn);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([80.0, 79.96, 0.1, 0.0, 100.0].map(number), ["80", "79.96", "0.1", "0", "100"]);
    }
}
