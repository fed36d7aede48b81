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
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    match commands::dispatch(args) {
        Ok(exit) => exit.into(),
        Err(error) => exit::report(&error),
    }
}
