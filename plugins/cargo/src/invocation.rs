//! The configuration as cargo's arguments.

use crate::config::{Config, Subcommand};

/// The workspace file that takes cargo's standard output, which may be larger than a call may return.
pub const STDOUT_FILE: &str = ".lockgate-cargo-stdout";

/// Cargo and its arguments. Values are arguments of their own, never spliced into one another.
#[must_use]
pub fn argv(config: &Config) -> Vec<String> {
    let mut argv = vec!["cargo".to_owned(), config.command.name().to_owned()];
    if config.command != Subcommand::Package {
        argv.push("--message-format=json".to_owned());
    }
    if config.command == Subcommand::Test {
        argv.push("--no-fail-fast".to_owned());
    }
    argv.extend(selection(config));
    argv.extend(network(config));
    argv.extend(config.args.iter().cloned());
    argv.extend(behind_dashes(config));
    argv
}

/// `cargo metadata`, which tells how the binaries are called before they exist.
#[must_use]
pub fn metadata_argv(config: &Config) -> Vec<String> {
    let mut argv: Vec<String> = ["cargo", "metadata", "--no-deps", "--format-version=1"].map(str::to_owned).into();
    argv.extend(network(config));
    argv
}

/// Where cargo puts what it makes, relative to the folder of its `target`: `release`, `TRIPLE/debug`.
#[must_use]
pub fn profile_folder(config: &Config) -> String {
    let folder = match config.profile.as_deref() {
        None | Some("dev" | "test") => "debug",
        Some("bench") => "release",
        Some(name) => name,
    };
    config.target.as_ref().map_or_else(|| folder.to_owned(), |triple| format!("{triple}/{folder}"))
}

fn selection(config: &Config) -> Vec<String> {
    let mut argv = Vec::new();
    let mut pair = |option: &str, value: &str| argv.extend([option.to_owned(), value.to_owned()]);
    config.profile.iter().for_each(|profile| pair("--profile", profile));
    config.packages.iter().for_each(|package| pair("--package", package));
    config.features.iter().for_each(|feature| pair("--features", feature));
    config.target.iter().for_each(|triple| pair("--target", triple));
    let flags = [
        ("--workspace", config.workspace),
        ("--all-targets", config.all_targets),
        ("--all-features", config.all_features),
        ("--no-default-features", config.no_default_features),
    ];
    argv.extend(flags.into_iter().filter(|(_, is_on)| *is_on).map(|(flag, _)| flag.to_owned()));
    argv
}

fn network(config: &Config) -> Vec<String> {
    let flags = [("--locked", config.locked), ("--offline", config.offline)];
    flags.into_iter().filter(|(_, is_on)| *is_on).map(|(flag, _)| flag.to_owned()).collect()
}

fn behind_dashes(config: &Config) -> Vec<String> {
    let args = if config.command == Subcommand::Clippy { &config.lint_args } else { &config.test_args };
    if args.is_empty() {
        return Vec::new();
    }
    std::iter::once("--".to_owned()).chain(args.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        serde_json::from_str(text).unwrap()
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(argv(&config(text)).join(" "), expected);
    }

    #[test]
    fn arguments() {
        check(r#"{"command":"build"}"#, "cargo build --message-format=json --offline");
        check(
            r#"{"command":"test","profile":"release","packages":["a","b"],"features":["x"],"locked":true,"test-args":["--skip","slow"]}"#,
            "cargo test --message-format=json --no-fail-fast --profile release --package a --package b --features x --locked --offline -- --skip slow",
        );
        check(
            r#"{"command":"clippy","all-targets":true,"workspace":true,"offline":false,"lint-args":["-D","warnings"]}"#,
            "cargo clippy --message-format=json --workspace --all-targets -- -D warnings",
        );
        check(r#"{"command":"package","args":["--allow-dirty"]}"#, "cargo package --offline --allow-dirty");
        check(
            r#"{"command":"doc","all-features":true,"no-default-features":true,"target":"t"}"#,
            "cargo doc --message-format=json --target t --all-features --no-default-features --offline",
        );
    }

    #[test]
    fn values_stay_one_argument() {
        let argv = argv(&config(r#"{"command":"test","test-args":["a b; rm -rf /"]}"#));
        assert_eq!(argv.last().map(String::as_str), Some("a b; rm -rf /"));
    }

    #[test]
    fn folders() {
        for (text, expected) in [
            (r#"{"command":"build"}"#, "debug"),
            (r#"{"command":"build","profile":"release"}"#, "release"),
            (r#"{"command":"build","profile":"bench"}"#, "release"),
            (r#"{"command":"build","profile":"small","target":"wasm32-wasip2"}"#, "wasm32-wasip2/small"),
        ] {
            assert_eq!(profile_folder(&config(text)), expected, "{text}");
        }
    }
}
