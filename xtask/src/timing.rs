//! How long things took, for the summary at the end.

use std::time::{Duration, Instant};

use crate::failure::Result;

/// The parts of a task, in the order in which they ran.
#[derive(Default)]
pub(crate) struct Timings {
    parts: Vec<(String, Duration)>,
}

impl Timings {
    /// Runs a part and notes how long it took, whether it succeeds or not.
    #[allow(clippy::disallowed_methods, reason = "a stopwatch for people; nothing is decided by it")]
    pub(crate) fn part<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        crate::command::step(name);
        let start = Instant::now();
        let result = work();
        let mark = if result.is_ok() { "" } else { " (failed)" };
        self.parts.push((format!("{name}{mark}"), start.elapsed()));
        result
    }

    /// Prints one line for each part.
    pub(crate) fn print(&self) {
        println!();
        for (name, taken) in &self.parts {
            println!("{:>8.1} s  {name}", taken.as_secs_f64());
        }
    }
}
