//! The run's one transition function.

use lockgate_model::event::{RunEvent, StepResult};
use lockgate_model::ids::{JobKey, StepId};
use lockgate_model::outcome::Conclusion;
use lockgate_model::plan::RetryOn;
use lockgate_model::time::Timestamp;

use super::conclude::REFUSED;
use super::state::{JobPhase, RunStart, RunState, StepPhase, StepState};
use super::{reopen, status, step_name};
use crate::machine::IllegalEvent;

/// Folds an event into the state; see `Machine::apply`.
pub(super) fn apply(state: &mut RunState, at: Timestamp, event: &RunEvent) -> Result<(), IllegalEvent> {
    check_order(state, event)?;
    match event {
        RunEvent::RunStarted { run, tree, .. } => {
            state.start = Some(RunStart { run: run.clone(), at, tree: *tree });
        }
        RunEvent::JobStarted { job, deadline } => {
            let started = waiting_job(state, job, "job-started")?;
            state.jobs[started].phase = JobPhase::Running { deadline: *deadline, timed_out: false };
            state.jobs[started].started_at = Some(at);
            state.count_cells(started);
        }
        RunEvent::JobSkipped { job, reason } => {
            let skipped = waiting_job(state, job, "job-skipped")?;
            state.jobs[skipped].phase = JobPhase::Done(Conclusion::Skipped);
            state.jobs[skipped].reason.clone_from(reason);
        }
        RunEvent::StepSkipped { job, step, reason } => {
            let step = startable_step(state, job, step, "step-skipped")?.2;
            step.phase = StepPhase::Skipped;
            step.reason.clone_from(reason);
        }
        RunEvent::AttemptStarted { job, step, number, deadline } => {
            attempt_started(state, job, step, *number, *deadline)?;
        }
        RunEvent::AttemptFinished { job, step, number, result } => attempt_finished(state, job, step, *number, result)?,
        RunEvent::AttemptLost { job, step, number } => {
            let step = running_step(state, job, step, *number, "attempt-lost")?;
            step.phase = StepPhase::Pending;
        }
        RunEvent::RetryScheduled { job, step, number, not_before } => {
            let step = retrying_step(state, job, step, *number)?;
            step.phase = StepPhase::Waiting { not_before: *not_before };
        }
        RunEvent::NeedsAttention { job, step, reason } => needs_attention(state, job, step, reason)?,
        RunEvent::JobTimedOut { job } => {
            let late = running_job(state, job, "job-timed-out")?;
            if let JobPhase::Running { timed_out, .. } = &mut state.jobs[late].phase {
                *timed_out = true;
            }
        }
        RunEvent::JobFinished { job, conclusion, outputs, reason } => {
            let job = finishing_job(state, job)?;
            state.jobs[job].outputs.clone_from(outputs);
            state.jobs[job].reason.clone_from(reason);
            job_finished(state, job, at, *conclusion);
        }
        RunEvent::CancelRequested { reason } => {
            state.cancel.get_or_insert_with(|| reason.clone());
        }
        RunEvent::RunFinished { conclusion } => {
            check_all_ended(state)?;
            state.conclusion = Some(*conclusion);
            state.finished_at = Some(at);
        }
        RunEvent::RunReopened { .. } => reopen::reopen(state),
    }
    Ok(())
}

fn job_finished(state: &mut RunState, job: usize, at: Timestamp, conclusion: Conclusion) {
    state.jobs[job].phase = JobPhase::Done(conclusion);
    state.jobs[job].finished_at = Some(at);
    state.count_cells(job);
}

/// What may come at all before the first event, and after the last.
fn check_order(state: &RunState, event: &RunEvent) -> Result<(), IllegalEvent> {
    let first = matches!(event, RunEvent::RunStarted { .. });
    let reopening = matches!(event, RunEvent::RunReopened { .. });
    let reason = match (&state.start, state.conclusion) {
        (None, _) if !first => "the run has not started",
        (Some(_), _) if first => "the run has started already",
        (Some(_), Some(_)) if !reopening => "the run has ended",
        (Some(_), None) if reopening => "the run has not ended",
        _ => return Ok(()),
    };
    Err(illegal(event_name(event), reason))
}

fn attempt_started(
    state: &mut RunState,
    job: &JobKey,
    step: &StepId,
    number: u32,
    deadline: Timestamp,
) -> Result<(), IllegalEvent> {
    let (job_at, step_at, _) = startable_step(state, job, step, "attempt-started")?;
    begin(state, job_at, step_at, number, &step_name(job, step))?;
    state.jobs[job_at].steps[step_at].phase = StepPhase::Running { number, deadline };
    Ok(())
}

/// Counts the attempt and, at the first one, notes the workspace that each further one will start from.
fn begin(state: &mut RunState, job: usize, step: usize, number: u32, name: &str) -> Result<(), IllegalEvent> {
    let tree = state.job_tree(job);
    let step = &mut state.jobs[job].steps[step];
    if number != step.attempts + 1 {
        return Err(illegal(name, &format!("attempt {number} cannot follow attempt {}", step.attempts)));
    }
    step.attempts = number;
    step.tree_before = step.tree_before.or(tree);
    Ok(())
}

/// A pure attempt, or one refused before it began, has no start of its own.
fn attempt_finished(
    state: &mut RunState,
    job: &JobKey,
    step: &StepId,
    number: u32,
    result: &StepResult,
) -> Result<(), IllegalEvent> {
    let (job_at, step_at) = find_step(state, job, step, "attempt-finished")?;
    let announced = state.jobs[job_at].steps[step_at].phase;
    match announced {
        StepPhase::Running { number: running, .. } if running == number => {}
        StepPhase::Pending | StepPhase::Waiting { .. } => {
            startable_step(state, job, step, "attempt-finished")?;
            begin(state, job_at, step_at, number, &step_name(job, step))?;
        }
        other => return Err(illegal(&step_name(job, step), &format!("attempt {number} ended, step is {other:?}"))),
    }
    let again = deserves_retry(state, job_at, step_at, result);
    let job = &mut state.jobs[job_at];
    let step = &mut job.steps[step_at];
    step.result = Some(result.clone());
    step.retries += u32::from(again);
    step.phase = if again { StepPhase::Retrying } else { StepPhase::Done(result.conclusion) };
    if !again {
        job.tree = result.tree.or(job.tree);
    }
    Ok(())
}

fn deserves_retry(state: &RunState, job: usize, step: usize, result: &StepResult) -> bool {
    let plan = state.plan_step(job, step);
    let counts = match plan.retry.on {
        RetryOn::Fault => result.retryable,
        RetryOn::Any => !result.conclusion.is_good(),
    };
    // A step that may have acted outside is not done twice because the host stumbled; `effect:` says whether it may be.
    let allowed = plan.is_repeatable() || plan.retry.on == RetryOn::Any;
    // What the pipeline itself forbids it forbids the second time, too.
    let counts = counts && result.outcome != REFUSED;
    let tries = state.jobs[job].steps[step].retries + 1;
    counts && allowed && tries < plan.retry.attempts_max && status::stop_reason(state, job).is_none()
}

fn needs_attention(state: &mut RunState, job: &JobKey, step: &StepId, reason: &str) -> Result<(), IllegalEvent> {
    let (job_at, step_at) = find_step(state, job, step, "needs-attention")?;
    let step = &mut state.jobs[job_at].steps[step_at];
    if !matches!(step.phase, StepPhase::Running { .. }) {
        return Err(illegal("needs-attention", "no attempt of the step is under way"));
    }
    step.phase = StepPhase::Done(Conclusion::NeedsAttention);
    step.reason = reason.to_owned();
    // How an earlier attempt ended says nothing of this one.
    step.result = None;
    Ok(())
}

fn check_all_ended(state: &RunState) -> Result<(), IllegalEvent> {
    match state.jobs.iter().position(|job| job.conclusion().is_none()) {
        Some(open) => Err(illegal("run-finished", &format!("job {} has not ended", state.plan_job(open).key))),
        None => Ok(()),
    }
}

fn find_job(state: &RunState, key: &JobKey, event: &str) -> Result<usize, IllegalEvent> {
    state.job_index(key).ok_or_else(|| illegal(event, &format!("the plan has no job {key}")))
}

/// A job that has not begun, behind jobs that have ended.
fn waiting_job(state: &RunState, key: &JobKey, event: &str) -> Result<usize, IllegalEvent> {
    let job = find_job(state, key, event)?;
    if state.jobs[job].phase != JobPhase::Waiting {
        return Err(illegal(event, &format!("job {key} has begun")));
    }
    if !status::needs_are_done(state, job) {
        return Err(illegal(event, &format!("a job that {key} needs has not ended")));
    }
    Ok(job)
}

fn running_job(state: &RunState, key: &JobKey, event: &str) -> Result<usize, IllegalEvent> {
    let job = find_job(state, key, event)?;
    match state.jobs[job].phase {
        JobPhase::Running { .. } => Ok(job),
        JobPhase::Waiting | JobPhase::Done(_) => Err(illegal(event, &format!("job {key} is not running"))),
    }
}

/// A job ends when its steps are over, or before any of them when its `if` cannot be evaluated.
fn finishing_job(state: &RunState, key: &JobKey) -> Result<usize, IllegalEvent> {
    let job = running_job(state, key, "job-finished")?;
    let at_rest = |step: &StepState| step.phase.is_over() || step.phase == StepPhase::Pending;
    if state.jobs[job].steps.iter().all(at_rest) {
        return Ok(job);
    }
    Err(illegal("job-finished", &format!("a step of {key} is under way")))
}

fn find_step(state: &RunState, job: &JobKey, step: &StepId, event: &str) -> Result<(usize, usize), IllegalEvent> {
    let missing = || illegal(event, &format!("the plan has no step {}", step_name(job, step)));
    let job = state.job_index(job).ok_or_else(missing)?;
    let step = state.plan_job(job).steps.iter().position(|known| known.id == *step).ok_or_else(missing)?;
    Ok((job, step))
}

/// A step that waits for its turn, in a job that runs, behind steps that are over.
fn startable_step<'a>(
    state: &'a mut RunState,
    job: &JobKey,
    step: &StepId,
    event: &str,
) -> Result<(usize, usize, &'a mut StepState), IllegalEvent> {
    let (job_at, step_at) = find_step(state, job, step, event)?;
    let steps = &state.jobs[job_at].steps;
    let in_turn = steps[..step_at].iter().all(|before| before.phase.is_over());
    let open = matches!(steps[step_at].phase, StepPhase::Pending | StepPhase::Waiting { .. });
    let runs = matches!(state.jobs[job_at].phase, JobPhase::Running { .. });
    if in_turn && open && runs {
        return Ok((job_at, step_at, &mut state.jobs[job_at].steps[step_at]));
    }
    Err(illegal(event, &format!("it is not the turn of {}", step_name(job, step))))
}

fn retrying_step<'a>(
    state: &'a mut RunState,
    job: &JobKey,
    step: &StepId,
    number: u32,
) -> Result<&'a mut StepState, IllegalEvent> {
    let (job_at, step_at) = find_step(state, job, step, "retry-scheduled")?;
    let found = &mut state.jobs[job_at].steps[step_at];
    if found.phase == StepPhase::Retrying && number == found.attempts + 1 {
        return Ok(found);
    }
    Err(illegal("retry-scheduled", &format!("attempt {number} of {} is not due", step_name(job, step))))
}

fn running_step<'a>(
    state: &'a mut RunState,
    job: &JobKey,
    step: &StepId,
    number: u32,
    event: &str,
) -> Result<&'a mut StepState, IllegalEvent> {
    let (job_at, step_at) = find_step(state, job, step, event)?;
    let found = &mut state.jobs[job_at].steps[step_at];
    match found.phase {
        StepPhase::Running { number: running, .. } if running == number => Ok(found),
        _ => Err(illegal(event, &format!("attempt {number} of {} is not under way", step_name(job, step)))),
    }
}

fn illegal(event: &str, reason: &str) -> IllegalEvent {
    IllegalEvent { event: event.to_owned(), reason: reason.to_owned() }
}

fn event_name(event: &RunEvent) -> &'static str {
    match event {
        RunEvent::RunStarted { .. } => "run-started",
        RunEvent::JobStarted { .. } => "job-started",
        RunEvent::JobSkipped { .. } => "job-skipped",
        RunEvent::StepSkipped { .. } => "step-skipped",
        RunEvent::AttemptStarted { .. } => "attempt-started",
        RunEvent::AttemptFinished { .. } => "attempt-finished",
        RunEvent::AttemptLost { .. } => "attempt-lost",
        RunEvent::RetryScheduled { .. } => "retry-scheduled",
        RunEvent::NeedsAttention { .. } => "needs-attention",
        RunEvent::JobTimedOut { .. } => "job-timed-out",
        RunEvent::JobFinished { .. } => "job-finished",
        RunEvent::CancelRequested { .. } => "cancel-requested",
        RunEvent::RunFinished { .. } => "run-finished",
        RunEvent::RunReopened { .. } => "run-reopened",
    }
}
