//! The benchmark, built with optimisation; its figures stand in tests/bench/README.md.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::command::{run as run_command, step};
use crate::failure::Result;
use crate::project::Project;
use crate::system::NINJA;
use crate::{guests, plugins};

/// What the benchmark may be told.
#[derive(Args)]
pub(crate) struct Options {
    /// Also write the ratios to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Handed on as they are
    #[arg(last = true)]
    rest: Vec<String>,
}

/// The command `bench`.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    NINJA.ensure()?;
    plugins::store(project, &guests::build(project)?)?;
    step("Building the benchmark, with optimisation");
    // Together: each alone would want another set of features, and the runtime compiled once more.
    let packages = ["--package", "lockgate-cli", "--package", "lockgate-tests"];
    run_command(project.cargo().args(["build", "--release", "--bins"]).args(packages))?;
    let mut bench = Command::new(project.target.join("release").join("bench"));
    if let Some(file) = &options.json {
        bench.arg("--json").arg(std::path::absolute(file).unwrap_or_else(|_| file.clone()));
    }
    run_command(bench.args(&options.rest))
}
