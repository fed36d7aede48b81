//! `runs`, `show`, `cancel`: looking at runs, and asking one to stop.

use std::path::Path;

use lockgate_engine::drive;
use lockgate_engine::run::view::RunRow;
use lockgate_model::time::Timestamp;

use crate::exit::{CliError, Exit};
use crate::host::Stores;
use crate::output::style::{Style, Tone};
use crate::output::{duration, json, safe, summary};
use crate::run_ref;

pub(crate) fn runs(state: &Path, limit: usize, as_json: bool) -> Result<Exit, CliError> {
    let stores = Stores::open_existing(state)?;
    let now = stores.clock.now();
    for row in run_ref::rows(stores.log(), limit)? {
        if as_json {
            crate::output::out!("{}", serde_json::to_string(&row)?);
        } else {
            crate::output::out!("{}", line(&row, now));
        }
    }
    Ok(Exit::Passed)
}

fn line(row: &RunRow, now: Timestamp) -> String {
    let style = Style::stdout();
    let (word, tone) = row.conclusion.map_or(("running", Tone::Busy), |ended| (ended.name(), Tone::of(ended)));
    let took = duration(row.finished_at.unwrap_or(now).since_ms(row.started_at));
    let ago = duration(now.since_ms(row.started_at));
    let jobs = format!("{}/{} jobs", row.jobs_done, row.jobs);
    let word = style.paint(tone, &format!("{word:<15}"));
    format!("{}  {word} {jobs:>11}  {took:>8}  {ago:>8} ago  {}", row.run, safe(&row.pipeline))
}

pub(crate) fn show(state: &Path, named: &str, as_json: bool) -> Result<Exit, CliError> {
    let stores = Stores::open_existing(state)?;
    let run = run_ref::find(stores.log(), named)?;
    let (state, _) = drive::load(stores.log(), &*stores.blobs, &run)?;
    if as_json {
        crate::output::out!("{}", serde_json::to_string_pretty(&json::run(&state))?);
    } else {
        crate::output::print(&summary::of(&state, &run, &*stores.journal, Style::stdout()));
    }
    Ok(Exit::Passed)
}

pub(crate) fn cancel(state: &Path, named: &str) -> Result<Exit, CliError> {
    let stores = Stores::open_existing(state)?;
    let run = run_ref::find(stores.log(), named)?;
    let (state, _) = drive::load(stores.log(), &*stores.blobs, &run)?;
    if let Some(conclusion) = state.conclusion {
        return Err(CliError::Usage(format!("run {run} has ended: {}", conclusion.name())));
    }
    drive::cancel(stores.log(), &run, stores.clock.now(), "lockgate cancel")?;
    crate::output::out!("asked run {run} to stop; cleanup steps still run");
    Ok(Exit::Passed)
}
