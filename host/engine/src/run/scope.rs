//! What expressions see: `inputs`, `event`, `matrix`, `needs`, `steps`, and how things stand.

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::outcome::Conclusion;
use lockgate_planner::expression::{self, Scope, Status};
use serde_json::{Map, json};

use super::conclude::OUTPUTS_BYTES_MAX;
use super::state::{RunState, StepPhase, StepState};
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

/// `needs.ID`: `conclusion` in our words, as the job ended; `result` in GitHub's, which calls a job that may fail a
/// success; `outputs` of all cells, later cells winning.
fn needs(state: &RunState, job: usize) -> Json {
    let mut needs: BTreeMap<&str, Needed> = BTreeMap::new();
    for need in state.needs(job) {
        let plan = state.plan_job(*need);
        let conclusion = state.jobs[*need].conclusion().unwrap_or(Conclusion::Skipped);
        let entry = needs.entry(plan.id.as_str()).or_default();
        entry.conclusion = worse(entry.conclusion, conclusion);
        entry.result = worse(entry.result, forgiven(conclusion, plan.continue_on_error));
        entry.outputs.extend(state.jobs[*need].outputs.clone());
    }
    Json::Object(needs.into_iter().map(|(id, needed)| (id.to_owned(), needed.json())).collect())
}

/// All cells of a job that is needed.
#[derive(Default)]
struct Needed {
    conclusion: Option<Conclusion>,
    result: Option<Conclusion>,
    outputs: Map<String, Json>,
}

impl Needed {
    fn json(self) -> Json {
        let result = self.result.map(github_word);
        json!({ "result": result, "conclusion": self.conclusion, "outputs": self.outputs })
    }
}

/// A matrix is skipped when all its cells are.
fn worse(so_far: Option<Conclusion>, cell: Conclusion) -> Option<Conclusion> {
    match so_far {
        None | Some(Conclusion::Skipped) => Some(cell),
        Some(other) if cell == Conclusion::Skipped => Some(other),
        Some(other) => Some(other.max(cell)),
    }
}

fn forgiven(conclusion: Conclusion, continue_on_error: bool) -> Conclusion {
    if continue_on_error && status::is_red(conclusion) { Conclusion::Passed } else { conclusion }
}

/// `steps.ID` of the steps before this one: `outcome` as it ended, `conclusion` after `continue-on-error`, as GitHub has it.
fn steps(state: &RunState, job: usize, before: usize) -> Json {
    let plan = &state.plan_job(job).steps[..before];
    let entry = |(plan, step): (&lockgate_model::plan::PlanStep, &StepState)| {
        let outcome = match step.phase {
            StepPhase::Done(conclusion) => conclusion,
            _ => Conclusion::Skipped,
        };
        let conclusion = forgiven(outcome, plan.continue_on_error);
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
