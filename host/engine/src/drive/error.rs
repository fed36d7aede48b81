//! Why a run could not be driven.

use lockgate_model::ids::{AttemptId, RunId};
use lockgate_model::plan::PLAN_VERSION;
use lockgate_ports::{BlobError, LogError};

use crate::machine::IllegalEvent;
use crate::run::wire::WireError;

/// Why a run could not be driven. What was committed stays, and the run can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// There is no such run.
    #[error("there is no run {0}")]
    Unknown(RunId),
    /// The run has not ended, so nothing can be retried.
    #[error("run {0} has not ended; resume it first")]
    NotEnded(RunId),
    /// The run has no such attempt that ended.
    #[error("there is no attempt {0} that has ended; `lockgate show` lists the steps of a run")]
    NoAttempt(AttemptId),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The plan's blob.
    #[error("the plan of the run cannot be read")]
    Plan(#[source] BlobError),
    /// The plan's blob is no plan.
    #[error("the plan of the run cannot be understood")]
    PlanFormat(#[source] serde_json::Error),
    /// The plan was made by a newer Lockgate.
    #[error("the plan of the run has version {0}, this lockgate knows up to {PLAN_VERSION}; use the newer lockgate")]
    NewerPlan(u32),
    /// An event of the log.
    #[error("event {seq} of the run cannot be read")]
    Event {
        /// Its place in the stream.
        seq: u64,
        /// Why.
        #[source]
        source: WireError,
    },
    /// An event does not fit what came before.
    #[error("event {seq} of the run does not fit what came before it")]
    Illegal {
        /// Its place in the stream; 0 for one that was being added.
        seq: u64,
        /// Why.
        #[source]
        source: IllegalEvent,
    },
}
