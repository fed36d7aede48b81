//! `plugin ...`: one file for each group of commands.

mod author;
mod call;
mod find;
mod pipeline;
mod publish;
mod rehearse;
mod trust;
mod update;

use std::path::Path;

use crate::args::PluginCommand;
use crate::exit::{CliError, Exit};

pub(super) use pipeline::introduced;
pub(super) use update::{agree, shown};

pub(crate) fn plugin(state: &Path, command: &PluginCommand) -> Result<Exit, CliError> {
    match command {
        PluginCommand::Add(args) => pipeline::add(state, args),
        PluginCommand::Update(args) => update::update(state, args),
        PluginCommand::Remove { alias, pipeline } => pipeline::remove(alias, &pipeline.path),
        PluginCommand::List { pipeline, json } => pipeline::list(&pipeline.path, *json),
        PluginCommand::Verify { pipeline, json } => update::verify(state, &pipeline.path, *json),
        PluginCommand::New { kind, name, sdk } => author::new(*kind, name, sdk.as_deref()),
        PluginCommand::Build { folder, json } => author::build(state, folder, *json),
        PluginCommand::Test { folder, filter, accept, json } => author::test(
            state,
            folder,
            &author::TestOptions { filter: filter.as_deref(), accept: *accept, json: *json },
        ),
        PluginCommand::Inspect { plugin, run, json } => author::inspect(state, plugin, *run, *json),
        PluginCommand::Docs { plugin } => author::docs(state, plugin),
        PluginCommand::Push(args) => publish::push(state, args),
        PluginCommand::Pull { reference, output } => publish::pull(state, reference, output),
        PluginCommand::Sign { reference, key } => publish::sign(state, reference, key),
        PluginCommand::Keygen { name, no_password } => publish::keygen(name, *no_password),
        PluginCommand::Rehearse(args) => rehearse::rehearse(state, args),
        PluginCommand::Call { plugin, input } => call::call(state, plugin, input),
    }
}
