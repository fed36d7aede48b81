//! Wire records of a run's stream. A body is JSON `{"v": 1, "type": "...", ...}` of at most `EVENT_BYTES_MAX`.
//! A record that was ever written stays readable: a new shape is a new variant or a new version, never a change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Json;
use crate::ids::{AttemptId, Digest, JobKey, RunId, StepId};
use crate::outcome::Conclusion;
use crate::time::Timestamp;
use crate::tree::TreeRef;

/// The version of event bodies that this host writes.
pub const EVENT_VERSION: u32 = 1;

/// What happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum RunEvent {
    /// Always the first.
    RunStarted {
        /// The run.
        run: RunId,
        /// The plan, as a blob.
        plan: Digest,
        /// Where each job's workspace starts.
        tree: TreeRef,
    },
    /// A job's condition held and all that it needs has ended.
    JobStarted {
        /// The job.
        job: JobKey,
        /// When its time is up.
        deadline: Timestamp,
    },
    /// A job will not run.
    JobSkipped {
        /// The job.
        job: JobKey,
        /// Why.
        reason: String,
    },
    /// A step will not run.
    StepSkipped {
        /// The job.
        job: JobKey,
        /// The step.
        step: StepId,
        /// Why.
        reason: String,
    },
    /// An attempt begins. Committed before it does anything that could be noticed outside; pure attempts have none.
    AttemptStarted {
        /// The job.
        job: JobKey,
        /// The step.
        step: StepId,
        /// Counts from 1.
        number: u32,
        /// When its time is up.
        deadline: Timestamp,
    },
    /// An attempt ended.
    AttemptFinished {
        /// The job.
        job: JobKey,
        /// The step.
        step: StepId,
        /// Counts from 1.
        number: u32,
        /// How.
        result: Box<StepResult>,
    },
    /// An attempt that had begun is gone with its host. It may be repeated.
    AttemptLost {
        /// The job.
        job: JobKey,
        /// The step.
        step: StepId,
        /// Counts from 1.
        number: u32,
    },
    /// A step will be tried again, not before this instant.
    RetryScheduled {
        /// The job.
        job: JobKey,
        /// The step.
        step: StepId,
        /// The number of the coming attempt.
        number: u32,
        /// When.
        not_before: Timestamp,
    },
    /// An attempt that must not be repeated silently is gone with its host.
    NeedsAttention {
        /// The job.
        job: JobKey,
        /// The step.
        step: StepId,
        /// What a person should know.
        reason: String,
    },
    /// A job's time is up.
    JobTimedOut {
        /// The job.
        job: JobKey,
    },
    /// All steps of a job have ended.
    JobFinished {
        /// The job.
        job: JobKey,
        /// How.
        conclusion: Conclusion,
        /// Its named values.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, Json>,
        /// Why, where no step tells: an expression that could not be evaluated.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Somebody wants the run to stop. Steps that run on cancellation still run.
    CancelRequested {
        /// Who or what, and why.
        reason: String,
    },
    /// Everything has ended.
    RunFinished {
        /// How.
        conclusion: Conclusion,
    },
    /// Somebody wants what failed to be tried again.
    RunReopened {
        /// Who or what, and why.
        reason: String,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepResult {
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How it ended.
    pub conclusion: Conclusion,
    /// The outcome's name: `answered`, `failed`, `trapped`, `limited`, `refused`, `faulted`, `cancelled`.
    pub outcome: String,
    /// For people: the summary, or what went wrong and what to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Whether trying again may help.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retryable: bool,
    /// Named values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// What it proves.
    #[serde(default, skip_serializing_if = "EvidenceRef::is_none")]
    pub evidence: EvidenceRef,
    /// The workspace as it left it, where it could change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<TreeRef>,
    /// The attempt that first gave this answer, where it came from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_from: Option<AttemptId>,
}

/// Evidence in an event: in place while it is small, else by digest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceRef {
    /// There is none.
    #[default]
    None,
    /// In place.
    Inline(Vec<crate::evidence::EvidenceBody>),
    /// A blob with the JSON list.
    Blob(Digest),
}

impl EvidenceRef {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

/// An event with its version, as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `EVENT_VERSION`.
    pub v: u32,
    /// The event.
    #[serde(flatten)]
    pub event: RunEvent,
}

/// What somebody asks of a live run: a row that its driver polls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum RunCommand {
    /// Stop.
    Cancel {
        /// Who or what, and why.
        reason: String,
    },
}
