//! One file for each group of commands.

mod artifacts;
mod cache;
mod doctor;
mod explain;
mod grants;
mod inspect;
mod journal;
mod lock;
mod logs;
mod plan;
mod plugin;
mod registry;
mod replay;
mod run;
mod secrets;
mod verify;

use crate::args::{Args, Command, GrantsCommand};
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
        Command::Journal { run, step, json } => journal::journal(&state, &run, &step, json),
        Command::Explain { run, step, json } => explain::explain(&state, &run, step.as_deref(), json),
        Command::Replay(args) => replay::replay(&state, &args),
        Command::Bundle { run, step, output } => replay::bundle(&state, &run, &step, &output),
        Command::Grants(GrantsCommand::Suggest { run, step }) => grants::suggest(&state, &run, step.as_deref()),
        Command::Cache(command) => cache::cache(&state, &command),
        Command::Secrets(command) => secrets::secrets(&command),
        Command::Verify { artifact, key, bundle, json } => {
            verify::verify(&state, &artifact, &verify::Options { key: key.as_deref(), bundle: bundle.as_deref(), json })
        }
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
