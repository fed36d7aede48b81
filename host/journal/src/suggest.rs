//! The least grants of a step, from what its attempts were seen to do.
//!
//! What was granted or free is allowed again, and as little beside it as a rule that a person can read leaves open. What
//! was refused is told and never granted: that is for a person to decide.

mod calls;
mod commands;
mod files;
mod requests;
mod yaml;

use std::collections::BTreeMap;

use lockgate_model::grant::{ExecRule, Grants};
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{JobId, StepId, ToolName};
use lockgate_model::plan::{PlanJob, PlanStep, StepAction};

use calls::Seen;

pub use files::EXACT_PATHS_MAX;
pub use yaml::to_yaml;

/// The alias in a plan of the shell plugin, which `run:` is short for.
const SHELL_ALIAS: &str = "run";

/// A step and all that it was seen to do.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The job in the file; the cells of a matrix share their steps, and so their grants.
    pub job: JobId,
    /// The step.
    pub step: StepId,
    /// Its line in the pipeline file, from 1.
    pub line: u32,
    /// What it is granted now.
    pub grants: Grants,
    /// Tools that it may run without a grant: the shell of `run:`.
    pub implied: Vec<ToolName>,
    /// The calls of its attempts, of all of them if it had several.
    pub calls: Vec<HostCall>,
}

/// What a step needs, and what it wanted beyond what it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The job in the file.
    pub job: JobId,
    /// The step.
    pub step: StepId,
    /// Its line in the pipeline file, from 1.
    pub line: u32,
    /// The least grants that allow what was seen. `read` and `write` are never absent.
    pub grants: Grants,
    /// Grants that were missing, as the pipeline would write them; none of them is among `grants`.
    pub refused: Vec<String>,
    /// Commands that are granted as before although no call shows them: a tool may start other granted tools, and
    /// nobody sees which.
    pub kept: Vec<ExecRule>,
}

impl Observed {
    /// The step with its calls; nothing where grants would change nothing: a rollout has those of its environment, and
    /// plugins of most kinds have none at all.
    #[must_use]
    pub fn of(job: &PlanJob, step: &PlanStep, calls: Vec<HostCall>) -> Option<Self> {
        step.kind().filter(|kind| kind.is_outward())?;
        Some(Self {
            job: job.id.clone(),
            step: step.id.clone(),
            line: step.line,
            grants: step.grants.clone(),
            implied: implied(step),
            calls,
        })
    }
}

/// The shell of `run:`, which the planner grants by itself.
fn implied(step: &PlanStep) -> Vec<ToolName> {
    let StepAction::Plugin { alias, config, .. } = &step.action else { return Vec::new() };
    let shell = config.literal().filter(|_| alias.as_str() == SHELL_ALIAS).and_then(|config| config["shell"].as_str());
    shell.and_then(|shell| shell.parse().ok()).into_iter().collect()
}

/// A suggestion for each step of the file, in the order in which the steps come first.
#[must_use]
pub fn suggest(observed: &[Observed]) -> Vec<Suggestion> {
    let mut order: Vec<(&JobId, &StepId)> = Vec::new();
    let mut cells: BTreeMap<(&JobId, &StepId), Vec<&Observed>> = BTreeMap::new();
    for one in observed {
        let step = (&one.job, &one.step);
        if !cells.contains_key(&step) {
            order.push(step);
        }
        cells.entry(step).or_default().push(one);
    }
    order.iter().filter_map(|step| of_step(cells.get(step)?)).collect()
}

/// One suggestion for all cells of a step: it stands once in the file.
fn of_step(cells: &[&Observed]) -> Option<Suggestion> {
    let first = *cells.first()?;
    let mut seen = Seen::default();
    cells.iter().flat_map(|cell| &cell.calls).for_each(|call| seen.add(call));
    let mut grants = needed(&seen, cells);
    let kept = kept(&seen, cells, &grants);
    grants.exec.extend(kept.iter().cloned());
    let (job, step, line) = (first.job.clone(), first.step.clone(), first.line);
    Some(Suggestion { job, step, line, grants, refused: seen.refused, kept })
}

fn needed(seen: &Seen, cells: &[&Observed]) -> Grants {
    let current: Vec<_> = cells.iter().flat_map(|cell| &cell.grants.http).collect();
    let mut exec = commands::rules(&seen.commands);
    exec.retain(|rule| !is_implied(&rule.tool, cells));
    Grants {
        exec,
        scratch: scratch(seen, cells),
        http: requests::rules(&seen.requests, &current),
        read: Some(files::read_globs(&seen.reads)),
        write: Some(files::write_globs(&seen.writes)),
        secrets: seen.secrets.iter().cloned().collect(),
        expose: seen.expose.iter().cloned().collect(),
        clock: seen.clock,
        random: seen.random,
    }
}

fn is_implied(tool: &ToolName, cells: &[&Observed]) -> bool {
    cells.iter().any(|cell| cell.implied.contains(tool))
}

/// Scratch is a matter of speed that no call shows; commands only have it.
fn scratch(seen: &Seen, cells: &[&Observed]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in cells.iter().flat_map(|cell| &cell.grants.scratch).filter(|_| !seen.commands.is_empty()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Granted tools that no call names, where a command could have started them.
fn kept(seen: &Seen, cells: &[&Observed], grants: &Grants) -> Vec<ExecRule> {
    let mut kept: Vec<ExecRule> = Vec::new();
    for rule in cells.iter().flat_map(|cell| &cell.grants.exec).filter(|_| !seen.commands.is_empty()) {
        let is_known = grants.exec.iter().any(|known| known.tool == rule.tool) || is_implied(&rule.tool, cells);
        if !is_known && !kept.contains(rule) {
            kept.push(rule.clone());
        }
    }
    kept
}
