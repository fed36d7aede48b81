//! Runs and host calls as JSON, for programs.

use lockgate_engine::run::{JobPhase, JobState, RunState, StepPhase, StepState};
use lockgate_model::Json;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::AttemptId;
use lockgate_model::plan::{PlanJob, PlanStep};
use serde_json::json;

/// A run with its jobs and steps.
pub(crate) fn run(state: &RunState) -> Json {
    let start = state.start.as_ref();
    json!({
        "run": start.map(|start| &start.run),
        "pipeline": state.plan.name,
        "file": state.plan.file,
        "started-at": start.map(|start| start.at),
        "finished-at": state.finished_at,
        "conclusion": state.conclusion,
        "cancelled": state.cancel,
        "jobs": state.plan.jobs.iter().zip(&state.jobs).map(|(plan, state)| job(plan, state)).collect::<Vec<_>>(),
    })
}

fn job(plan: &PlanJob, state: &JobState) -> Json {
    let phase = match state.phase {
        JobPhase::Waiting => "waiting",
        JobPhase::Running { .. } => "running",
        JobPhase::Done(_) => "done",
    };
    json!({
        "job": plan.key,
        "phase": phase,
        "conclusion": state.conclusion(),
        "reason": state.reason,
        "outputs": state.outputs,
        "steps": plan.steps.iter().zip(&state.steps).map(|(plan, state)| step(plan, state)).collect::<Vec<_>>(),
    })
}

fn step(plan: &PlanStep, state: &StepState) -> Json {
    let phase = match state.phase {
        StepPhase::Pending => "pending",
        StepPhase::Running { .. } => "running",
        StepPhase::Retrying | StepPhase::Waiting { .. } => "retrying",
        StepPhase::Skipped => "skipped",
        StepPhase::Done(_) => "done",
    };
    json!({ "step": plan.id, "phase": phase, "attempts": state.attempts, "reason": state.reason, "result": state.result })
}

/// A host call and whose it is.
pub(crate) fn call(attempt: &AttemptId, call: &HostCall) -> Json {
    json!({ "job": attempt.job, "step": attempt.step, "attempt": attempt.number, "call": call })
}
