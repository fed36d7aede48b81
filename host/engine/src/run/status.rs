//! How things stand before a job or a step: what its condition is asked about.

use lockgate_model::outcome::Conclusion;
use lockgate_model::template::Condition;
use lockgate_planner::expression::{self, ExpressionError, Scope, Status};
use lockgate_ports::cancel::StopReason;

use super::scope;
use super::state::{JobPhase, JobState, RunState, StepPhase};

/// Why what is under way in this job shall stop, if it shall.
pub(super) fn stop_reason(state: &RunState, job: usize) -> Option<StopReason> {
    let cancelled = state.cancel.is_some() && !outlives_cancel(state, job);
    if cancelled || sibling_failed(state, job) {
        return Some(StopReason::Cancelled);
    }
    matches!(state.jobs[job].phase, JobPhase::Running { timed_out: true, .. }).then_some(StopReason::JobTimedOut)
}

/// When a run is cancelled, the `if` of each job is asked again, and a job whose `if` still holds goes on as if nothing
/// had happened: GitHub's rule, which makes a cleanup job of `if: always()` and plain steps.
fn outlives_cancel(state: &RunState, job: usize) -> bool {
    match &state.plan_job(job).condition {
        Condition::Success | Condition::Failure | Condition::Expression { status: false, .. } => false,
        Condition::Always | Condition::Cancelled => true,
        Condition::Expression { .. } => job_condition(state, job, before_job(state, job)).unwrap_or(false),
    }
}

/// Whether a job's `if` holds.
pub(super) fn job_condition(state: &RunState, job: usize, status: Status) -> Result<bool, ExpressionError> {
    holds(&state.plan_job(job).condition, status, || scope::of_job(state, job, status))
}

/// Whether a step's `if` holds.
pub(super) fn step_condition(
    state: &RunState,
    job: usize,
    step: usize,
    status: Status,
) -> Result<bool, ExpressionError> {
    holds(&state.plan_step(job, step).condition, status, || scope::of_step(state, job, step, status))
}

/// The scope is only built for an expression that is going to be evaluated.
fn holds(condition: &Condition, status: Status, scope: impl FnOnce() -> Scope) -> Result<bool, ExpressionError> {
    match condition {
        Condition::Expression { status: false, .. } if status.failed || status.cancelled => Ok(false),
        Condition::Expression { .. } => expression::holds(condition, &scope()),
        simple => expression::holds(simple, &Scope { status, ..Scope::default() }),
    }
}

/// Whether another cell of the same matrix has failed and takes this one with it.
pub(super) fn sibling_failed(state: &RunState, job: usize) -> bool {
    let plan = state.plan_job(job);
    plan.fail_fast && !plan.matrix.is_empty() && state.tally(job).failed
}

/// Whether every job that this one needs has ended.
pub(super) fn needs_are_done(state: &RunState, job: usize) -> bool {
    state.needs(job).iter().all(|need| state.jobs[*need].conclusion().is_some())
}

/// What a job's condition is asked about: all jobs that it needs, and those that they need.
pub(super) fn before_job(state: &RunState, job: usize) -> Status {
    Status { failed: failed_before(state, job), cancelled: state.cancel.is_some() || sibling_failed(state, job) }
}

/// Whether a job that this one needs was skipped, with all its cells: then it is skipped as well, unless its condition
/// asks.
pub(super) fn needs_skipped(state: &RunState, job: usize) -> bool {
    let is_skipped = |job: usize| state.jobs[job].conclusion() == Some(Conclusion::Skipped);
    let all_cells = |need: usize| state.cells(need).iter().all(|cell| is_skipped(*cell));
    state.needs(job).iter().any(|need| is_skipped(*need) && all_cells(*need))
}

/// Whether something failed that this job builds on. A job that ended well has vouched for what it stands on; only a
/// skipped one may hide a failure behind it. Each job is looked at once, however many ways lead to it.
fn failed_before(state: &RunState, job: usize) -> bool {
    let mut open: Vec<usize> = state.needs(job).to_vec();
    let mut seen = vec![false; state.jobs.len()];
    while let Some(job) = open.pop() {
        if std::mem::replace(&mut seen[job], true) {
            continue;
        }
        match state.jobs[job].conclusion() {
            Some(Conclusion::Skipped) => open.extend(state.needs(job)),
            Some(conclusion) if is_red(conclusion) && !state.plan_job(job).continue_on_error => return true,
            _ => {}
        }
    }
    false
}

/// What a step's condition is asked about: the steps before it.
pub(super) fn before_step(state: &RunState, job: usize, step: usize) -> Status {
    let plan = &state.plan_job(job).steps;
    let before = state.jobs[job].steps[..step].iter().zip(plan);
    let failed = before.into_iter().any(|(step, plan)| !plan.continue_on_error && is_red_phase(step.phase));
    let stopping = stop_reason(state, job);
    Status {
        failed: failed || stopping == Some(StopReason::JobTimedOut),
        cancelled: stopping == Some(StopReason::Cancelled),
    }
}

fn is_red_phase(phase: StepPhase) -> bool {
    matches!(phase, StepPhase::Done(conclusion) if is_red(conclusion))
}

/// Neither good nor left out.
pub(super) fn is_red(conclusion: Conclusion) -> bool {
    !conclusion.is_good() && conclusion != Conclusion::Skipped
}

/// How a job ends whose steps are all over.
pub(super) fn job_conclusion(state: &RunState, job: usize) -> Conclusion {
    let JobState { phase, steps, .. } = &state.jobs[job];
    let plan = &state.plan_job(job).steps;
    let worst = steps.iter().zip(plan).filter_map(|(step, plan)| match step.phase {
        StepPhase::Done(conclusion) if is_red(conclusion) && plan.continue_on_error => Some(Conclusion::Warned),
        StepPhase::Done(Conclusion::Inconclusive) => Some(Conclusion::Failed),
        StepPhase::Done(conclusion) if conclusion != Conclusion::Skipped => Some(conclusion),
        _ => None,
    });
    let worst = worst.max().unwrap_or(Conclusion::Passed);
    // A job that got through all its steps before it could be stopped was not cut short.
    let cut_short = steps.iter().any(|step| step.phase == StepPhase::Skipped);
    match (phase, stop_reason(state, job)) {
        // A step that was stopped because the job's time was up counts as that, whatever it calls itself.
        (JobPhase::Running { timed_out: true, .. }, _) if worst == Conclusion::Cancelled => Conclusion::TimedOut,
        (JobPhase::Running { timed_out: true, .. }, _) => worst.max(Conclusion::TimedOut),
        (_, Some(StopReason::Cancelled)) if cut_short => worst.max(Conclusion::Cancelled),
        _ => worst,
    }
}

/// How a run ends whose jobs have all ended.
pub(super) fn run_conclusion(state: &RunState) -> Conclusion {
    let jobs = state.plan.jobs.iter().zip(&state.jobs);
    let worst = jobs.filter_map(|(plan, job)| match job.conclusion()? {
        Conclusion::Skipped => None,
        conclusion if is_red(conclusion) && plan.continue_on_error => Some(Conclusion::Warned),
        // Nobody cancelled the run: a failed sibling took this cell with it, and that is a failure.
        Conclusion::Cancelled if state.cancel.is_none() => Some(Conclusion::Failed),
        conclusion => Some(conclusion),
    });
    let worst = worst.max().unwrap_or(Conclusion::Passed);
    if state.cancel.is_some() { worst.max(Conclusion::Cancelled) } else { worst }
}
