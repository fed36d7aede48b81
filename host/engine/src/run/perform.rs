//! Carrying out one attempt: workspace, evidence, the call or calls, and what is to be remembered of them.
//! Runs on a worker's thread; everything it needs of the state was copied into the task before.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_model::Json;
use lockgate_model::call::{Answer, Call, Kind};
use lockgate_model::evidence::{Evidence, TestReport};
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_model::limits::REPORT_BYTES_MAX;
use lockgate_model::outcome::{Outcome, Returned};
use lockgate_model::plan::{PlanStep, StepAction, Trust};
use lockgate_model::template::Template;
use lockgate_model::tree::{TreeFile, TreeRef};
use lockgate_planner::expression::{self, Scope};
use lockgate_ports::sandbox::{Answers, Invocation, WorkspaceAccess};
use lockgate_ports::{Blobs, Cancel, Gate, Recorder, Sandbox, Workspace, Workspaces};

use serde::{Deserialize, Serialize};

use super::conclude::{Ended, conclude, fault, load, no_files, refused};
use super::evidence::Exhibit;
use super::state::RunState;
use super::{AttemptKey, evidence, scope, status};

/// One attempt, with all that it needs of the run.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its name.
    pub attempt: AttemptId,
    plan: Arc<lockgate_model::plan::Plan>,
    place: (usize, usize),
    config: Result<Json, String>,
    env: Result<BTreeMap<String, String>, String>,
    exhibits: Vec<Exhibit>,
    tree: TreeRef,
}

/// What an attempt may use of the world.
pub struct Means<'a> {
    /// Components.
    pub sandbox: &'a dyn Sandbox,
    /// Bytes.
    pub blobs: &'a dyn Blobs,
    /// Folders.
    pub workspaces: &'a dyn Workspaces,
    /// Every host call goes here.
    pub recorder: Arc<dyn Recorder>,
    /// Raised when it shall stop.
    pub cancel: &'a Cancel,
    /// Closed while its beginning is not on disk.
    pub gate: Gate,
    /// For a replay: what the world answered before.
    pub answers: Option<Arc<dyn Answers>>,
}

impl Task {
    /// The task of this attempt; none before the run has started.
    #[must_use]
    pub fn new(state: &RunState, key: &AttemptKey) -> Option<Self> {
        let start = state.start.as_ref()?;
        let (job, step) = state.names(key.job, key.step);
        let plan = state.plan_step(key.job, key.step);
        let step_state = &state.jobs[key.job].steps[key.step];
        let tree = step_state.tree_before.or(state.job_tree(key.job))?;
        let scope = LateScope { state, key };
        Some(Self {
            attempt: AttemptId { run: start.run.clone(), job, step, number: key.number },
            plan: state.plan.clone(),
            place: (key.job, key.step),
            config: config(plan, &scope),
            env: env(plan, &scope),
            exhibits: if takes_evidence(plan) { evidence::exhibits(state, key.job, key.step) } else { Vec::new() },
            tree,
        })
    }

    /// The step as it was planned.
    #[must_use]
    pub fn step(&self) -> &PlanStep {
        &self.plan.jobs[self.place.0].steps[self.place.1]
    }

    /// Where a missing grant would have to be written.
    fn grants_place(&self) -> String {
        let step = self.step();
        format!("{}:{}", self.plan.file, step.grants_line.unwrap_or(step.line))
    }

    /// The job as it was planned.
    #[must_use]
    pub fn job(&self) -> &lockgate_model::plan::PlanJob {
        &self.plan.jobs[self.place.0]
    }

    /// The plan that it belongs to.
    #[must_use]
    pub fn plan(&self) -> &lockgate_model::plan::Plan {
        &self.plan
    }

    /// The workspace that it began with.
    #[must_use]
    pub fn tree(&self) -> TreeRef {
        self.tree
    }

    /// Its configuration, or why it could not be had.
    ///
    /// # Errors
    /// The expression that could not be evaluated.
    pub fn config(&self) -> Result<&Json, &str> {
        self.config.as_ref().map_err(String::as_str)
    }

    /// Its environment, or why it could not be had.
    ///
    /// # Errors
    /// The expression that could not be evaluated.
    pub fn env(&self) -> Result<&BTreeMap<String, String>, &str> {
        self.env.as_ref().map_err(String::as_str)
    }

    /// The proof that it was shown: job, step, and where it lies.
    pub fn exhibits(&self) -> impl Iterator<Item = (String, &lockgate_model::event::EvidenceRef)> {
        self.exhibits.iter().map(|exhibit| (exhibit.name(), &exhibit.body))
    }

    /// The same attempt of another component.
    #[must_use]
    pub fn with_component(&self, pin: lockgate_model::catalog::PluginPin) -> Self {
        let mut plan = (*self.plan).clone();
        if let StepAction::Plugin { pin: pinned, .. } = &mut plan.jobs[self.place.0].steps[self.place.1].action {
            *pinned = pin;
        }
        Self { plan: Arc::new(plan), ..self.clone() }
    }

    /// Whether its journal should be written as it goes, for others to follow.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.step().kind().is_some_and(|kind| !kind.is_pure())
    }
}

/// A task as data, so that another machine can carry it out again. The plan holds the one job and the one step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TaskRecord {
    /// Its name.
    pub attempt: AttemptId,
    plan: lockgate_model::plan::Plan,
    config: Result<Json, String>,
    env: Result<BTreeMap<String, String>, String>,
    exhibits: Vec<Exhibit>,
    /// The workspace that it began with.
    pub tree: TreeRef,
}

impl From<&Task> for TaskRecord {
    fn from(task: &Task) -> Self {
        let mut plan = (*task.plan).clone();
        let mut job = task.job().clone();
        job.steps = vec![task.step().clone()];
        plan.jobs = vec![job];
        let Task { attempt, config, env, exhibits, tree, .. } = task.clone();
        Self { attempt, plan, config, env, exhibits, tree }
    }
}

impl TryFrom<TaskRecord> for Task {
    type Error = &'static str;

    fn try_from(record: TaskRecord) -> Result<Self, Self::Error> {
        let TaskRecord { attempt, plan, config, env, exhibits, tree } = record;
        match plan.jobs.as_slice() {
            [job] if job.steps.len() == 1 => {
                Ok(Self { attempt, plan: Arc::new(plan), place: (0, 0), config, env, exhibits, tree })
            }
            _ => Err("its plan does not hold exactly one step"),
        }
    }
}

fn takes_evidence(plan: &PlanStep) -> bool {
    matches!(plan.kind(), Some(Kind::BuildStep | Kind::QualityGate))
}

/// The scope of a step is only built where something is open.
struct LateScope<'a> {
    state: &'a RunState,
    key: &'a AttemptKey,
}

impl LateScope<'_> {
    fn resolve(&self, template: &Template) -> Result<Json, String> {
        if let Some(value) = template.literal() {
            return Ok(value.clone());
        }
        expression::resolve(template, &self.scope()).map_err(|error| error.to_string())
    }

    fn scope(&self) -> Scope {
        let AttemptKey { job, step, .. } = *self.key;
        scope::of_step(self.state, job, step, status::before_step(self.state, job, step))
    }
}

fn config(plan: &PlanStep, scope: &LateScope<'_>) -> Result<Json, String> {
    let StepAction::Plugin { config, schema, .. } = &plan.action else { return Ok(Json::Null) };
    let value = scope.resolve(config).map_err(|error| format!("`with` could not be evaluated: {error}"))?;
    if let Some(schema) = schema {
        lockgate_planner::check_config(schema, &value).map_err(|errors| {
            let errors: Vec<String> =
                errors.iter().map(|error| format!("with{}: {}", error.path, error.message)).collect();
            errors.join("; ")
        })?;
    }
    Ok(value)
}

fn env(plan: &PlanStep, scope: &LateScope<'_>) -> Result<BTreeMap<String, String>, String> {
    let entry = |(name, template): (&String, &Template)| match scope.resolve(template) {
        Ok(Json::String(text)) => Ok((name.clone(), text)),
        Ok(value) => Ok((name.clone(), value.to_string())),
        Err(error) => Err(format!("`env.{name}` could not be evaluated: {error}")),
    };
    plan.env.iter().map(entry).collect()
}

/// Carries the attempt out. Never fails itself: whatever goes wrong is how the attempt ended.
#[must_use]
pub fn perform(task: &Task, means: &Means<'_>) -> Ended {
    let StepAction::Plugin { pin, files, .. } = &task.step().action else {
        return refused("the step calls no plugin");
    };
    let (config, env) = match (&task.config, &task.env) {
        (Ok(config), Ok(env)) => (config.clone(), env.clone()),
        (Err(error), _) | (_, Err(error)) => return refused(error),
    };
    let attempt = Attempt { task, means, env, component: pin.digest };
    let ended = match pin.kind {
        Kind::BuildStep => attempt.build(config),
        Kind::TestReporter => attempt.report(&config, files),
        Kind::Scanner => attempt.scan(config, files),
        Kind::QualityGate => attempt.judge(config),
        other => Ok(refused(&format!("a {other} cannot be a step"))),
    };
    ended.unwrap_or_else(|error| fault(&*error))
}

struct Attempt<'a> {
    task: &'a Task,
    means: &'a Means<'a>,
    env: BTreeMap<String, String>,
    component: Digest,
}

type Error = Box<dyn std::error::Error>;

impl Attempt<'_> {
    fn build(&self, config: Json) -> Result<Ended, Error> {
        let workspace = self.workspace()?;
        let access = WorkspaceAccess { scratch: self.scratch()?, ..self.access(&workspace, true) };
        let evidence = self.evidence()?;
        let returned = self.call(Call::BuildStep { config, evidence }, Some(access));
        // What a plugin wrote before it trapped or was stopped is not a state that anything should build on.
        let is_whole = matches!(returned.outcome, Outcome::Answered(_) | Outcome::Failed(_));
        let mut ended = conclude(returned, self.means.cancel);
        if is_whole {
            ended.tree = Some(self.means.workspaces.snapshot(&workspace)?);
        }
        Ok(ended)
    }

    fn scan(&self, config: Json, globs: &[String]) -> Result<Ended, Error> {
        let files = self.means.workspaces.files(&self.task.tree, globs)?.into_iter().map(|file| file.path).collect();
        let workspace = self.workspace()?;
        let access = self.access(&workspace, false);
        let returned = self.call(Call::Scanner { config, files }, Some(access));
        // Nothing can have changed; this only says so, and the folder need not be made anew for the next step.
        self.means.workspaces.snapshot(&workspace)?;
        Ok(conclude(returned, self.means.cancel))
    }

    fn judge(&self, config: Json) -> Result<Ended, Error> {
        let call = Call::QualityGate { config, evidence: self.evidence()?, baseline: Vec::new() };
        Ok(conclude(self.call(call, None), self.means.cancel))
    }

    /// One call for each file; the host merges. The first call that gives no report is how the attempt ends.
    fn report(&self, config: &Json, globs: &[String]) -> Result<Ended, Error> {
        let files = self.means.workspaces.files(&self.task.tree, globs)?;
        let mut merged = TestReport::default();
        let mut cached = None;
        for (at, file) in files.iter().enumerate() {
            let Returned { outcome, cached_from } = self.report_file(config, file)?;
            let Outcome::Answered(Answer::Tests(report)) = outcome else {
                return Ok(conclude(Returned { outcome, cached_from }, self.means.cancel));
            };
            merged.merge(report);
            cached = if at == 0 { cached_from } else { cached.and(cached_from) };
        }
        if files.is_empty() {
            return Ok(no_files(globs));
        }
        let returned = Returned { outcome: Outcome::Answered(Answer::Tests(merged)), cached_from: cached };
        Ok(conclude(returned, self.means.cancel))
    }

    fn report_file(&self, config: &Json, file: &TreeFile) -> Result<Returned, Error> {
        let content = self.means.blobs.get(&file.digest, REPORT_BYTES_MAX)?;
        let call = Call::TestReporter { config: config.clone(), path: file.path.clone(), content };
        Ok(self.call(call, None))
    }

    fn call(&self, call: Call, workspace: Option<WorkspaceAccess>) -> Returned {
        let step = self.task.step();
        let AttemptId { run, job, step: id, .. } = &self.task.attempt;
        let invocation = Invocation {
            component: self.component,
            call,
            attempt: self.task.attempt.clone(),
            grants: step.grants.clone(),
            grants_place: self.task.grants_place(),
            trust: self.task.plan.trust,
            env: self.env.clone(),
            workspace,
            time_ms: step.timeout_ms,
            idempotency_key: format!("{run}/{job}/{id}"),
            run_url: None,
            gate: self.means.gate.clone(),
            answers: self.means.answers.clone(),
        };
        self.means.sandbox.call(invocation, self.means.cancel, self.means.recorder.clone())
    }

    fn workspace(&self) -> Result<Workspace, Error> {
        let AttemptId { run, job, .. } = &self.task.attempt;
        Ok(self.means.workspaces.prepare(run, job, &self.task.tree)?)
    }

    fn access(&self, workspace: &Workspace, writable: bool) -> WorkspaceAccess {
        let (folder, tree) = (workspace.folder.clone(), Some(self.task.tree.root));
        WorkspaceAccess { folder, writable, tree, scratch: Vec::new() }
    }

    fn scratch(&self) -> Result<Vec<lockgate_ports::sandbox::ScratchAccess>, Error> {
        let names = &self.task.step().grants.scratch;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        // Scratch is writable: what a stranger's run leaves in it no trusted run may find.
        let pipeline = match self.task.plan.trust {
            Trust::Trusted => self.task.plan.name.clone(),
            Trust::Untrusted => format!("{}@untrusted", self.task.plan.name),
        };
        Ok(self.means.workspaces.scratch(&pipeline, &self.task.attempt.job, names)?)
    }

    fn evidence(&self) -> Result<Vec<Evidence>, Error> {
        let mut all = Vec::new();
        for exhibit in &self.task.exhibits {
            all.extend(exhibit.evidence(load(&exhibit.body, self.means.blobs)?));
        }
        Ok(all)
    }
}
