//! Calling a plugin.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lockgate_model::Json;
use lockgate_model::call::{Call, Kind};
use lockgate_model::catalog::Descriptor;
use lockgate_model::grant::Grants;
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_model::outcome::{Outcome, RefusalCode, Returned};
use lockgate_model::plan::Trust;

use crate::workspaces::WorkspaceFolder;
use crate::{Cancel, Gate, Recorder};

/// A call and all that it may touch.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The component.
    pub component: Digest,
    /// The function and its input.
    pub call: Call,
    /// The attempt, for the journal and for the cache to name.
    pub attempt: AttemptId,
    /// What the pipeline grants.
    pub grants: Grants,
    /// Where a missing grant would have to be written, for refusals: `lockgate.yaml:14`.
    pub grants_place: String,
    /// Whose work it is.
    pub trust: Trust,
    /// Environment of the plugin and of its native tools.
    pub env: BTreeMap<String, String>,
    /// The job's workspace, for kinds that see one.
    pub workspace: Option<WorkspaceAccess>,
    /// Wall time from now on; pure calls have at most `PURE_CALL_MS_MAX`.
    pub time_ms: u64,
    /// The same for every attempt of one step of one run.
    pub idempotency_key: String,
    /// Where the run can be looked at.
    pub run_url: Option<String>,
    /// Whatever somebody outside could notice waits here.
    pub gate: Gate,
    /// Answers of an earlier attempt. With them nothing is asked of the world: no tool, no network, no clock, no
    /// secret, no cache.
    pub answers: Option<Arc<dyn Answers>>,
}

/// What a call is told that the record has no answer to.
pub const UNANSWERED: &str = "the record has no answer to this call";

/// The recorded answers of one attempt, for its replay.
pub trait Answers: Send + Sync + std::fmt::Debug {
    /// The answer to the next call of this function with these arguments; none where the record has none.
    fn next(&self, interface: &str, function: &str, arguments: &Json) -> Option<Vec<u8>>;
}

/// A workspace as a plugin sees it.
#[derive(Debug, Clone)]
pub struct WorkspaceAccess {
    /// The folder.
    pub folder: Arc<dyn WorkspaceFolder>,
    /// Whether the plugin may change it.
    pub writable: bool,
    /// The root of the tree that the folder holds when the call begins: part of a reader's cache key.
    pub tree: Option<Digest>,
    /// Scratch folders: the name granted, the folder on disk, whether it was empty when the attempt began.
    pub scratch: Vec<ScratchAccess>,
}

/// A scratch folder as a native tool sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScratchAccess {
    /// Relative to the workspace, as granted.
    pub name: String,
    /// The folder on disk.
    pub path: PathBuf,
    /// A result made with scratch that was not empty never enters the cache.
    pub was_empty: bool,
}

/// What a component's bytes tell without running any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The interface that it exports.
    pub kind: Kind,
    /// The version of `lockgate:plugin`.
    pub contract: String,
    /// Everything it imports, by full name.
    pub imports: Vec<String>,
}

/// Why a component cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ComponentError {
    /// For machines.
    pub code: RefusalCode,
    /// For people, with what to do.
    pub message: String,
}

/// Runs components. Every call has a fresh instance; nothing of it stays.
pub trait Sandbox: Send + Sync {
    /// Reads a component's kind and imports without running it.
    ///
    /// # Errors
    /// When it is no plugin that this host can run.
    fn inspect(&self, component: &Digest) -> Result<Inspection, ComponentError>;

    /// What a plugin says of itself; asked once for each digest, with nothing granted.
    ///
    /// # Errors
    /// The outcome, when it is not an answer.
    fn describe(&self, component: &Digest) -> Result<Descriptor, Outcome>;

    /// Calls. Every host call goes to `recorder`; a raised `cancel` ends it soon.
    fn call(&self, invocation: Invocation, cancel: &Cancel, recorder: Arc<dyn Recorder>) -> Returned;
}
