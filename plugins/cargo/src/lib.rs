//! The cargo plugin: compiles, lints, tests and packs with cargo, and turns what cargo says into evidence.

pub mod artifacts;
pub mod config;
pub mod diagnostics;
pub mod harness;
pub mod invocation;
pub mod junit;
pub mod libtest;
pub mod measure;
pub mod outcome;
pub mod package;
pub mod panic_message;
pub mod places;
pub mod report;
pub mod stream;
pub mod suites;

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read};

use lockgate_sdk::exec::{Command, Completion};
use lockgate_sdk::{About, Ask, BuildRequest, BuildStep, Duration, Effect, Failure, Product, export, log, workspace};

use config::{Config, Subcommand};
use outcome::Facts;
use places::Places;
use report::Tests;
use stream::Stream;

/// The plugin.
pub struct Plugin;

export!(build_step: Plugin);

impl BuildStep for Plugin {
    type Config = Config;

    fn about() -> About {
        About::new("cargo", env!("CARGO_PKG_VERSION"), "Compiles, lints, tests and packs Rust with cargo")
            .asks(Ask::exec("cargo", "it runs cargo, which runs rustc, build scripts and tests"))
            .effect(Effect::Idempotent)
            .documentation(include_str!("../README.md"))
    }

    fn run(config: Config, _request: BuildRequest) -> Result<Product, Failure> {
        config.check()?;
        let places = Places::new(workspace(), config.working_directory.as_deref());
        let completion = cargo(&config)?;
        let stream = take_stream(&places)?;
        outcome::check_ending(&config, &completion, &stream)?;
        let stderr = completion.stderr_text();
        let tests = (config.command == Subcommand::Test).then(|| report::read(&stream, &stderr, &places));
        tell(&stream, tests.as_ref(), &completion);
        write_junit(&config, tests.as_ref(), &places)?;
        let findings = diagnostics::findings(&stream.diagnostics, &places);
        let artifacts =
            if completion.success() { artifacts::publish(&config, &stream, &stderr, &places)? } else { Vec::new() };
        Ok(Facts { config: &config, completion: &completion, stream: &stream, findings, tests, artifacts }.product())
    }
}

fn cargo(config: &Config) -> Result<Completion, Failure> {
    let metadata = if config.publish_binaries { Some(metadata(config)?) } else { None };
    let command = command(config, invocation::argv(config)).outputs(artifacts::outputs(config, metadata.as_ref()));
    Ok(command.stdout_to(invocation::STDOUT_FILE).run()?)
}

fn metadata(config: &Config) -> Result<cargo_metadata::Metadata, Failure> {
    let completion = command(config, invocation::metadata_argv(config)).run()?;
    if !completion.success() {
        outcome::check_ending(config, &completion, &Stream::default())?;
    }
    artifacts::metadata(&completion.stdout_text())
}

fn command(config: &Config, argv: Vec<String>) -> Command {
    let mut command =
        Command::tool("cargo").args(argv.into_iter().skip(1)).inputs(&config.inputs).env("CARGO_TERM_COLOR", "never");
    command = config.env.iter().fold(command, |command, (name, value)| command.env(name, value));
    if let Some(folder) = &config.working_directory {
        command = command.cwd(folder);
    }
    match config.timeout_seconds {
        Some(seconds) => command.timeout(Duration::from_secs(seconds)),
        None => command,
    }
}

/// Reads cargo's standard output and takes its file away, which is not the step's change. A cargo that was killed may have
/// left none.
fn take_stream(places: &Places) -> Result<Stream, Failure> {
    let path = places.on_disk(invocation::STDOUT_FILE);
    let file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Stream::default()),
        opened => opened?,
    };
    if file.metadata()?.len() > stream::STDOUT_BYTES_MAX {
        log::warn(format!("cargo wrote more than {} bytes: what follows is not read", stream::STDOUT_BYTES_MAX));
    }
    let stream = Stream::read(BufReader::new(file.take(stream::STDOUT_BYTES_MAX)))?;
    fs::remove_file(path)?;
    Ok(stream)
}

/// Says in the log what standard output held for machines.
fn tell(stream: &Stream, tests: Option<&Tests>, completion: &Completion) {
    for diagnostic in stream.diagnostics.iter().map(|message| &message.message) {
        let text = diagnostic.rendered.as_deref().unwrap_or(&diagnostic.message).trim_end();
        if diagnostics::is_error(diagnostic) { log::error(text) } else { log::warn(text) }
    }
    if let Some(tests) = tests {
        tests
            .report
            .cases
            .iter()
            .filter(|case| report::is_red(case))
            .for_each(|case| log::error(report::headline(case)));
        tests.warnings.iter().for_each(log::warn);
    }
    if completion.truncated {
        log::warn("cargo's standard error was cut: suites may bear another binary's name");
    }
}

fn write_junit(config: &Config, tests: Option<&Tests>, places: &Places) -> Result<(), Failure> {
    let (Some(path), Some(tests)) = (&config.junit, tests) else { return Ok(()) };
    let path = places.on_disk(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, junit::xml(&tests.report)?)?)
}
