//! `logs`: the journal's first view.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lockgate_engine::drive;
use lockgate_engine::run::RunState;
use lockgate_model::host_call::{CallBody, HostCall};
use lockgate_model::ids::{AttemptId, RunId};

use crate::exit::{CliError, Exit};
use crate::host::Stores;
use crate::output::style::Style;
use crate::output::{json, log_line};
use crate::run_ref;

/// How often a followed run is looked at.
const FOLLOW_MS: u64 = 200;

/// What to show.
pub(crate) struct Options<'a> {
    /// `JOB/STEP`, or `STEP` where only one job has it; all steps when absent.
    pub(crate) step: Option<&'a str>,
    /// Go on until the run ends.
    pub(crate) follow: bool,
    /// Every host call as JSON.
    pub(crate) json: bool,
}

pub(crate) fn logs(state: &Path, named: &str, options: &Options<'_>) -> Result<Exit, CliError> {
    let stores = Stores::open_existing(state)?;
    let run = run_ref::find(stores.log(), named)?;
    let mut shown: BTreeMap<AttemptId, u32> = BTreeMap::new();
    loop {
        let (run_state, _) = drive::load(stores.log(), &*stores.blobs, &run)?;
        for attempt in attempts(&run_state, &run, options.step)? {
            let from = shown.entry(attempt.clone()).or_default();
            for call in stores.journal.read(&attempt, *from).map_err(CliError::host)? {
                *from = call.seq + 1;
                show(&attempt, &call, options)?;
            }
        }
        if !options.follow || run_state.conclusion.is_some() {
            return Ok(Exit::Passed);
        }
        std::thread::sleep(Duration::from_millis(FOLLOW_MS));
    }
}

fn show(attempt: &AttemptId, call: &HostCall, options: &Options<'_>) -> Result<(), CliError> {
    if options.json {
        crate::output::out!("{}", serde_json::to_string(&json::call(attempt, call))?);
    } else if let CallBody::Line(line) = &call.body {
        let style = Style::stdout();
        let prefix = style.dim(&format!("{}/{} |", attempt.job, attempt.step));
        crate::output::out!("{prefix} {}", log_line(line, style));
    }
    Ok(())
}

/// Attempts that have begun, in the order of the plan.
fn attempts(state: &RunState, run: &RunId, wanted: Option<&str>) -> Result<Vec<AttemptId>, CliError> {
    let mut found = Vec::new();
    let mut known = false;
    for (plan, job) in state.plan.jobs.iter().zip(&state.jobs) {
        for (plan_step, step) in plan.steps.iter().zip(&job.steps) {
            let full = format!("{}/{}", plan.key, plan_step.id);
            if wanted
                .is_some_and(|wanted| wanted != full && wanted != plan_step.id.as_str() && wanted != plan.key.as_str())
            {
                continue;
            }
            known = true;
            let attempt =
                |number| AttemptId { run: run.clone(), job: plan.key.clone(), step: plan_step.id.clone(), number };
            // A pure attempt has no start in the log; one that is under way is the next number.
            let last = step.attempts + u32::from(!step.phase.is_over());
            found.extend((1..=last).map(attempt));
        }
    }
    match known {
        true => Ok(found),
        false => Err(CliError::Usage(format!(
            "run {run} has no step `{}`; `lockgate show {run}` lists them, written JOB/STEP",
            wanted.unwrap_or_default()
        ))),
    }
}
