//! What a run wants next. Pure: the same state and the same instant give the same answer.

use lockgate_model::event::{RunEvent, StepResult};
use lockgate_model::outcome::Conclusion;
use lockgate_model::plan::StepAction;
use lockgate_model::template::Condition;
use lockgate_model::time::Timestamp;
use lockgate_planner::expression::Status;
use lockgate_ports::cancel::StopReason;

use super::conclude::{MESSAGE_BYTES_MAX, REFUSED};
use super::message::cut;
use super::state::{JobPhase, RunState, StepPhase};
use super::{AttemptKey, RunEffect, scope, status};
use crate::machine::Decision;

/// Doublings of the wait between tries; the tenth makes 17 minutes of a second.
const BACKOFF_DOUBLINGS_MAX: u32 = 10;

type Next = Decision<RunEvent, RunEffect>;

/// See `Machine::decide`.
pub(super) fn decide(state: &RunState, now: Timestamp) -> Next {
    let mut next = Next::default();
    if state.start.is_none() || state.conclusion.is_some() {
        return next;
    }
    for job in 0..state.jobs.len() {
        match state.jobs[job].phase {
            JobPhase::Waiting => begin_job(state, job, now, &mut next),
            JobPhase::Running { deadline, timed_out: false } if now >= deadline => {
                next.events.push(RunEvent::JobTimedOut { job: state.plan_job(job).key.clone() });
            }
            JobPhase::Running { deadline, timed_out } => {
                if !timed_out {
                    next.wake(deadline);
                }
                advance_job(state, job, now, &mut next);
            }
            JobPhase::Done(_) => {}
        }
    }
    if state.jobs.iter().all(|job| job.conclusion().is_some()) {
        next.events.push(RunEvent::RunFinished { conclusion: status::run_conclusion(state) });
    }
    next
}

fn begin_job(state: &RunState, job: usize, now: Timestamp, next: &mut Next) {
    if !status::needs_are_done(state, job) || is_crowded(state, job, next) {
        return;
    }
    let plan = state.plan_job(job);
    let key = plan.key.clone();
    let status = status::before_job(state, job);
    let implicit = matches!(plan.condition, Condition::Success | Condition::Expression { status: false, .. });
    if implicit && !status.failed && status::needs_skipped(state, job) {
        let reason = "a job that it needs was skipped".to_owned();
        return next.events.push(RunEvent::JobSkipped { job: key, reason });
    }
    let deadline = now.plus_ms(plan.timeout_ms);
    match status::job_condition(state, job, status) {
        Ok(true) => next.events.push(RunEvent::JobStarted { job: key, deadline }),
        Ok(false) => {
            let reason = skip_reason(&plan.condition, status, "a job that it needs failed");
            next.events.push(RunEvent::JobSkipped { job: key, reason });
        }
        Err(error) => {
            let reason = cut(format!("`if` could not be evaluated: {error}"), MESSAGE_BYTES_MAX);
            let (conclusion, outputs) = (Conclusion::Failed, Default::default());
            next.events.push(RunEvent::JobStarted { job: key.clone(), deadline });
            next.events.push(RunEvent::JobFinished { job: key, conclusion, outputs, reason });
        }
    }
}

/// Whether as many cells run as may; those that this very decision starts are counted.
fn is_crowded(state: &RunState, job: usize, next: &Next) -> bool {
    let Some(max) = state.plan_job(job).parallel_max else { return false };
    let cells = state.cells(job);
    let starting = next.events.iter().filter(|event| match event {
        RunEvent::JobStarted { job, .. } => state.job_index(job).is_some_and(|job| cells.contains(&job)),
        _ => false,
    });
    state.tally(job).running + starting.count() >= max as usize
}

fn advance_job(state: &RunState, job: usize, now: Timestamp, next: &mut Next) {
    let Some(step) = state.jobs[job].steps.iter().position(|step| !step.phase.is_over()) else {
        return finish_job(state, job, next);
    };
    match state.jobs[job].steps[step].phase {
        StepPhase::Pending => begin_step(state, job, step, now, next),
        StepPhase::Running { number, .. } => keep_running(state, job, step, number, next),
        StepPhase::Retrying => schedule_retry(state, job, step, now, next),
        StepPhase::Waiting { not_before } if now >= not_before || status::stop_reason(state, job).is_some() => {
            begin_step(state, job, step, now, next);
        }
        StepPhase::Waiting { not_before } => next.wake(not_before),
        StepPhase::Skipped | StepPhase::Done(_) => {}
    }
}

fn finish_job(state: &RunState, job: usize, next: &mut Next) {
    let key = state.plan_job(job).key.clone();
    let conclusion = status::job_conclusion(state, job);
    let (conclusion, outputs, reason) = match scope::job_outputs(state, job) {
        Ok(outputs) => (conclusion, outputs, String::new()),
        // A job that did not get to its end has not made its values: that is no news beside why it did not.
        Err(_) if status::is_red(conclusion) => (conclusion, Default::default(), String::new()),
        Err(error) => (conclusion.max(Conclusion::Failed), Default::default(), cut(error, MESSAGE_BYTES_MAX)),
    };
    next.events.push(RunEvent::JobFinished { job: key, conclusion, outputs, reason });
}

fn begin_step(state: &RunState, job: usize, step: usize, now: Timestamp, next: &mut Next) {
    let status = status::before_step(state, job, step);
    match status::step_condition(state, job, step, status) {
        Ok(true) => start_attempt(state, job, step, now, next),
        Ok(false) => {
            let (job_key, step_id) = state.names(job, step);
            let reason = skip_reason(&state.plan_step(job, step).condition, status, "a step before it failed");
            next.events.push(RunEvent::StepSkipped { job: job_key, step: step_id, reason });
        }
        Err(error) => refuse(state, job, step, now, format!("`if` could not be evaluated: {error}"), next),
    }
}

fn skip_reason(condition: &Condition, status: Status, failure: &str) -> String {
    match condition {
        _ if status.cancelled => "the run was cancelled, or a sibling failed".to_owned(),
        Condition::Success | Condition::Expression { status: false, .. } if status.failed => failure.to_owned(),
        Condition::Expression { source, .. } => format!("`{source}` is false"),
        Condition::Failure => "nothing failed".to_owned(),
        Condition::Cancelled => "the run was not cancelled".to_owned(),
        Condition::Success | Condition::Always => failure.to_owned(),
    }
}

fn start_attempt(state: &RunState, job: usize, step: usize, now: Timestamp, next: &mut Next) {
    let plan = state.plan_step(job, step);
    let number = state.jobs[job].steps[step].attempts + 1;
    match &plan.action {
        StepAction::Deploy { environment, .. } => {
            let why = format!(
                "the step deploys to `{environment}`, and delivery is not part of this version of Lockgate; \
                 take the step out, or guard it with `if:`"
            );
            refuse(state, job, step, now, why, next);
        }
        StepAction::Plugin { pin, .. } if pin.kind.is_pure() => {
            let key = AttemptKey { job, step, number };
            next.effects.push(RunEffect::Perform { key, is_outward: false });
        }
        StepAction::Plugin { .. } => {
            let (job, step) = state.names(job, step);
            let deadline = now.plus_ms(plan.timeout_ms);
            next.events.push(RunEvent::AttemptStarted { job, step, number, deadline });
        }
    }
}

fn refuse(state: &RunState, job: usize, step: usize, now: Timestamp, message: String, next: &mut Next) {
    let (job_key, step_id) = state.names(job, step);
    let number = state.jobs[job].steps[step].attempts + 1;
    let result = Box::new(StepResult {
        started_at: now,
        duration_ms: 0,
        conclusion: Conclusion::Failed,
        outcome: REFUSED.to_owned(),
        message: cut(message, MESSAGE_BYTES_MAX),
        retryable: false,
        outputs: Default::default(),
        evidence: Default::default(),
        tree: None,
        cached_from: None,
    });
    next.events.push(RunEvent::AttemptFinished { job: job_key, step: step_id, number, result });
}

fn keep_running(state: &RunState, job: usize, step: usize, number: u32, next: &mut Next) {
    let key = AttemptKey { job, step, number };
    let stop = wanted_stop(state, &key);
    next.effects.push(RunEffect::Perform { key: key.clone(), is_outward: true });
    next.effects.extend(stop.map(|reason| RunEffect::Stop { key, reason }));
}

/// Why an attempt under way shall stop. The step's `if` is asked again, as GitHub does: one that still holds
/// (`always()`, `cancelled()`) is there for the end and is left to finish.
fn wanted_stop(state: &RunState, key: &AttemptKey) -> Option<StopReason> {
    let reason = status::stop_reason(state, key.job)?;
    let status = status::before_step(state, key.job, key.step);
    let holds = status::step_condition(state, key.job, key.step, status).unwrap_or(false);
    let overdue = reason == StopReason::JobTimedOut && began_before_timeout(state, key);
    (!holds || overdue).then_some(reason)
}

/// A cleanup step that itself used up the job's time is stopped; one that begins afterwards has its own timeout.
fn began_before_timeout(state: &RunState, key: &AttemptKey) -> bool {
    let JobPhase::Running { deadline: job_deadline, .. } = state.jobs[key.job].phase else { return false };
    let step = &state.jobs[key.job].steps[key.step];
    let timeout = state.plan_step(key.job, key.step).timeout_ms;
    matches!(step.phase, StepPhase::Running { deadline, .. } if deadline < job_deadline.plus_ms(timeout))
}

fn schedule_retry(state: &RunState, job: usize, step: usize, now: Timestamp, next: &mut Next) {
    let (job_key, step_id) = state.names(job, step);
    let attempts = state.jobs[job].steps[step].attempts;
    let doublings = state.jobs[job].steps[step].retries.saturating_sub(1).min(BACKOFF_DOUBLINGS_MAX);
    let backoff_ms = state.plan_step(job, step).retry.backoff_ms.saturating_mul(1 << doublings);
    let not_before = now.plus_ms(backoff_ms);
    next.events.push(RunEvent::RetryScheduled { job: job_key, step: step_id, number: attempts + 1, not_before });
}
