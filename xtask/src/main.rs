//! The project's own commands, `cargo xtask NAME`: everything that is done to Lockgate rather than with it.
//!
//! Every command says what it does before it does it, and ends with a remedy where it cannot.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool: printing is what it is for")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Result;
use crate::project::Project;

mod bench;
mod command;
mod demo;
mod failure;
mod guests;
mod plugins;
mod project;
mod system;
mod test;
mod timing;
mod toolchain;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Build, test and show Lockgate")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run a real pipeline on a real crate: build, lint, test, scan, gate, package
    Demo(demo::Options),
    /// Formatting, clippy without warnings, all tests of host and guests
    Test(test::Options),
    /// Build the plugins and put them into the local OCI layout that `lockgate` looks into
    Plugins {
        /// Also write `lockgate.lock` beside each of these pipelines
        #[arg(long = "lock", value_name = "PIPELINE", num_args = 1..)]
        lock: Vec<PathBuf>,
    },
    /// Build all components: plugins, test guests, examples of the SDK
    Guests,
    /// Get a compiler for wasm32-wasip2: rustup's target, or Debian's packages where rustup's server is out of reach
    GuestToolchain {
        /// Where to take it from
        #[arg(long, value_enum, default_value_t)]
        from: toolchain::Origin,
    },
    /// Print medians and ratios of the durable step, the pipeline and the call
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(task: Task) -> Result<()> {
    let project = Project::find()?;
    match task {
        Task::Demo(options) => demo::run(&project, &options),
        Task::Test(options) => test::run(&project, &options),
        Task::Plugins { lock } => plugins::run(&project, &lock),
        Task::Guests => guests::build(&project).map(|components| guests::print(&components)),
        Task::GuestToolchain { from } => toolchain::run(&project, from),
        Task::Bench(options) => bench::run(&project, &options),
    }
}
