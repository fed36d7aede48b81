//! What the work took.

use lockgate_sdk::Measurement;
use lockgate_sdk::exec::Completion;

use crate::config::Config;
use crate::stream::Stream;

/// Times and memory of the command, and how much of the build was there already.
#[must_use]
pub fn measurements(config: &Config, completion: &Completion, stream: &Stream) -> Vec<Measurement> {
    let fresh = stream.artifacts.iter().filter(|artifact| artifact.fresh).count();
    let figures = [
        ("cargo.wall", completion.wall_ms, "ms"),
        ("cargo.cpu", completion.cpu_ms, "ms"),
        ("cargo.max-rss", completion.max_rss_bytes as f64, "By"),
        ("cargo.units.fresh", fresh as f64, "1"),
        ("cargo.units.compiled", (stream.artifacts.len() - fresh) as f64, "1"),
        ("cargo.build-scripts", stream.build_scripts as f64, "1"),
    ];
    let command = config.command.name();
    figures
        .into_iter()
        .map(|(name, value, unit)| Measurement::new(name, value, unit).attribute("command", command))
        .collect()
}
