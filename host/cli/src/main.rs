//! The binary `lockgate`: configuration, wiring, commands, terminal output. No logic of its own.

mod args;
mod attempts;
mod catalog;
mod clock;
mod commands;
mod config;
mod exit;
mod host;
mod output;
mod pins;
mod run_ref;
mod supply;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    leave_nothing_in_a_crash();
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    match commands::dispatch(args) {
        Ok(exit) => exit.into(),
        Err(error) => exit::report(&error),
    }
}

/// A core dump would hold the values of secrets. The limit holds where dumps are files, the filter also where they are
/// piped to a program; a system without either has no such dumps.
fn leave_nothing_in_a_crash() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _no_dumps_here = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _no_dumps_here_either = std::fs::write("/proc/self/coredump_filter", "0");
}
