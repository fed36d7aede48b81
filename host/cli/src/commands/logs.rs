//! `logs`: the journal's first view.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lockgate_engine::drive;
use lockgate_model::host_call::{CallBody, HostCall};
use lockgate_model::ids::AttemptId;

use crate::attempts;
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
        for attempt in attempts::begun(&run_state, &run, options.step)? {
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
