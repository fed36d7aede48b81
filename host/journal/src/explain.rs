//! Why an answer was known before, or was not: what an attempt depends on, held beside an earlier attempt of the same
//! step.

mod differences;
mod questions;

use lockgate_engine::drive::history::{self, Past};
use lockgate_engine::drive::{DriveError, load};
use lockgate_model::Json;
use lockgate_model::host_call::{FunctionCall, HostCall};
use lockgate_model::ids::{AttemptId, RunId};
use lockgate_ports::{Blobs, EventLog, Journal, Trees, WorkspaceError, Workspaces};

/// Attempts that a chain of cached answers is followed through.
const CHAIN_MAX: usize = 100;

/// What an explanation is drawn from.
pub struct Sources<'a> {
    /// Events.
    pub log: &'a dyn EventLog,
    /// Bytes.
    pub blobs: &'a dyn Blobs,
    /// Calls.
    pub journal: &'a dyn Journal,
    /// Files of trees.
    pub workspaces: &'a dyn Workspaces,
    /// What a reader may learn of trees.
    pub trees: &'a dyn Trees,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Events.
    #[error(transparent)]
    Events(#[from] DriveError),
    /// Calls.
    #[error("{0}")]
    Journal(String),
    /// Trees.
    #[error(transparent)]
    Tree(#[from] WorkspaceError),
}

/// One thing of an attempt that could have been known before: the answer of the plugin, or a native command.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// `the plugin's answer`, or the command.
    pub what: String,
    /// The attempt that it came from; none where it was carried out.
    pub known_from: Option<String>,
    /// What is not as it was, each in a line; empty for a hit, and where there is nothing to compare with.
    pub differences: Vec<String>,
    /// Why the result was not kept, where it was not.
    pub not_kept: Option<String>,
}

/// Why an attempt was a hit or a miss.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explanation {
    /// The attempt.
    pub attempt: String,
    /// The earlier one that it is compared with.
    pub compared_with: Option<String>,
    /// In the order in which they came.
    pub findings: Vec<Finding>,
}

/// An attempt with its calls.
pub(crate) struct Side {
    pub(crate) past: Past,
    pub(crate) calls: Vec<HostCall>,
}

impl Sources<'_> {
    fn side(&self, attempt: &AttemptId) -> Result<Side, ExplainError> {
        let past = history::attempt(self.log, self.blobs, attempt)?;
        let calls = self.journal.read(attempt, 0).map_err(ExplainError::Journal)?;
        Ok(Side { past, calls })
    }

    /// Explains an attempt. `earlier` are the runs before its own, the latest first.
    ///
    /// # Errors
    /// When events, calls or trees cannot be read.
    pub fn explain(&self, attempt: &AttemptId, earlier: &[RunId]) -> Result<Explanation, ExplainError> {
        let side = self.side(attempt)?;
        let before = self.before(&side.past, attempt, earlier)?;
        let mut findings = Vec::new();
        let looks = functions(&side.calls, "cache", "look");
        if !looks.is_empty() {
            findings.push(self.answer(&side, &looks, before.as_ref())?);
        }
        let earlier_commands = before.as_ref().map(|side| functions(&side.calls, "exec", "run")).unwrap_or_default();
        for (at, command) in functions(&side.calls, "exec", "run").into_iter().enumerate() {
            let earlier = before.as_ref().zip(earlier_commands.get(at).copied());
            findings.push(self.command(&side, command, earlier)?);
        }
        let compared_with = before.map(|side| side.past.task.attempt.to_string());
        Ok(Explanation { attempt: attempt.to_string(), compared_with, findings })
    }

    /// The last attempt of the same step before this one.
    fn before(&self, past: &Past, attempt: &AttemptId, earlier: &[RunId]) -> Result<Option<Side>, ExplainError> {
        if let Some(number) = attempt.number.checked_sub(1).filter(|number| *number > 0)
            && let Ok(side) = self.side(&AttemptId { number, ..attempt.clone() })
        {
            return Ok(Some(side));
        }
        for run in earlier {
            let (state, _) = load(self.log, self.blobs, run)?;
            if state.plan.name != past.task.plan().name {
                continue;
            }
            let job = state.plan.jobs.iter().position(|job| job.key == attempt.job);
            let step = job.and_then(|job| {
                let step = state.plan.jobs[job].steps.iter().position(|step| step.id == attempt.step)?;
                state.jobs[job].steps[step].result.as_ref()?;
                Some(state.jobs[job].steps[step].attempts)
            });
            if let Some(number) = step.filter(|number| *number > 0) {
                return Ok(Some(self.side(&AttemptId { run: run.clone(), number, ..attempt.clone() })?));
            }
        }
        Ok(None)
    }

    fn answer(&self, side: &Side, looks: &[&FunctionCall], before: Option<&Side>) -> Result<Finding, ExplainError> {
        let origin = |look: &&FunctionCall| look.result["known-from"].as_str().map(str::to_owned);
        let is_hit = looks.iter().all(|look| origin(look).is_some());
        let known_from = looks.first().and_then(origin).filter(|_| is_hit);
        let differences = match before {
            Some(before) if !is_hit => self.answer_differences(side, before)?,
            _ => Vec::new(),
        };
        Ok(Finding { what: "the plugin's answer".to_owned(), known_from, differences, not_kept: None })
    }

    fn answer_differences(&self, side: &Side, before: &Side) -> Result<Vec<String>, ExplainError> {
        let mut differences = differences::of_tasks(&side.past.task, &before.past.task);
        let (root, root_before) = (side.past.task.tree().root, before.past.task.tree().root);
        if root != root_before {
            let asked = self.questions(before)?;
            let (now, then) = (self.trees.look(&root, &asked)?, self.trees.look(&root_before, &asked)?);
            differences.extend(questions::differences(&asked, &then, &now));
            differences.extend(self.picked_differences(side, before)?);
        }
        Ok(differences)
    }

    /// Files that the host picked for the plugin are part of its input.
    fn picked_differences(&self, side: &Side, before: &Side) -> Result<Vec<String>, ExplainError> {
        let lockgate_model::plan::StepAction::Plugin { files, .. } = &side.past.task.step().action else {
            return Ok(Vec::new());
        };
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let (now, then) = (side.past.task.tree(), before.past.task.tree());
        let (now, then) = (self.workspaces.files(&now, files)?, self.workspaces.files(&then, files)?);
        let is_reporter = side.past.task.step().kind() == Some(lockgate_model::call::Kind::TestReporter);
        Ok(differences::of_files(&then, &now, is_reporter))
    }

    /// What a reader asked; one that was answered from the cache asked what the first one did.
    fn questions(&self, side: &Side) -> Result<Vec<lockgate_ports::trees::Question>, ExplainError> {
        let mut from = side.past.result.cached_from.clone();
        let mut asked = questions::of_calls(&side.calls);
        for _ in 0..CHAIN_MAX {
            let Some(origin) = from.take().filter(|_| asked.is_empty()) else { break };
            let calls = self.journal.read(&origin, 0).map_err(ExplainError::Journal)?;
            asked = questions::of_calls(&calls);
            from = history::attempt(self.log, self.blobs, &origin).ok().and_then(|past| past.result.cached_from);
        }
        Ok(asked)
    }

    fn command(
        &self,
        side: &Side,
        command: &FunctionCall,
        before: Option<(&Side, &FunctionCall)>,
    ) -> Result<Finding, ExplainError> {
        let known_from = command.result["cached-from"].as_str().map(str::to_owned);
        let not_kept = differences::part(command, "not kept").map(str::to_owned);
        let mut differences = Vec::new();
        if let (None, Some((earlier, earlier_command))) = (&known_from, before) {
            differences = differences::of_keys(earlier_command, command);
            if differences::part(command, "input files") != differences::part(earlier_command, "input files") {
                let globs = globs(command);
                let then = self.workspaces.files(&earlier.past.task.tree(), &globs)?;
                let now = self.workspaces.files(&side.past.task.tree(), &globs)?;
                differences.extend(differences::of_files(&then, &now, true));
            }
            if let Some(why) = differences::part(earlier_command, "not kept") {
                differences.push(format!("the earlier result was not kept: {why}"));
            }
        }
        Ok(Finding { what: differences::argv(command), known_from, differences, not_kept })
    }
}

fn globs(command: &FunctionCall) -> Vec<String> {
    let globs = command.arguments["inputs"].as_array();
    globs.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn functions<'a>(calls: &'a [HostCall], interface: &str, function: &str) -> Vec<&'a FunctionCall> {
    let is_it = |call: &&FunctionCall| call.interface == interface && call.function == function;
    calls.iter().filter_map(HostCall::function).filter(is_it).collect()
}
