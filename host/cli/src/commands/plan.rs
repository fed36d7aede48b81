//! `validate` and `plan`: what the planner says of a file.

use std::collections::BTreeMap;
use std::path::Path;

use lockgate_model::Json;
use lockgate_planner::{Params, Planned, Source};

use crate::args::{CheckArgs, FileArgs};
use crate::catalog;
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::style::{Style, colour_on_stderr};
use crate::output::tree;

pub(crate) fn validate(state: &Path, args: &CheckArgs) -> Result<Exit, CliError> {
    let CheckArgs { file, json } = args;
    let (host, _kept) = looking(state)?;
    let source = catalog::read_source(&file.path)?;
    let catalog = catalog::build(&host, &source, &file.path)?;
    let planned = lockgate_planner::plan(&source, &catalog, &params(file)?);
    if *json {
        let diagnostics = planned.as_ref().map_or_else(|errors| errors, |planned| &planned.warnings);
        crate::output::out!("{}", serde_json::to_string_pretty(&diagnostics.to_json())?);
        return Ok(if planned.is_ok() { Exit::Passed } else { Exit::Usage });
    }
    let planned = finish(&source, planned)?;
    let plan = &planned.plan;
    let style = Style::stdout();
    let (jobs, steps) = (plan.jobs.len(), plan.step_count());
    crate::output::out!("{} {}: {jobs} jobs, {steps} steps", style.good_mark(), source.name);
    Ok(Exit::Passed)
}

pub(crate) fn plan(state: &Path, args: &CheckArgs) -> Result<Exit, CliError> {
    let (host, _kept) = looking(state)?;
    let plan = make(&host, &args.file)?.plan;
    if args.json {
        crate::output::out!("{}", serde_json::to_string_pretty(&plan)?);
    } else {
        crate::output::print(&tree::of_plan(&plan, Style::stdout()));
    }
    Ok(Exit::Passed)
}

/// A checked plan; warnings go to standard error, errors are the command's end.
pub(crate) fn make(host: &Host, args: &FileArgs) -> Result<Planned, CliError> {
    let source = catalog::read_source(&args.path)?;
    let catalog = catalog::build(host, &source, &args.path)?;
    finish(&source, lockgate_planner::plan(&source, &catalog, &params(args)?))
}

/// A host for looking only: a folder in which nothing was run yet, or that cannot be written, stays as it is.
fn looking(state: &Path) -> Result<(Host, Option<tempfile::TempDir>), CliError> {
    if state.exists()
        && let Ok(host) = Host::open(state, Path::new("."))
    {
        return Ok((host, None));
    }
    let aside = tempfile::tempdir()?;
    Ok((Host::open(aside.path(), Path::new("."))?, Some(aside)))
}

fn params(args: &FileArgs) -> Result<Params, CliError> {
    let mut inputs: BTreeMap<String, Json> = BTreeMap::new();
    for (name, value) in &args.inputs {
        if inputs.insert(name.clone(), Json::String(value.clone())).is_some() {
            return Err(CliError::Usage(format!("the input `{name}` is given twice")));
        }
    }
    Ok(Params { inputs, event: args.event.clone() })
}

fn finish(source: &Source, planned: Result<Planned, lockgate_planner::Diagnostics>) -> Result<Planned, CliError> {
    let colour = colour_on_stderr();
    let planned = planned.map_err(|errors| CliError::Diagnostics(errors.render(source, colour)))?;
    let warnings = planned.warnings.render(source, colour);
    if !warnings.trim().is_empty() {
        crate::output::err!("{}", warnings.trim_end());
    }
    Ok(planned)
}
