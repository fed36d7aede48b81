//! A pipeline made ready to run: every reference pinned, every matrix laid out, every expression that could be
//! evaluated evaluated. A run stores its plan and never reads the pipeline file again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Json;
use crate::catalog::PluginPin;
use crate::grant::{Effect, Grants};
use crate::ids::{Digest, JobId, JobKey, PluginAlias, StepId};
use crate::template::{Condition, Template};

/// The version of the plan's wire form.
pub const PLAN_VERSION: u32 = 1;

/// Whose work a run does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// The project's own.
    #[default]
    Trusted,
    /// A stranger's, such as a fork's: it has no secrets, and nothing that it writes to cache or scratch is read by
    /// trusted runs.
    Untrusted,
}

/// What will be run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// `PLAN_VERSION`.
    pub version: u32,
    /// The pipeline's name.
    pub name: String,
    /// The file that it was read from, as the user named it.
    pub file: String,
    /// Of the file's text.
    pub source: Digest,
    /// Inputs by name, defaults filled in.
    pub inputs: BTreeMap<String, Json>,
    /// What set the run off.
    pub event: Json,
    /// Whose work it is.
    #[serde(default)]
    pub trust: Trust,
    /// Plugins in use, by alias.
    pub plugins: BTreeMap<PluginAlias, PluginPin>,
    /// Jobs, cells laid out; a job stands behind all that it needs.
    pub jobs: Vec<PlanJob>,
}

/// A job, or one cell of a job's matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanJob {
    /// Names the job and its cell.
    pub key: JobKey,
    /// The job in the file.
    pub id: JobId,
    /// For people.
    pub name: String,
    /// The cell: axis to value. Empty outside a matrix.
    #[serde(default)]
    pub matrix: BTreeMap<String, Json>,
    /// Jobs (all their cells) that must have ended before.
    #[serde(default)]
    pub needs: Vec<JobKey>,
    /// Whether it runs.
    #[serde(default)]
    pub condition: Condition,
    /// A failing cell cancels its siblings.
    pub fail_fast: bool,
    /// Cells that may run at the same time; none for as many as there is room for.
    #[serde(default)]
    pub parallel_max: Option<u32>,
    /// Whether the run may pass when this job fails.
    #[serde(default)]
    pub continue_on_error: bool,
    /// Wall time of the whole job.
    pub timeout_ms: u64,
    /// Named values for jobs that need this one; filled in from `steps` when it ends.
    #[serde(default)]
    pub outputs: BTreeMap<String, Template>,
    /// In order.
    pub steps: Vec<PlanStep>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanStep {
    /// Unique in its job.
    pub id: StepId,
    /// For people.
    pub name: String,
    /// Line of the step in the pipeline file, from 1.
    pub line: u32,
    /// Line of the step's `grants` in the pipeline file, from 1; none where it has none.
    #[serde(default)]
    pub grants_line: Option<u32>,
    /// Whether it runs.
    #[serde(default)]
    pub condition: Condition,
    /// What it does.
    pub action: StepAction,
    /// Environment of the plugin and of its native tools: pipeline's, job's and step's, the nearest winning.
    #[serde(default)]
    pub env: BTreeMap<String, Template>,
    /// What the pipeline lets it do.
    #[serde(default)]
    pub grants: Grants,
    /// What a second call would do.
    #[serde(default)]
    pub effect: Effect,
    /// Wall time of one attempt.
    pub timeout_ms: u64,
    /// When to try again.
    pub retry: Retry,
    /// Whether the job goes on when this step fails.
    #[serde(default)]
    pub continue_on_error: bool,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum StepAction {
    /// Calls a plugin.
    Plugin {
        /// The alias in the file, for people; `run` for the shorthand.
        alias: PluginAlias,
        /// Pinned.
        pin: PluginPin,
        /// `with:`, without `files`.
        config: Template,
        /// The JSON Schema to check the configuration against once its holes are filled; none where nothing is open.
        #[serde(default)]
        schema: Option<Json>,
        /// Globs of the files that the host picks, for kinds that take files.
        #[serde(default)]
        files: Vec<String>,
    },
    /// Starts a rollout and waits for its end.
    Deploy {
        /// The environment in the file.
        environment: String,
        /// The release.
        release: Template,
    },
}

/// When a step is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Retry {
    /// Tries in all, the first one counted.
    pub attempts_max: u32,
    /// What counts.
    pub on: RetryOn,
    /// Wait before the second try; doubled for each further one.
    pub backoff_ms: u64,
}

/// What a retry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryOn {
    /// Faults of the host, and failures that the plugin calls retryable.
    Fault,
    /// Anything that is not good.
    Any,
}

impl Plan {
    /// The job of this key.
    #[must_use]
    pub fn job(&self, key: &JobKey) -> Option<&PlanJob> {
        self.jobs.iter().find(|job| job.key == *key)
    }

    /// How many steps it has.
    #[must_use]
    pub fn step_count(&self) -> usize {
        self.jobs.iter().map(|job| job.steps.len()).sum()
    }
}

impl PlanStep {
    /// The kind of plugin it calls; none for a rollout.
    #[must_use]
    pub fn kind(&self) -> Option<crate::call::Kind> {
        match &self.action {
            StepAction::Plugin { pin, .. } => Some(pin.kind),
            StepAction::Deploy { .. } => None,
        }
    }

    /// Whether a lost attempt may be done again without asking: nothing outside the workspace can have changed, or
    /// the pipeline says that a second time does no harm.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.effect == Effect::Idempotent || (self.kind().is_some() && self.grants.are_repeatable())
    }
}
