//! How things stand before a job or a step: what its condition is asked about.

use lockgate_model::outcome::Conclusion;
use lockgate_planner::expression::Status;
use lockgate_ports::cancel::StopReason;

use super::state::{JobPhase, JobState, RunState, StepPhase};

/// Why what is under way in this job shall stop, if it shall.
pub(super) fn stop_reason(state: &RunState, job: usize) -> Option<StopReason> {
    if state.cancel.is_some() || sibling_failed(state, job) {
        return Some(StopReason::Cancelled);
    }
    matches!(state.jobs[job].phase, JobPhase::Running { timed_out: true, .. }).then_some(StopReason::JobTimedOut)
}

/// Whether another cell of the same matrix has failed and takes this one with it.
pub(super) fn sibling_failed(state: &RunState, job: usize) -> bool {
    let plan = state.plan_job(job);
    if !plan.fail_fast || plan.matrix.is_empty() {
        return false;
    }
    let siblings = state.plan.jobs.iter().zip(&state.jobs).filter(|(other, _)| other.id == plan.id);
    siblings.filter(|(other, _)| !other.continue_on_error).any(|(_, job)| job.conclusion().is_some_and(is_red))
}

/// Cells of the same matrix that are running.
pub(super) fn siblings_running(state: &RunState, job: usize) -> usize {
    let plan = state.plan_job(job);
    let siblings = state.plan.jobs.iter().zip(&state.jobs).filter(|(other, _)| other.id == plan.id);
    siblings.filter(|(_, job)| matches!(job.phase, JobPhase::Running { .. })).count()
}

/// Whether every job that this one needs has ended.
pub(super) fn needs_are_done(state: &RunState, job: usize) -> bool {
    needs(state, job).all(|need| state.jobs[need].conclusion().is_some())
}

/// What a job's condition is asked about: all jobs that it needs, and those that they need.
pub(super) fn before_job(state: &RunState, job: usize) -> Status {
    let failed = needs(state, job).any(|need| has_failed_ancestry(state, need));
    Status { failed, cancelled: state.cancel.is_some() || sibling_failed(state, job) }
}

/// Whether a job that this one needs was skipped: then it is skipped as well, unless its condition asks.
pub(super) fn needs_skipped(state: &RunState, job: usize) -> bool {
    needs(state, job).any(|need| state.jobs[need].conclusion() == Some(Conclusion::Skipped))
}

fn has_failed_ancestry(state: &RunState, job: usize) -> bool {
    let own = !state.plan_job(job).continue_on_error && state.jobs[job].conclusion().is_some_and(is_red);
    // A job that ended well has vouched for what it stands on; only a skipped one may hide a failure behind it.
    let skipped = state.jobs[job].conclusion() == Some(Conclusion::Skipped);
    own || (skipped && needs(state, job).any(|need| has_failed_ancestry(state, need)))
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
    let steps = worst.max().unwrap_or(Conclusion::Passed);
    match (phase, stop_reason(state, job)) {
        // A step that was stopped because the job's time was up counts as that, whatever it calls itself.
        (JobPhase::Running { timed_out: true, .. }, _) if steps == Conclusion::Cancelled => Conclusion::TimedOut,
        (JobPhase::Running { timed_out: true, .. }, _) => steps.max(Conclusion::TimedOut),
        (_, Some(StopReason::Cancelled)) => steps.max(Conclusion::Cancelled),
        _ => steps,
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

fn needs(state: &RunState, job: usize) -> impl Iterator<Item = usize> + '_ {
    state.plan_job(job).needs.iter().filter_map(|need| state.job_index(need))
}
