//! From the definition to a plan: names resolved, plugins pinned, matrices laid out, expressions filled in as far as
//! they can be. Everything that is wrong is reported; nothing stops at the first mistake.

mod config;
mod context;
mod environments;
mod fill;
mod grants;
mod graph;
mod inputs;
mod job;
mod matrix;
mod plugins;
mod step;
mod triggers;

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::catalog::{Catalog, PluginPin};
use lockgate_model::ids::{Digest, PluginAlias};
use lockgate_model::limits::PLAN_JOBS_MAX;
use lockgate_model::plan::{PLAN_VERSION, Plan, PlanJob, StepAction};

use crate::Params;
use crate::definition::Pipeline;
use crate::diagnostics::Report;
use crate::source::{Lines, Source, Span};

use context::Context;
use plugins::Plugins;

/// Steps of one plan, matrix cells counted one by one.
pub const PLAN_STEPS_MAX: usize = 100_000;

/// What an event says, where it says it: absent ones are null, so that `event.branch == 'main'` is false rather than an
/// error in a run that somebody starts by hand.
pub const EVENT_KEYS: [&str; 5] = ["type", "branch", "tag", "commit", "actor"];

/// The plan of `file`. It is complete only where `report` has no errors.
pub(crate) fn lower(file: &Pipeline, source: &Source, catalog: &Catalog, params: &Params, report: &mut Report) -> Plan {
    triggers::check(file, report);
    let inputs = inputs::resolve(file, &params.inputs, report);
    let event = event_of(&params.event);
    let plugins = Plugins::new(file, catalog, report);
    let lines = Lines::new(&source.text);
    let mut context = Context::new(file, &source.text, &lines, &plugins, catalog, inputs, event, report);
    let order = graph::order(file, context.report);
    let jobs = lay_out(file, &order, &mut context);
    environments::check_all(file, &mut context);
    let inputs = context.inputs_by_name();
    let event = context.scope.event.clone();
    plugins.report_unused(context.report);
    Plan {
        version: PLAN_VERSION,
        name: file.name.as_ref().map_or_else(|| source.name.clone(), |name| name.value.clone()),
        file: source.name.clone(),
        source: Digest::of(source.text.as_bytes()),
        inputs,
        event,
        plugins: pins_of(&jobs),
        jobs,
    }
}

/// Every job's cells, a job behind all that it needs.
fn lay_out(file: &Pipeline, order: &[usize], context: &mut Context<'_>) -> Vec<PlanJob> {
    let mut jobs: Vec<PlanJob> = Vec::new();
    for index in order {
        let (name, job) = &file.jobs.entries[*index];
        jobs.extend(job::lower(name, job, &jobs, context));
        let steps: usize = jobs.iter().map(|job| job.steps.len()).sum();
        if jobs.len() > PLAN_JOBS_MAX || steps > PLAN_STEPS_MAX {
            too_large(name.span, jobs.len(), steps, context.report);
            break;
        }
    }
    jobs
}

fn too_large(span: Span, jobs: usize, steps: usize, report: &mut Report) {
    let message = format!(
        "with this job the plan has {jobs} jobs and {steps} steps, {PLAN_JOBS_MAX} and {PLAN_STEPS_MAX} are allowed"
    );
    report.error("too-large", span, message).help("matrix cells count one by one: split the pipeline");
}

fn event_of(event: &Json) -> Json {
    let mut fields = event.as_object().cloned().unwrap_or_default();
    for key in EVENT_KEYS {
        fields.entry(key).or_insert(Json::Null);
    }
    Json::Object(fields)
}

/// Plugins in use, by alias.
fn pins_of(jobs: &[PlanJob]) -> BTreeMap<PluginAlias, PluginPin> {
    let steps = jobs.iter().flat_map(|job| &job.steps);
    let pin_of = |action: &StepAction| match action {
        StepAction::Plugin { alias, pin, .. } => Some((alias.clone(), pin.clone())),
        StepAction::Deploy { .. } => None,
    };
    steps.filter_map(|step| pin_of(&step.action)).collect()
}
