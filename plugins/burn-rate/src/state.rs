//! What is remembered between two evaluations.

use serde::{Deserialize, Serialize};

/// Times are sums of what passed between evaluations: a clock that is set back stops them for one evaluation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct State {
    /// When the last evaluation was made, in milliseconds since the Unix epoch; 0 before the first.
    pub last_now: u64,
    /// Whether the last conclusive evaluation found that it burns too fast.
    pub burning: bool,
    /// How long it has been so, or not so.
    pub held_ms: u64,
    /// Whether the alert fires.
    pub firing: bool,
    /// The pair of windows that last decided, counted from 0.
    pub window: Option<usize>,
}

impl State {
    /// Time goes on, and something is known of it.
    pub(crate) fn tick(&mut self, now: u64, burning: bool) {
        let passed_ms = if self.last_now == 0 { 0 } else { now.saturating_sub(self.last_now) };
        self.held_ms = if burning == self.burning { self.held_ms.saturating_add(passed_ms) } else { 0 };
        self.burning = burning;
        self.last_now = now;
    }
}
