//! Which proof a step is shown: that of its job's earlier steps, then that of the jobs it needs, failed ones included.

use lockgate_model::Json;
use lockgate_model::event::EvidenceRef;
use lockgate_model::evidence::Evidence;
use lockgate_model::ids::{JobId, StepId};
use lockgate_model::plan::PlanJob;

use serde::{Deserialize, Serialize};

use super::state::RunState;

/// Proof as the events hold it, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Exhibit {
    job: JobId,
    matrix: Vec<(String, String)>,
    step: StepId,
    /// In place or by digest.
    pub(super) body: EvidenceRef,
}

impl Exhibit {
    /// `job[cell]/step`
    pub(super) fn name(&self) -> String {
        let cell: Vec<String> = self.matrix.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
        let cell = if cell.is_empty() { String::new() } else { format!("[{}]", cell.join(",")) };
        format!("{}{cell}/{}", self.job, self.step)
    }

    /// The proof, one by one, with its place.
    pub(super) fn evidence(
        &self,
        bodies: Vec<lockgate_model::evidence::EvidenceBody>,
    ) -> impl Iterator<Item = Evidence> + '_ {
        bodies.into_iter().map(|body| Evidence {
            job: self.job.clone(),
            matrix: self.matrix.clone(),
            step: self.step.clone(),
            body,
        })
    }
}

/// All that a step may see.
pub(super) fn exhibits(state: &RunState, job: usize, step: usize) -> Vec<Exhibit> {
    let needed = state.needs(job).iter().flat_map(|need| of_job(state, *need, usize::MAX));
    of_job(state, job, step).chain(needed).collect()
}

fn of_job(state: &RunState, job: usize, before: usize) -> impl Iterator<Item = Exhibit> + '_ {
    let plan = state.plan_job(job);
    let steps = plan.steps.iter().zip(&state.jobs[job].steps).take(before);
    steps.filter_map(move |(step, done)| {
        let body = done.result.as_ref().filter(|_| done.phase.is_over()).map(|result| &result.evidence)?;
        let shown = !body.is_none();
        shown.then(|| Exhibit { job: plan.id.clone(), matrix: cell(plan), step: step.id.clone(), body: body.clone() })
    })
}

fn cell(plan: &PlanJob) -> Vec<(String, String)> {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    plan.matrix.iter().map(|(axis, value)| (axis.clone(), text(value))).collect()
}
