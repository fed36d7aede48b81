//! How fast the budget burns in each pair of windows, and whether that is too fast.

use lockgate_sdk::Answer;

use crate::config::{Config, Window};
use crate::indicator::Indicator;

/// What binary fractions may be off by: 99.9% leaves a hair less than 0.1%, and the exact budget is not too much.
const ROUNDING: f64 = 1e-9;

/// A pair of windows and how fast the budget burns in each; none where it is not known.
#[derive(Debug, Clone)]
pub(crate) struct Burn<'a> {
    pub(crate) window: &'a Window,
    pub(crate) long: Option<f64>,
    pub(crate) short: Option<f64>,
}

/// Every pair, in the order of the configuration.
pub(crate) fn all<'a>(config: &'a Config, indicator: &Indicator, answers: &[Answer]) -> Vec<Burn<'a>> {
    let rate = |span| indicator.error_ratio(span, answers).map(|ratio| ratio / config.budget());
    config.windows.iter().map(|window| Burn { window, long: rate(window.long), short: rate(window.short) }).collect()
}

impl Burn<'_> {
    /// Whether both windows burn too fast. One that is known not to is enough to say no; else both must be known.
    pub(crate) fn is_too_fast(&self) -> Option<bool> {
        let above = |burn: Option<f64>| burn.map(|burn| burn > self.window.burn_rate * (1.0 + ROUNDING));
        match (above(self.long), above(self.short)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }
}
