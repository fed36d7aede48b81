//! Samples, medians and ratios.

use std::process::{Command, Stdio};
use std::time::Instant;

/// A median with its name, printed as it is made.
pub(crate) struct Figure {
    pub(crate) median_us: f64,
}

impl Figure {
    /// The median of samples in microseconds; the first tenth warms up and does not count.
    pub(crate) fn median_us(name: &str, mut samples: Vec<f64>) -> Self {
        samples.drain(..samples.len() / 10);
        samples.sort_by(f64::total_cmp);
        let at = |part: f64| samples[((samples.len() - 1) as f64 * part) as usize];
        let median_us = at(0.5);
        println!("{name:<58} {:>11} median {:>11} p10 {:>11} p90", shown(median_us), shown(at(0.1)), shown(at(0.9)));
        Self { median_us }
    }
}

/// Us against them; below 1 is faster.
pub(crate) struct Ratio {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) aim: f64,
}

impl Ratio {
    pub(crate) fn new(name: &'static str, ours: &Figure, theirs: &Figure, aim: f64) -> Self {
        Self { name, value: ours.median_us / theirs.median_us, aim }
    }
}

fn shown(us: f64) -> String {
    if us >= 10_000.0 { format!("{:.1} ms", us / 1000.0) } else { format!("{us:.1} us") }
}

/// Microseconds that each of `count` calls takes.
pub(crate) fn samples(count: usize, mut call: impl FnMut()) -> Vec<f64> {
    (0..count).map(|_| timed(&mut call)).collect()
}

/// Microseconds that a call takes.
pub(crate) fn timed(call: &mut impl FnMut()) -> f64 {
    let began = Instant::now();
    call();
    began.elapsed().as_secs_f64() * 1e6
}

/// Starts the smallest process and waits for it: what any system that starts a process for each step pays at least.
/// The standard library uses posix_spawn here: no pre-exec hook, no change of folder or user.
pub(crate) fn spawn() {
    let mut command = Command::new("/bin/true");
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "/bin/true cannot be run");
}
