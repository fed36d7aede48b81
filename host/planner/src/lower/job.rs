//! A job to its cells.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_model::Json;
use lockgate_model::ids::{JobId, JobKey, StepId};
use lockgate_model::limits::{JOB_STEPS_MAX, JOB_TIMEOUT_MS};
use lockgate_model::plan::{PlanJob, PlanStep};
use lockgate_model::template::{Condition, Template};

use super::context::Context;
use super::graph::needs_of;
use super::matrix::{self, Cell};
use super::step::{self, Env};
use crate::definition::leaf::Plain;
use crate::definition::read::Map;
use crate::definition::{Job, Step};
use crate::expression::names::{Below, Names};
use crate::source::{Span, Spanned};

/// A job's id and the cells of its matrix.
pub(crate) struct Cells {
    id: JobId,
    span: Span,
    cells: Vec<Cell>,
    /// Whether the matrix could be laid out. Without it the steps are read once all the same, so that their mistakes are
    /// told in the same go.
    known: bool,
}

impl Cells {
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }
}

/// Lays a job's matrix out; nothing where the job has no proper name.
pub(crate) fn cells(name: &Spanned<String>, job: &Spanned<Job>, context: &mut Context<'_>) -> Option<Cells> {
    let id: JobId = match name.value.parse() {
        Ok(id) => id,
        Err(error) => {
            context.report.error("invalid-name", name.span, format!("{error}"));
            return None;
        }
    };
    check_steps(name, job, context);
    let matrix = job.value.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref());
    let cells = match matrix {
        None => Some(vec![Cell::new()]),
        Some(matrix) => matrix::cells(&id, matrix, context),
    };
    let known = cells.is_some();
    Some(Cells { id, span: name.span, cells: cells.unwrap_or_else(|| vec![Cell::new()]), known })
}

/// The plan's jobs for one job of the file: one for each cell of its matrix. `before` has all that it needs.
pub(crate) fn lower(cells: &Cells, job: &Spanned<Job>, before: &[PlanJob], context: &mut Context<'_>) -> Vec<PlanJob> {
    let axes: BTreeSet<&str> = cells.cells.iter().flat_map(|cell| cell.keys().map(String::as_str)).collect();
    let names = names_of_job(&job.value, cells.known.then_some(&axes), context);
    let needs: Vec<JobKey> = before
        .iter()
        .filter(|other| needs_of(&job.value).iter().any(|need| need.value == other.id.as_str()))
        .map(|other| other.key.clone())
        .collect();
    let cell = |cell: &Cell| lower_cell(cells, &job.value, cell, &needs, &names, context);
    cells.cells.iter().map(cell).collect()
}

fn lower_cell(
    cells: &Cells,
    job: &Job,
    cell: &Cell,
    needs: &[JobKey],
    names: &Names,
    context: &mut Context<'_>,
) -> PlanJob {
    context.scope.matrix = Json::Object(cell.clone().into_iter().collect());
    context.cells_known = cells.known;
    let key = matrix::key_of(&cells.id, cell);
    check_key(&key, cells.span, context);
    let env = env_of_job(job, names, context);
    let steps = steps(job, &env, names, context);
    let strategy = job.strategy.as_ref();
    let planned = PlanJob {
        name: name_of(job, &key, context),
        id: cells.id.clone(),
        needs: needs.to_vec(),
        condition: job.r#if.as_ref().map_or(Condition::Success, |text| context.condition(&text.0, names)),
        fail_fast: strategy.and_then(|strategy| strategy.fail_fast).unwrap_or(true),
        parallel_max: strategy.and_then(|strategy| strategy.max_parallel).map(|count| count.0),
        continue_on_error: job.continue_on_error.unwrap_or(false),
        timeout_ms: job.timeout.map_or(JOB_TIMEOUT_MS, |timeout| timeout.0),
        outputs: outputs(job, &steps, names, context),
        steps,
        matrix: cell.clone(),
        key,
    };
    context.scope.matrix = Json::Object(serde_json::Map::new());
    context.cells_known = true;
    planned
}

fn check_steps(name: &Spanned<String>, job: &Spanned<Job>, context: &mut Context<'_>) {
    match &job.value.steps {
        Some(steps) if steps.value.len() > JOB_STEPS_MAX => {
            let message = format!("the job has {} steps, {JOB_STEPS_MAX} are allowed", steps.value.len());
            context.report.error("too-large", steps.span, message).help("split the job");
        }
        Some(steps) if !steps.value.is_empty() => {}
        _ if context.report.has_error_in(job.span) => {}
        _ => {
            let message = format!("the job `{}` has no steps", name.value);
            context.report.error("missing-key", name.span, message).help("add `steps:` with at least one step");
        }
    }
}

/// A value that no key can hold is a mistake of the matrix.
fn check_key(key: &JobKey, span: Span, context: &mut Context<'_>) {
    if key.as_str().parse::<JobKey>().is_err() {
        let message = "a matrix value is too long for the name of a cell, or has more than one line";
        context
            .report
            .error("matrix-value", span, message)
            .help("use short words as values and look the rest up in a step");
    }
}

fn name_of(job: &Job, key: &JobKey, context: &mut Context<'_>) -> String {
    match &job.name {
        Some(name) => context.words(name),
        None => key.to_string(),
    }
}

/// What may be spoken of in a job, its steps aside. Without `axes` the matrix could not be laid out, and anything may.
fn names_of_job(job: &Job, axes: Option<&BTreeSet<&str>>, context: &Context<'_>) -> Names {
    let mut names = context.names();
    let matrix = axes.map_or(Below::Any, |axes| Below::known(axes.iter().copied()));
    let needs = needs_of(job).iter().map(|need| (need.value.clone(), outputs_of(&need.value, context)));
    names.roots.insert("matrix", matrix);
    names.roots.insert("needs", Below::Known(needs.collect()));
    names
}

/// The names of another job's outputs, where the job could be read.
fn outputs_of(job: &str, context: &Context<'_>) -> Option<BTreeSet<String>> {
    let (_, job) = context.file.jobs.entries.iter().find(|(name, _)| name.value == job)?;
    Some(job.value.outputs.iter().flat_map(Map::names).map(str::to_owned).collect())
}

/// The pipeline's environment under the job's.
fn env_of_job(job: &Job, names: &Names, context: &mut Context<'_>) -> Env {
    let file_names = context.names();
    let of_file: Option<&Map<Plain>> = context.file.env.as_ref();
    let mut env = step::env(of_file, &file_names, context);
    env.extend(step::env(job.env.as_ref(), names, context));
    env
}

fn steps(job: &Job, env: &Env, names: &Names, context: &mut Context<'_>) -> Vec<PlanStep> {
    let mut steps = Vec::new();
    let mut ids: BTreeMap<String, Span> = BTreeMap::new();
    let read: &[Spanned<Step>] = job.steps.as_ref().map_or(&[], |steps| &steps.value);
    for (index, step) in read.iter().enumerate() {
        let id = step::id_of(step, index);
        check_id(&id, step, &ids, context);
        let names = with_steps(names, ids.keys());
        steps.extend(step::lower(id.as_ref(), step, env, &names, context));
        ids.extend(id.map(|id| (id.to_string(), step.span)));
    }
    steps
}

fn check_id(id: &Option<StepId>, step: &Spanned<Step>, ids: &BTreeMap<String, Span>, context: &mut Context<'_>) {
    let Some((id, first)) = id.as_ref().and_then(|id| ids.get_key_value(id.as_str())) else { return };
    let span = step.value.id.as_ref().map_or(step.span, |id| id.span);
    context
        .report
        .error("duplicate-id", span, format!("another step of this job has the id `{id}`"))
        .related(*first, "the first one");
}

fn with_steps<'a>(names: &Names, ids: impl Iterator<Item = &'a String>) -> Names {
    let mut names = names.clone();
    names.roots.insert("steps", Below::known(ids.map(String::as_str)));
    names
}

fn outputs(job: &Job, steps: &[PlanStep], names: &Names, context: &mut Context<'_>) -> BTreeMap<String, Template> {
    let ids: Vec<String> = steps.iter().map(|step| step.id.to_string()).collect();
    let names = with_steps(names, ids.iter());
    let entries = job.outputs.iter().flat_map(|outputs| &outputs.entries);
    entries.map(|(name, value)| (name.value.clone(), context.template(&value.0, &names))).collect()
}
