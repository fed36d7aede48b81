//! What expressions see: `inputs`, `event`, `matrix`, `needs`, `steps`, and how things stand.

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::outcome::Conclusion;
use lockgate_planner::expression::{self, Scope, Status};
use serde_json::{Map, json};

use super::conclude::OUTPUTS_BYTES_MAX;
use super::state::{JobState, RunState, StepPhase, StepState};
use super::status;

/// The scope of a job's `if`.
pub(super) fn of_job(state: &RunState, job: usize, status: Status) -> Scope {
    let plan = state.plan_job(job);
    Scope {
        inputs: json!(state.plan.inputs),
        event: state.plan.event.clone(),
        matrix: json!(plan.matrix),
        needs: needs(state, job),
        steps: json!({}),
        status,
    }
}

/// The scope of a step's `if`, `with`, `env`, and of a job's `outputs` when all steps are over.
pub(super) fn of_step(state: &RunState, job: usize, step: usize, status: Status) -> Scope {
    Scope { steps: steps(state, job, step), ..of_job(state, job, status) }
}

/// The job's named values, filled in from its steps.
pub(super) fn job_outputs(state: &RunState, job: usize) -> Result<BTreeMap<String, Json>, String> {
    let plan = state.plan_job(job);
    if plan.outputs.is_empty() {
        return Ok(BTreeMap::new());
    }
    let end = plan.steps.len();
    let scope = of_step(state, job, end, status::before_step(state, job, end));
    let value = |(name, template): (&String, &_)| match expression::resolve(template, &scope) {
        Ok(value) => Ok((name.clone(), value)),
        Err(error) => Err(format!("output `{name}` could not be evaluated: {error}")),
    };
    let outputs: BTreeMap<String, Json> = plan.outputs.iter().map(value).collect::<Result<_, _>>()?;
    match json!(outputs).to_string().len() {
        bytes if bytes > OUTPUTS_BYTES_MAX => Err(format!(
            "the job's outputs have {bytes} bytes; at most {OUTPUTS_BYTES_MAX} are kept, publish an artifact instead"
        )),
        _ => Ok(outputs),
    }
}

/// `needs.ID`: `result` in GitHub's words, `conclusion` in ours, `outputs` of all cells, later cells winning.
fn needs(state: &RunState, job: usize) -> Json {
    let mut needs: BTreeMap<&str, (Conclusion, Map<String, Json>)> = BTreeMap::new();
    for need in state.plan_job(job).needs.iter().filter_map(|key| state.job_index(key)) {
        let JobState { outputs, .. } = &state.jobs[need];
        let conclusion = state.jobs[need].conclusion().unwrap_or(Conclusion::Skipped);
        let entry = needs.entry(state.plan_job(need).id.as_str()).or_insert((conclusion, Map::new()));
        entry.0 = entry.0.max(conclusion);
        entry.1.extend(outputs.clone());
    }
    let entry = |(id, (conclusion, outputs)): (&str, (Conclusion, Map<String, Json>))| {
        let value = json!({ "result": github_word(conclusion), "conclusion": conclusion, "outputs": outputs });
        (id.to_owned(), value)
    };
    Json::Object(needs.into_iter().map(entry).collect())
}

/// `steps.ID` of the steps before this one: `outcome` as it ended, `conclusion` after `continue-on-error`, as GitHub has it.
fn steps(state: &RunState, job: usize, before: usize) -> Json {
    let plan = &state.plan_job(job).steps[..before];
    let entry = |(plan, step): (&lockgate_model::plan::PlanStep, &StepState)| {
        let outcome = match step.phase {
            StepPhase::Done(conclusion) => conclusion,
            _ => Conclusion::Skipped,
        };
        let forgiven = status::is_red(outcome) && plan.continue_on_error;
        let conclusion = if forgiven { Conclusion::Passed } else { outcome };
        let outputs = step.result.as_ref().map(|result| &result.outputs);
        let value = json!({
            "outcome": github_word(outcome),
            "conclusion": github_word(conclusion),
            "outputs": outputs.unwrap_or(&BTreeMap::new()),
        });
        (plan.id.to_string(), value)
    };
    Json::Object(plan.iter().zip(&state.jobs[job].steps).map(entry).collect())
}

fn github_word(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Passed | Conclusion::Warned => "success",
        Conclusion::Skipped => "skipped",
        Conclusion::Cancelled => "cancelled",
        _ => "failure",
    }
}
