//! `validate` and `plan`: what the planner says of a file.

use std::collections::BTreeMap;
use std::path::Path;

use lockgate_model::Json;
use lockgate_planner::{Params, Planned, Source};

use crate::args::FileArgs;
use crate::catalog;
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::style::{Style, colour_on_stderr};
use crate::output::tree;

pub(crate) fn validate(state: &Path, args: &FileArgs) -> Result<Exit, CliError> {
    let host = Host::open(state, Path::new("."))?;
    let source = catalog::read_source(&args.path)?;
    let catalog = catalog::build(&host, &source, &args.path)?;
    let planned = lockgate_planner::plan(&source, &catalog, &params(args));
    if args.json {
        let diagnostics = planned.as_ref().map_or_else(|errors| errors, |planned| &planned.warnings);
        anstream::println!("{}", serde_json::to_string_pretty(&diagnostics.to_json())?);
        return Ok(if planned.is_ok() { Exit::Passed } else { Exit::Usage });
    }
    let planned = finish(&source, planned)?;
    let plan = &planned.plan;
    let style = Style::stdout();
    let (jobs, steps) = (plan.jobs.len(), plan.step_count());
    anstream::println!("{} {}: {jobs} jobs, {steps} steps", style.good_mark(), source.name);
    Ok(Exit::Passed)
}

pub(crate) fn plan(state: &Path, args: &FileArgs) -> Result<Exit, CliError> {
    let host = Host::open(state, Path::new("."))?;
    let plan = make(&host, args)?.plan;
    if args.json {
        anstream::println!("{}", serde_json::to_string_pretty(&plan)?);
    } else {
        anstream::print!("{}", tree::of_plan(&plan, Style::stdout()));
    }
    Ok(Exit::Passed)
}

/// A checked plan; warnings go to standard error, errors are the command's end.
pub(crate) fn make(host: &Host, args: &FileArgs) -> Result<Planned, CliError> {
    let source = catalog::read_source(&args.path)?;
    let catalog = catalog::build(host, &source, &args.path)?;
    finish(&source, lockgate_planner::plan(&source, &catalog, &params(args)))
}

fn params(args: &FileArgs) -> Params {
    let inputs: BTreeMap<String, Json> =
        args.inputs.iter().map(|(name, value)| (name.clone(), Json::String(value.clone()))).collect();
    Params { inputs, event: args.event.clone() }
}

fn finish(source: &Source, planned: Result<Planned, lockgate_planner::Diagnostics>) -> Result<Planned, CliError> {
    let colour = colour_on_stderr();
    let planned = planned.map_err(|errors| CliError::Diagnostics(errors.render(source, colour)))?;
    let warnings = planned.warnings.render(source, colour);
    if !warnings.trim().is_empty() {
        anstream::eprintln!("{}", warnings.trim_end());
    }
    Ok(planned)
}
