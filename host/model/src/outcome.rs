//! How a call ended. A guest's refusal, a trap, a limit and a fault of the host are different things, all the way to the page.

use serde::{Deserialize, Serialize};

use crate::call::Answer;
use crate::evidence::Location;
use crate::ids::AttemptId;

/// The plugin says that it could not do its work (the contract's `failure`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Failure {
    /// For machines: `missing-file`, `bad-config` ...
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<Location>,
    /// Whether trying again may help.
    #[serde(default)]
    pub retryable: bool,
}

/// A limit of the host that an attempt ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Wall time: the step's timeout, or the limit of a pure call.
    Time,
    /// Linear memory.
    Memory,
    /// Table elements.
    Table,
    /// Handles held.
    Handles,
    /// Bytes logged.
    Log,
    /// Number of host calls.
    HostCalls,
    /// Bytes of one host call's arguments.
    HostCallBytes,
    /// Depth of the call stack.
    Stack,
    /// Bytes returned: evidence, outputs, summary.
    Product,
    /// Bytes of an artifact.
    Artifact,
    /// Room for its journal.
    Journal,
}

/// Why a component was not run, or not to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// The bytes are no WebAssembly component.
    NotAComponent,
    /// It exports none of the contract's kinds, or more than one.
    UnknownKind,
    /// It is of another kind than the call.
    WrongKind,
    /// It imports a host interface that its kind must not have.
    ForeignImport,
    /// It is made for a contract that this host does not speak.
    UnknownContract,
    /// It is larger than the limit.
    TooLarge,
    /// Its configuration does not match its schema.
    Configuration,
    /// The pipeline names something that this host cannot do yet.
    NotSupported,
    /// It tried to send a secret where that must not go, and was stopped.
    Leak,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Outcome {
    /// It answered; whether the answer is good is another question.
    Answered(Answer),
    /// The plugin could not do its work.
    Failed(Failure),
    /// WebAssembly trapped.
    Trapped {
        /// The trap and, where known, the guest's frames.
        message: String,
    },
    /// A limit was hit.
    Limited {
        /// Which.
        limit: Limit,
        /// With the number and what to do.
        message: String,
    },
    /// The component was not run.
    Refused {
        /// Why, for machines.
        code: RefusalCode,
        /// Why, for people.
        message: String,
    },
    /// The host could not do its part.
    Faulted {
        /// What broke, with its sources.
        message: String,
    },
    /// Somebody cancelled it.
    Cancelled,
}

impl Outcome {
    /// The outcome's name, as it stands in lists.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Failed(_) => "failed",
            Self::Trapped { .. } => "trapped",
            Self::Limited { .. } => "limited",
            Self::Refused { .. } => "refused",
            Self::Faulted { .. } => "faulted",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An outcome and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Returned {
    /// How the call ended.
    pub outcome: Outcome,
    /// The attempt that first gave this answer, where it came from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_from: Option<AttemptId>,
}

/// How a step, a job or a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// All good.
    Passed,
    /// Good enough.
    Warned,
    /// Its condition did not hold, or something before it failed.
    Skipped,
    /// Not good: red tests, findings, a verdict, a plugin's failure, a trap, a limit.
    Failed,
    /// What was needed to judge is missing.
    Inconclusive,
    /// Out of time.
    TimedOut,
    /// Somebody cancelled it.
    Cancelled,
    /// Lost in mid-flight and not to be repeated without a person.
    NeedsAttention,
    /// The host could not do its part.
    Faulted,
}

impl Conclusion {
    /// The conclusion's name, as it stands in lists.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Inconclusive => "inconclusive",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::NeedsAttention => "needs attention",
            Self::Faulted => "faulted",
        }
    }

    /// Whether work that builds on it goes on by default.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Passed | Self::Warned)
    }
}
