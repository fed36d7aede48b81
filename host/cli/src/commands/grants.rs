//! `grants suggest`: the least grants under which a run would have done the same.

use std::path::Path;

use lockgate_engine::drive;
use lockgate_journal::suggest::{Observed, suggest as least, to_yaml};

use crate::attempts;
use crate::exit::{CliError, Exit};
use crate::host::Stores;
use crate::run_ref;

pub(crate) fn suggest(state: &Path, named: &str, step: Option<&str>) -> Result<Exit, CliError> {
    let stores = Stores::open_existing(state)?;
    let run = run_ref::find(stores.log(), named)?;
    let (run_state, _) = drive::load(stores.log(), &*stores.blobs, &run)?;
    let mut observed = Vec::new();
    for attempt in attempts::begun(&run_state, &run, step)? {
        let job = run_state.plan.jobs.iter().find(|job| job.key == attempt.job);
        let found = job.and_then(|job| Some((job, job.steps.iter().find(|step| step.id == attempt.step)?)));
        let Some((job, step)) = found else { continue };
        let calls = stores.journal.read(&attempt, 0).map_err(CliError::host)?;
        observed.extend(Observed::of(job, step, calls));
    }
    crate::output::print(&to_yaml(&least(&observed)));
    Ok(Exit::Passed)
}
