//! Attempts as they were: what an attempt was given, and how it ended, from the events of its run.

use lockgate_model::event::{RunEvent, StepResult};
use lockgate_model::ids::{AttemptId, JobKey, StepId};
use lockgate_ports::{Blobs, EventLog};

use super::{DriveError, fold};
use crate::run::perform::Task;
use crate::run::{AttemptKey, RunState};

/// An attempt that has ended.
#[derive(Debug, Clone)]
pub struct Past {
    /// All that it was given.
    pub task: Task,
    /// How it ended.
    pub result: StepResult,
}

/// An attempt, with what it was given at the time: steps that were tried again later do not matter to it.
///
/// # Errors
/// When the run cannot be read, or has no such attempt that ended.
pub fn attempt(log: &dyn EventLog, blobs: &dyn Blobs, wanted: &AttemptId) -> Result<Past, DriveError> {
    let (mut task, mut result) = (None, None);
    let is_wanted = |job: &JobKey, step: &StepId, number: u32| {
        *job == wanted.job && *step == wanted.step && number == wanted.number
    };
    fold(log, blobs, &wanted.run, |state, _, event| {
        match event {
            RunEvent::AttemptStarted { job, step, number, .. } if is_wanted(job, step, *number) => {
                task = task_of(state, wanted);
            }
            RunEvent::AttemptFinished { job, step, number, result: ended } if is_wanted(job, step, *number) => {
                task = task.take().or_else(|| task_of(state, wanted));
                result = Some((**ended).clone());
                return false;
            }
            _ => {}
        }
        true
    })?;
    match (task, result) {
        (Some(task), Some(result)) => Ok(Past { task, result }),
        _ => Err(DriveError::NoAttempt(wanted.clone())),
    }
}

fn task_of(state: &RunState, wanted: &AttemptId) -> Option<Task> {
    let job = state.plan.jobs.iter().position(|job| job.key == wanted.job)?;
    let step = state.plan.jobs[job].steps.iter().position(|step| step.id == wanted.step)?;
    Task::new(state, &AttemptKey { job, step, number: wanted.number })
}
