//! From a finished run to a statement for each of its artifacts.

use std::collections::BTreeMap;

use lockgate_engine::run::{RunState, StepState, conclude};
use lockgate_model::event::StepResult;
use lockgate_model::evidence::{Artifact, EvidenceBody};
use lockgate_model::ids::{AttemptId, Digest, PluginAlias, RunId};
use lockgate_model::plan::{Plan, PlanJob, PlanStep, StepAction};
use lockgate_ports::{BlobError, Blobs, Journal};

use super::build::{Statement, statement};
use super::calls::Seen;
use super::facts::{Builder, Provenance, RunFacts, StepFacts, UsedPlugin};

/// What the events of a run do not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// The host.
    pub builder: Builder,
    /// Where the run's tree came from; none where the host does not know.
    pub tree_uri: Option<String>,
    /// The manifests of plugins by the digest of their components, as the lock file has them.
    pub manifests: BTreeMap<Digest, Digest>,
}

/// An artifact of a run, and what is to be signed about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The artifact.
    pub artifact: Artifact,
    /// The attempt that published it.
    pub attempt: AttemptId,
    /// The statement.
    pub statement: Statement,
}

/// Why a run has no provenance.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// It goes on, or has not begun.
    #[error("the run has not ended; its artifacts get their provenance when it has")]
    Unfinished,
    /// A journal cannot be read.
    #[error("the journal of {attempt} cannot be read ({reason}); mend the state folder, or run the pipeline again")]
    Journal {
        /// Of which attempt.
        attempt: String,
        /// Why.
        reason: String,
    },
    /// What a step proved cannot be read.
    #[error("the evidence of {attempt} cannot be read; mend the state folder, or run the pipeline again")]
    Evidence {
        /// Of which attempt.
        attempt: String,
        /// Why.
        #[source]
        source: BlobError,
    },
    /// Facts without a form in JSON.
    #[error("the statement about an artifact of {attempt} cannot be written")]
    Statement {
        /// Of which attempt.
        attempt: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// What there is to sign about a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Collected {
    /// A statement for each artifact, in the plan's order of jobs and steps. Where two steps published the same bytes,
    /// each has its own.
    pub made: Vec<Made>,
    /// Artifacts that a plugin claims, although the journal of its attempt does not show that it published them: the host
    /// has not seen where they come from, and vouches for none of them.
    pub unseen: Vec<(AttemptId, Artifact)>,
}

/// Writes a statement for each artifact that the steps of a run published.
///
/// # Errors
/// When the run has not ended, or a journal or evidence cannot be read.
pub fn of_run(
    state: &RunState,
    journal: &dyn Journal,
    blobs: &dyn Blobs,
    host: &HostFacts,
) -> Result<Collected, CollectError> {
    let run = run_facts(state, host).ok_or(CollectError::Unfinished)?;
    let mut collected = Collected::default();
    for (job, job_state) in state.plan.jobs.iter().zip(&state.jobs) {
        for (step, step_state) in job.steps.iter().zip(&job_state.steps) {
            let Some(result) = &step_state.result else { continue };
            let attempt = attempt_id(&run.id, job, step, step_state);
            let artifacts = artifacts(result, &attempt, blobs)?;
            if !artifacts.is_empty() {
                let step = step_facts(step, result, &attempt, journal)?;
                collected.add(&run, &step, artifacts, &attempt, &host.builder)?;
            }
        }
    }
    Ok(collected)
}

impl Collected {
    fn add(
        &mut self,
        run: &RunFacts,
        step: &StepFacts,
        artifacts: Vec<Artifact>,
        attempt: &AttemptId,
        builder: &Builder,
    ) -> Result<(), CollectError> {
        let published = Seen::of(&step.calls).published;
        for mut artifact in artifacts {
            let Some(size_bytes) = published.get(&artifact.digest) else {
                self.unseen.push((attempt.clone(), artifact));
                continue;
            };
            artifact.size_bytes = *size_bytes;
            let written = statement(&Provenance { builder, run, step, artifact: &artifact });
            let statement =
                written.map_err(|source| CollectError::Statement { attempt: attempt.to_string(), source })?;
            self.made.push(Made { artifact, attempt: attempt.clone(), statement });
        }
        Ok(())
    }
}

/// The run's facts; none before it has ended.
fn run_facts(state: &RunState, host: &HostFacts) -> Option<RunFacts> {
    let (start, plan) = (state.start.as_ref()?, &state.plan);
    Some(RunFacts {
        id: start.run.clone(),
        pipeline: plan.name.clone(),
        file: plan.file.clone(),
        source: plan.source,
        inputs: plan.inputs.clone(),
        event: plan.event.clone(),
        trust: plan.trust,
        started_at: start.at,
        finished_at: state.finished_at?,
        tree: start.tree.root,
        tree_uri: host.tree_uri.clone(),
        plugins: plugins(plan, host),
    })
}

/// Those that the pipeline file names, and those that only a step does: the shell of `run:`.
fn plugins(plan: &Plan, host: &HostFacts) -> Vec<UsedPlugin> {
    let of_steps = plan.jobs.iter().flat_map(|job| &job.steps).filter_map(|step| match &step.action {
        StepAction::Plugin { alias, pin, .. } => Some((alias, pin)),
        StepAction::Deploy { .. } => None,
    });
    let all: BTreeMap<_, _> = plan.plugins.iter().chain(of_steps).collect();
    let used = all.into_iter().map(|(alias, pin)| UsedPlugin {
        alias: alias.clone(),
        reference: pin.reference.clone(),
        component: pin.digest,
        manifest: host.manifests.get(&pin.digest).copied(),
    });
    used.collect()
}

fn attempt_id(run: &RunId, job: &PlanJob, step: &PlanStep, state: &StepState) -> AttemptId {
    AttemptId { run: run.clone(), job: job.key.clone(), step: step.id.clone(), number: state.attempts }
}

fn artifacts(result: &StepResult, attempt: &AttemptId, blobs: &dyn Blobs) -> Result<Vec<Artifact>, CollectError> {
    let evidence = conclude::load(&result.evidence, blobs);
    let evidence = evidence.map_err(|source| CollectError::Evidence { attempt: attempt.to_string(), source })?;
    let artifacts = evidence.into_iter().filter_map(|body| match body {
        EvidenceBody::Artifact(artifact) => Some(artifact),
        _ => None,
    });
    Ok(artifacts.collect())
}

fn step_facts(
    step: &PlanStep,
    result: &StepResult,
    attempt: &AttemptId,
    journal: &dyn Journal,
) -> Result<StepFacts, CollectError> {
    let calls = journal.read(attempt, 0);
    let calls = calls.map_err(|reason| CollectError::Journal { attempt: attempt.to_string(), reason })?;
    Ok(StepFacts {
        job: attempt.job.clone(),
        step: attempt.step.clone(),
        attempt: attempt.number,
        plugin: alias(step).cloned(),
        grants: step.grants.clone(),
        cached_from: result.cached_from.clone(),
        calls,
    })
}

fn alias(step: &PlanStep) -> Option<&PluginAlias> {
    match &step.action {
        StepAction::Plugin { alias, .. } => Some(alias),
        StepAction::Deploy { .. } => None,
    }
}
