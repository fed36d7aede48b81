//! Everything that must hold before a change goes in.

use clap::Args;

use crate::command::run as run_command;
use crate::failure::Result;
use crate::project::Project;
use crate::system::BUBBLEWRAP;
use crate::timing::Timings;
use crate::{guests, plugins};

/// What may be left out.
#[derive(Args)]
pub(crate) struct Options {
    /// Leave the check of the formatting out
    #[arg(long)]
    no_fmt: bool,
    /// Leave clippy out
    #[arg(long)]
    no_clippy: bool,
    /// Handed to `cargo test`, a filter for example
    #[arg(last = true)]
    rest: Vec<String>,
}

/// The command `test`.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let mut timings = Timings::default();
    let result = all(project, options, &mut timings);
    timings.print();
    if result.is_ok() {
        println!("\nall passed");
    }
    result
}

fn all(project: &Project, options: &Options, timings: &mut Timings) -> Result<()> {
    if !options.no_fmt {
        timings.part("formatting", || run_command(project.cargo().args(["fmt", "--all", "--check"])))?;
    }
    timings.part("bubblewrap", || BUBBLEWRAP.ensure())?;
    let components = timings.part("components", || guests::build(project))?;
    timings.part("plugins", || plugins::store(project, &components))?;
    // With all that the tests need: a binary built alone would want another set of features, and the runtime once more.
    timings
        .part("lockgate and tests", || run_command(project.cargo().args(["build", "--workspace", "--all-targets"])))?;
    if !options.no_clippy {
        let arguments = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
        timings.part("clippy", || run_command(project.cargo().args(arguments)))?;
    }
    timings.part("tests", || {
        run_command(project.cargo().args(["test", "--workspace", "--no-fail-fast"]).args(&options.rest))
    })
}
