//! What Lockgate costs, against what people would pick instead, in one run on one machine. Prints medians and ratios;
//! `--json FILE` writes the ratios, the names of ratios ask for these alone. Run it with `cargo xtask bench` on a quiet machine.
#![allow(clippy::print_stdout, reason = "a benchmark is there to print")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on says where and stops")]

mod calls;
mod journal;
mod measure;
mod noop;
mod pipeline;
mod plugins;
mod steps;
mod world;

use std::collections::BTreeMap;

use measure::Ratio;

fn main() {
    let guest = std::fs::read(lockgate_tests::guest("lockgate-guest-verdict")).expect("the guest `verdict`");
    let benches: [(&str, &dyn Fn() -> Option<Ratio>); 6] = [
        ("step_vs_spawn", &|| steps::against_spawn(&guest)),
        ("pipeline_vs_ninja", &|| pipeline::against_ninja(&guest)),
        ("call_vs_wasmtime", &|| calls::against_wasmtime(&guest)),
        ("journal_on_vs_off", &journal::on_against_off),
        ("noop_vs_turbo", &|| noop::against_turbo(&guest)),
        ("cached_plugin_vs_runc", &plugins::against_runc),
    ];
    let ratios: Vec<Ratio> =
        benches.iter().filter(|(name, _)| is_wanted(name)).filter_map(|(_, bench)| bench()).collect();
    println!("\n{:<20} {:>8} {:>8}", "ratio", "value", "aim");
    for ratio in &ratios {
        println!("{:<20} {:>8.3} {:>8}", ratio.name, ratio.value, format!("<= {}", ratio.aim));
    }
    if let Some(file) = json_file() {
        write(&file, ratios.iter());
    }
}

/// All of them, or those whose ratios are named.
fn is_wanted(ratio: &str) -> bool {
    let mut names = std::env::args().skip(1).filter(|argument| argument.contains("_vs_")).peekable();
    names.peek().is_none() || names.any(|name| name == ratio)
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
