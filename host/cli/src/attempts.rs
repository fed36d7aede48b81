//! How a person names attempts of a run: `JOB/STEP`, `STEP`, `JOB`, each with `#N` for one try.

use lockgate_engine::run::RunState;
use lockgate_model::ids::{AttemptId, RunId};

use crate::exit::CliError;

/// Attempts that have ended, of the step that is meant or of all; of each step the last one, unless a number is named.
pub(crate) fn ended(state: &RunState, run: &RunId, wanted: Option<&str>) -> Result<Vec<AttemptId>, CliError> {
    let (name, number) = match wanted.and_then(|wanted| wanted.rsplit_once('#')) {
        Some((name, number)) => {
            let number: u32 =
                number.parse().map_err(|_| CliError::Usage(format!("`#{number}` is no number of a try")))?;
            (Some(name), Some(number))
        }
        None => (wanted, None),
    };
    let all = begun(state, run, name)?;
    let is_last = |attempt: &AttemptId| {
        !all.iter()
            .any(|other| (&other.job, &other.step) == (&attempt.job, &attempt.step) && other.number > attempt.number)
    };
    let found: Vec<AttemptId> = match number {
        Some(number) => all.iter().filter(|attempt| attempt.number == number).cloned().collect(),
        None => all.iter().filter(|attempt| is_last(attempt)).cloned().collect(),
    };
    if found.is_empty() {
        let what = wanted.unwrap_or("any step");
        return Err(CliError::Usage(format!(
            "run {run} has no attempt of `{what}`; `lockgate show {run}` lists its steps"
        )));
    }
    Ok(found)
}

/// The one attempt that is meant.
pub(crate) fn one(state: &RunState, run: &RunId, wanted: &str) -> Result<AttemptId, CliError> {
    let mut found = ended(state, run, Some(wanted))?;
    match found.len() {
        1 => Ok(found.remove(0)),
        many => Err(CliError::Usage(format!("`{wanted}` is {many} steps of run {run}; write JOB/STEP"))),
    }
}

/// Attempts that have begun, in the order of the plan.
pub(crate) fn begun(state: &RunState, run: &RunId, wanted: Option<&str>) -> Result<Vec<AttemptId>, CliError> {
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
