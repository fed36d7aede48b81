//! From the definition to a plan: names resolved, plugins pinned, matrices laid out, expressions filled in as far as
//! they can be. Everything that is wrong is reported; nothing stops at the first mistake.

mod asks;
mod config;
mod context;
mod environments;
mod exposure;
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
use lockgate_model::plan::{PLAN_VERSION, Plan, PlanJob, StepAction, Trust};

use crate::Params;
use crate::definition::Pipeline;
use crate::diagnostics::Report;
use crate::source::{Lines, Source, Span};
use crate::yaml::{Node, Value};

pub use context::PLAN_COST_MAX;

use context::Context;
use plugins::Plugins;

/// Steps of one plan, matrix cells counted one by one.
pub const PLAN_STEPS_MAX: usize = 100_000;

/// What a plan may take, roughly: a job's text once for each cell, the environment around its steps once for each step.
pub const PLAN_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What an event says, where it says it: absent ones are null, so that `event.branch == 'main'` is false rather than an
/// error in a run that somebody starts by hand.
pub const EVENT_KEYS: [&str; 5] = ["type", "branch", "tag", "commit", "actor"];

/// The plan of `file`. It is complete only where `report` has no errors.
pub(crate) fn lower(
    file: &Pipeline,
    root: &Node,
    source: &Source,
    catalog: &Catalog,
    params: &Params,
    report: &mut Report,
) -> Plan {
    triggers::check(file, report);
    let inputs = inputs::resolve(file, &params.inputs, report);
    let event = event_of(&params.event);
    let plugins = Plugins::new(file, catalog, report);
    let lines = Lines::new(&source.text);
    let mut context = Context::new(file, &source.text, &lines, &plugins, catalog, inputs, event, report);
    let order = graph::order(file, context.report);
    let mut weights = Weights::new(root);
    let jobs = lay_out(file, &order, &mut weights, &mut context);
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
        trust: Trust::default(),
        plugins: pins_of(&jobs),
        jobs,
    }
}

/// Every job's cells, a job behind all that it needs.
fn lay_out(file: &Pipeline, order: &[usize], weights: &mut Weights<'_>, context: &mut Context<'_>) -> Vec<PlanJob> {
    let mut jobs: Vec<PlanJob> = Vec::new();
    for index in order {
        let (name, job) = &file.jobs.entries[*index];
        let Some(cells) = job::cells(name, job, context) else { continue };
        if !weights.add(&name.value, cells.len()) {
            let message = format!("with this job the plan takes more than {PLAN_BYTES_MAX} bytes");
            context.report.error("too-large", name.span, message).help("matrix cells and environments multiply");
            break;
        }
        jobs.extend(job::lower(&cells, job, &jobs, context));
        let steps: usize = jobs.iter().map(|job| job.steps.len()).sum();
        if jobs.len() > PLAN_JOBS_MAX || steps > PLAN_STEPS_MAX {
            too_large(name.span, jobs.len(), steps, context.report);
            break;
        }
    }
    jobs
}

/// How much the plan takes so far.
struct Weights<'a> {
    root: &'a Node,
    bytes: usize,
}

impl<'a> Weights<'a> {
    fn new(root: &'a Node) -> Self {
        Self { root, bytes: 0 }
    }

    /// Adds a job's cells; false where the plan would be too large.
    fn add(&mut self, job: &str, cells: usize) -> bool {
        let bytes = |node: &Node, key: &str| node.get(key).map_or(0, |entry| entry.value.bytes());
        let jobs = self.root.get("jobs").map(|entry| &entry.value);
        let job = jobs.and_then(|jobs| jobs.get(job)).map(|entry| &entry.value);
        let around = bytes(self.root, "env") + job.map_or(0, |job| bytes(job, "env"));
        let steps = match job.and_then(|job| job.get("steps")).map(|entry| &entry.value.value) {
            Some(Value::List(steps)) => steps.len(),
            _ => 0,
        };
        let each = job.map_or(0, Node::bytes).saturating_add(around.saturating_mul(steps));
        self.bytes = self.bytes.saturating_add(each.saturating_mul(cells.max(1)));
        self.bytes <= PLAN_BYTES_MAX
    }
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
