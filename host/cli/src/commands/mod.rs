//! One file for each group of commands.

mod artifacts;
mod doctor;
mod inspect;
mod lock;
mod logs;
mod plan;
mod plugin;
mod registry;
mod run;

use crate::args::{Args, Command};
use crate::exit::{CliError, Exit};

/// Carries the command out.
pub(crate) fn dispatch(args: Args) -> Result<Exit, CliError> {
    let state = args.state;
    match args.command {
        Command::Run(args) => run::run(&state, &args),
        Command::Validate(file) => plan::validate(&state, &file),
        Command::Plan(file) => plan::plan(&state, &file),
        Command::Lock { files, accept } => lock::lock(&state, &files, accept),
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
        Command::Registry(command) => registry::registry(&command),
        Command::Schema => schema(),
    }
}

fn schema() -> Result<Exit, CliError> {
    crate::output::out!("{}", serde_json::to_string_pretty(&lockgate_planner::schema())?);
    Ok(Exit::Passed)
}
