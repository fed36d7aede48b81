//! One file for each group of commands.

mod artifacts;
mod doctor;
mod inspect;
mod logs;
mod plan;
mod plugin;
mod run;

use std::path::{Path, PathBuf};

use crate::args::{Args, Command};
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::style::Style;

/// Carries the command out.
pub(crate) fn dispatch(args: Args) -> Result<Exit, CliError> {
    let state = args.state;
    match args.command {
        Command::Run(args) => run::run(&state, &args),
        Command::Validate(file) => plan::validate(&state, &file),
        Command::Plan(file) => plan::plan(&state, &file),
        Command::Lock { files } => lock(&state, &files),
        Command::Runs { limit, json } => inspect::runs(&state, limit, json),
        Command::Show { run, json } => inspect::show(&state, &run, json),
        Command::Logs { run, step, follow, json } => {
            logs::logs(&state, &run, &logs::Options { step: step.as_deref(), follow, json })
        }
        Command::Artifacts { run, to } => artifacts::artifacts(&state, &run, to.as_deref()),
        Command::Cancel { run } => inspect::cancel(&state, &run),
        Command::Resume { run, output } => run::resume(&state, &run, &output),
        Command::Retry { run, output, .. } => run::retry(&state, &run, &output),
        Command::Doctor => doctor::doctor(&state),
        Command::Plugin(command) => plugin::plugin(&state, &command),
        Command::Schema => schema(),
    }
}

fn schema() -> Result<Exit, CliError> {
    crate::output::out!("{}", serde_json::to_string_pretty(&lockgate_planner::schema())?);
    Ok(Exit::Passed)
}

fn lock(state: &Path, files: &[PathBuf]) -> Result<Exit, CliError> {
    let host = Host::open(state, Path::new("."))?;
    let style = Style::stdout();
    for file in files {
        let lock = crate::catalog::lock(&host, file)?;
        let path = crate::catalog::lock_path(file);
        lock.write(&path)?;
        crate::output::out!("{} {} plugins in {}", style.good_mark(), lock.plugins.len(), path.display());
        for (alias, entry) in &lock.plugins {
            let pin = &entry.pin;
            crate::output::out!("  {alias:<12} {:<15} {} {}", pin.kind, pin.digest.short(), style.dim(&pin.reference));
        }
    }
    Ok(Exit::Passed)
}
