//! Opening a run again: what did not end well, and all that builds on it. Everything else keeps its results.

use lockgate_model::outcome::Conclusion;

use super::state::{JobPhase, JobState, RunState, StepPhase, StepState};
use super::status;

/// Takes back what did not end well. Jobs come in the plan's order, so what a job needs is settled before it is.
pub(super) fn reopen(state: &mut RunState) {
    let mut open = vec![false; state.jobs.len()];
    for job in 0..state.jobs.len() {
        if state.needs(job).iter().any(|need| open[*need]) {
            open[job] = true;
            state.jobs[job].restart(0);
        } else if is_wanted(state, job) {
            open[job] = true;
            let first = state.jobs[job].steps.iter().position(|step| !step.is_good());
            state.jobs[job].restart(first.unwrap_or(0));
        }
    }
    for job in 0..state.jobs.len() {
        state.count_cells(job);
    }
    state.cancel = None;
    state.conclusion = None;
    state.finished_at = None;
}

/// A job that its own condition left out would be left out again, and what ran after it would run twice; one that was
/// left out because the run or its matrix was stopped is owed its turn.
fn is_wanted(state: &RunState, job: usize) -> bool {
    match state.jobs[job].conclusion() {
        Some(Conclusion::Skipped) => state.cancel.is_some() || status::sibling_failed(state, job),
        Some(conclusion) => status::is_red(conclusion),
        None => true,
    }
}

impl JobState {
    /// Takes back all steps from `first` on; attempts go on counting.
    fn restart(&mut self, first: usize) {
        // A step that was skipped has seen no workspace; the first that has tells what it was before all of them.
        let before = self.steps[first..].iter().find_map(|step| step.tree_before);
        self.tree = if first == 0 { None } else { before.or(self.tree) };
        for step in &mut self.steps[first..] {
            *step = StepState { attempts: step.attempts, ..StepState::default() };
        }
        self.phase = JobPhase::Waiting;
        self.outputs.clear();
        self.started_at = None;
        self.finished_at = None;
        self.reason.clear();
    }
}

impl StepState {
    fn is_good(&self) -> bool {
        matches!(self.phase, StepPhase::Done(conclusion) if conclusion.is_good())
    }
}
