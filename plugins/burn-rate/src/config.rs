//! The rule's configuration.

use std::collections::BTreeSet;

use lockgate_sdk::schemars::JsonSchema;
use lockgate_sdk::{Duration, Failure, Severity};
use serde::Deserialize;

use crate::indicator::Indicator;

/// An objective, how to tell good from bad, and when to alert.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The objective: how much must be good, in percent, above 0 and below 100.
    #[schemars(range(min = 0, max = 100))]
    pub slo: f64,
    /// A counter of all events. Needs `good` or `bad` beside it.
    pub total: Option<String>,
    /// A counter of good events.
    pub good: Option<String>,
    /// A counter of bad events.
    pub bad: Option<String>,
    /// In place of counters: an expression for the ratio of bad events, from 0 to 1, with `$window` where the span of
    /// time stands.
    pub error_ratio: Option<String>,
    /// Pairs of windows; the first whose both windows burn faster than its rate decides.
    #[serde(default = "recommended")]
    #[schemars(length(min = 1, max = 10))]
    pub windows: Vec<Window>,
    /// How long it must burn before the alert fires.
    #[serde(default, rename = "for")]
    pub hold: Duration,
    /// How long it must have stopped burning before the alert is over.
    #[serde(default)]
    pub keep_firing: Duration,
}

/// A long window, which says that it matters, and a short one, which says that it still goes on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Window {
    /// The long window.
    pub long: Duration,
    /// The short window.
    pub short: Duration,
    /// Alert above this multiple of the rate that would use the budget up exactly.
    pub burn_rate: f64,
    /// How bad that is.
    #[serde(default)]
    pub severity: Level,
}

/// How bad a burn is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Worth mending some day.
    Low,
    /// Worth mending soon.
    Medium,
    /// To be mended before delivery.
    #[default]
    High,
    /// To be mended before anything else.
    Critical,
}

impl Level {
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        }
    }
}

/// The workbook's table for a period of 30 days: 2% of the budget in an hour, 5% in six, 10% in three days.
fn recommended() -> Vec<Window> {
    let window = |long, short, burn_rate, severity| Window {
        long: Duration::from_mins(long),
        short: Duration::from_mins(short),
        burn_rate,
        severity,
    };
    vec![
        window(60, 5, 14.4, Level::Critical),
        window(6 * 60, 30, 6.0, Level::High),
        window(3 * 24 * 60, 6 * 60, 1.0, Level::Medium),
    ]
}

impl Config {
    /// The part of events that may be bad.
    pub(crate) fn budget(&self) -> f64 {
        1.0 - self.slo / 100.0
    }

    /// Every span of time that a query needs, once.
    pub(crate) fn spans(&self) -> BTreeSet<Duration> {
        self.windows.iter().flat_map(|window| [window.long, window.short]).collect()
    }

    /// How to tell good from bad, and what a schema cannot say.
    ///
    /// # Errors
    /// `bad-config`: an objective that leaves no budget or no objective, windows the wrong way round, no or two indicators.
    pub(crate) fn indicator(&self) -> Result<Indicator, Failure> {
        let bad = |message: &str| Failure::new("bad-config", message);
        if !(self.slo > 0.0 && self.slo < 100.0) {
            return Err(bad("`slo` must lie between 0 and 100 percent"));
        }
        if self.windows.is_empty() || !self.windows.iter().all(Window::is_sound) {
            return Err(bad(
                "each of `windows` needs a `short` that is shorter than its `long`, and a `burn-rate` above 0",
            ));
        }
        match (&self.error_ratio, &self.total, &self.good, &self.bad) {
            (Some(ratio), None, None, None) if ratio.contains("$window") => Ok(Indicator::Ratio(ratio.clone())),
            (Some(_), None, None, None) => Err(bad("`error-ratio` needs `$window` where its span of time stands")),
            (None, Some(total), Some(good), None) => Ok(Indicator::Good { good: good.clone(), total: total.clone() }),
            (None, Some(total), None, Some(bad)) => Ok(Indicator::Bad { bad: bad.clone(), total: total.clone() }),
            _ => Err(bad("give either `error-ratio`, or `total` and one of `good` and `bad`")),
        }
    }
}

impl Window {
    fn is_sound(&self) -> bool {
        self.short.as_ms() > 0 && self.short < self.long && self.burn_rate > 0.0 && self.burn_rate.is_finite()
    }
}
