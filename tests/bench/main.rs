//! What Lockgate costs, against what people would pick instead, in one run on one machine. Prints medians and ratios;
//! `--json FILE` writes the ratios. Run it with `cargo xtask bench` on a quiet machine.
#![allow(clippy::print_stdout, reason = "a benchmark is there to print")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on says where and stops")]

mod calls;
mod measure;
mod pipeline;
mod plugins;
mod steps;
mod world;

use std::collections::BTreeMap;

use measure::{Figure, Ratio};

fn main() {
    let guest = std::fs::read(lockgate_tests::guest("lockgate-guest-verdict")).expect("the guest `verdict`");
    let spawn = Figure::median_us("posix_spawn of /bin/true", measure::samples(400, measure::spawn));
    let ratios = [
        steps::against_spawn(&guest, &spawn),
        pipeline::against_ninja(&guest),
        calls::against_wasmtime(&guest),
        plugins::against_runc(),
    ];
    println!("\n{:<20} {:>8} {:>8}", "ratio", "value", "aim");
    for ratio in ratios.iter().flatten() {
        println!("{:<20} {:>8.3} {:>8}", ratio.name, ratio.value, format!("<= {}", ratio.aim));
    }
    if let Some(file) = json_file() {
        write(&file, ratios.iter().flatten());
    }
}

fn json_file() -> Option<std::path::PathBuf> {
    let mut arguments = std::env::args_os().skip_while(|argument| argument != "--json");
    arguments.nth(1).map(Into::into)
}

fn write<'a>(file: &std::path::Path, ratios: impl Iterator<Item = &'a Ratio>) {
    let values: BTreeMap<&str, f64> = ratios.map(|ratio| (ratio.name, ratio.value)).collect();
    let text = serde_json::to_string_pretty(&values).expect("numbers have a JSON form");
    std::fs::write(file, text + "\n").expect("the file can be written");
}
