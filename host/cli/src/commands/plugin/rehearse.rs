//! `plugin rehearse`: another version of a plugin over the records of earlier attempts.

use std::path::Path;

use lockgate_engine::drive::{self, history};
use lockgate_journal::rehearse::{Rehearsed, rehearse as perform};
use lockgate_model::catalog::PluginPin;
use lockgate_model::ids::{AttemptId, PluginAlias};
use lockgate_model::plan::StepAction;

use super::find::find;
use crate::args::RehearseArgs;
use crate::commands::replay::{bench, shown_ends};
use crate::exit::{CliError, Exit};
use crate::host::{Host, Stores};
use crate::output::safe;
use crate::output::style::{Style, Tone};
use crate::run_ref;

/// Runs that are looked through for attempts.
const RUNS_MAX: usize = 1_000;

pub(super) fn rehearse(state: &Path, args: &RehearseArgs) -> Result<Exit, CliError> {
    Stores::open_existing(state)?;
    let host = Host::open(state, Path::new("."))?;
    let found = find(&host.supply, &args.to)?;
    found.check_trust(&host.supply)?;
    let pin = pin(&args.to, host.stores.blobs.put(&found.component)?, &host)?;
    let room = tempfile::tempdir()?;
    let bench = bench(&host, room.path())?;
    let attempts = attempts(&host, &args.alias, args.last)?;
    if attempts.is_empty() {
        return Err(CliError::Usage(format!("no run here has a step that used `{}`", args.alias)));
    }
    let (mut changed, total) = (0, attempts.len());
    for attempt in attempts {
        let past = history::attempt(host.stores.log(), &*host.stores.blobs, &attempt)?;
        let calls = host.stores.journal.read(&attempt, 0).map_err(CliError::host)?;
        let rehearsed = perform(&bench, &past, &calls, &pin)?;
        changed += usize::from(!rehearsed.is_same());
        crate::output::print(&text(&attempt, &rehearsed, Style::stdout()));
    }
    crate::output::out!("{} of {total} attempts would have gone otherwise", changed);
    Ok(if changed == 0 { Exit::Passed } else { Exit::Failed })
}

/// The last attempts of steps that used this alias, the latest first.
fn attempts(host: &Host, alias: &PluginAlias, last: usize) -> Result<Vec<AttemptId>, CliError> {
    let mut found = Vec::new();
    for row in run_ref::rows(host.stores.log(), RUNS_MAX)? {
        let (state, _) = drive::load(host.stores.log(), &*host.stores.blobs, &row.run)?;
        for (plan, job) in state.plan.jobs.iter().zip(&state.jobs) {
            for (plan_step, step) in plan.steps.iter().zip(&job.steps) {
                let uses_it = matches!(&plan_step.action, StepAction::Plugin { alias: used, .. } if used == alias);
                if uses_it && step.result.is_some() {
                    let (job, step_id) = (plan.key.clone(), plan_step.id.clone());
                    found.push(AttemptId { run: row.run.clone(), job, step: step_id, number: step.attempts });
                }
                if found.len() == last {
                    return Ok(found);
                }
            }
        }
    }
    Ok(found)
}

fn text(attempt: &AttemptId, rehearsed: &Rehearsed, style: Style) -> String {
    if rehearsed.is_same() {
        return format!("{}     {attempt}\n", style.paint(Tone::Good, "same"));
    }
    let mut text = format!("{}  {attempt}\n{}", style.paint(Tone::Busy, "changed"), shown_ends(&rehearsed.ends));
    for (call, before, now) in &rehearsed.calls {
        text.push_str(&format!("    {}: {before} calls then, {now} now\n", safe(call)));
    }
    for grant in &rehearsed.refused {
        text.push_str(&format!("    would be refused: {}\n", safe(grant)));
    }
    for call in &rehearsed.unanswered {
        text.push_str(&format!("    the record cannot answer: {}\n", safe(call)));
    }
    text
}

/// The other version as a step would be pinned to it.
fn pin(reference: &str, digest: lockgate_model::ids::Digest, host: &Host) -> Result<PluginPin, CliError> {
    let inspection = host.sandbox.inspect(&digest).map_err(|error| CliError::Usage(error.message))?;
    let (reference, kind, contract) = (reference.to_owned(), inspection.kind, inspection.contract);
    Ok(PluginPin { reference, digest, kind, contract })
}
