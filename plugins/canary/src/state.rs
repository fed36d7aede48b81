//! What is remembered between two moves.

use serde::{Deserialize, Serialize};

/// Times are sums of what passed between moves, never differences of far instants: a clock that is set back stops them
/// for one move and does no more harm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct State {
    /// The step, counted from 0.
    pub step: usize,
    /// When the last move was made, in milliseconds since the Unix epoch; 0 before the first.
    pub last_now: u64,
    /// How long this step has had its traffic.
    pub baked_ms: u64,
    /// How often this step's traffic was asked for.
    pub shifts: u32,
    /// How long the candidate has been less than ready.
    pub unready_ms: u64,
    /// Where in the step's bake the last measurement was made.
    pub measured_at_ms: Option<u64>,
    /// Where in the step's bake the last good measurement was made.
    pub passed_at_ms: Option<u64>,
    /// Bad measurements of the rollout.
    pub failures: u32,
    /// Measurements in a row that the metrics source could not answer.
    pub consecutive_errors: u32,
    /// Measurements of this step that said nothing.
    pub inconclusive: u32,
}

impl State {
    /// Time goes on; returns how much.
    pub(crate) fn tick(&mut self, now: u64) -> u64 {
        let passed_ms = if self.last_now == 0 { 0 } else { now.saturating_sub(self.last_now) };
        self.last_now = now;
        passed_ms
    }

    /// The same rollout at another step.
    pub(crate) fn at_step(&self, step: usize) -> Self {
        Self {
            step,
            last_now: self.last_now,
            failures: self.failures,
            consecutive_errors: self.consecutive_errors,
            ..Self::default()
        }
    }
}
