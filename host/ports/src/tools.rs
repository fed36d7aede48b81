//! Native tools, in a sandbox of the operating system.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_model::grant::Grants;
use lockgate_model::ids::{AttemptId, Digest, ToolName};
use lockgate_model::plan::Trust;

use crate::egress::Contact;
use crate::sandbox::ScratchAccess;
use crate::secrets::SecretValue;
use crate::workspaces::WorkspaceFolder;
use crate::{Cancel, Gate};

/// A native command and all that it may see.
#[derive(Debug, Clone)]
pub struct ToolAction {
    /// The tool and its arguments; `argv[0]` is the tool's name.
    pub argv: Vec<String>,
    /// Tools that the step was granted: the children of the command may use them too.
    pub tools: Vec<ToolName>,
    /// Relative to the workspace.
    pub cwd: Option<String>,
    /// On top of the tool's own environment; nothing else is inherited.
    pub env: BTreeMap<String, String>,
    /// The job's workspace.
    pub workspace: Arc<dyn WorkspaceFolder>,
    /// Globs of the workspace files that it sees.
    pub inputs: Vec<String>,
    /// Globs of the files that become the step's changes; scratch is searched too.
    pub outputs: Vec<String>,
    /// Scratch folders.
    pub scratch: Vec<ScratchAccess>,
    /// Its standard input.
    pub stdin: Vec<u8>,
    /// A workspace file that takes the whole of standard output.
    pub stdout_to: Option<String>,
    /// Wall time.
    pub time_ms: u64,
    /// What the step is granted: files that it sees and changes, hosts that it reaches.
    pub grants: Grants,
    /// Variables that hold secrets. A command with one of them is never remembered.
    pub secret_env: BTreeMap<String, SecretValue>,
    /// A command that must really run waits here.
    pub gate: Gate,
    /// Named in cache entries.
    pub attempt: AttemptId,
    /// Whose work it is.
    pub trust: Trust,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// With this code.
    Exited(u8),
    /// By this signal.
    Signalled(u8),
    /// Its time was up; the whole tree was killed.
    TimedOut,
    /// It was cancelled; the whole tree was killed.
    Cancelled,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Completion {
    /// How it ended.
    pub ending: Ending,
    /// At most `COMMAND_OUTPUT_BYTES_MAX`.
    pub stdout: Vec<u8>,
    /// At most `COMMAND_OUTPUT_BYTES_MAX`.
    pub stderr: Vec<u8>,
    /// Whether one of them was cut.
    pub truncated: bool,
    /// Wall time.
    pub wall_ms: f64,
    /// User and system time of the whole tree.
    pub cpu_ms: f64,
    /// The largest resident set.
    pub max_rss_bytes: u64,
    /// The attempt that it was copied from, where it came from the cache.
    #[serde(default)]
    pub cached_from: Option<AttemptId>,
    /// What it changed in the workspace; none where that was too much to keep.
    #[serde(default)]
    pub changes: Option<Changes>,
    /// What its result depends on, for people who ask why it was or was not known before.
    #[serde(default)]
    pub key: Vec<KeyPart>,
}

/// What a command changed in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Changes {
    /// New and changed files, links and folders, a folder before what is in it.
    pub placed: Vec<Placed>,
    /// Paths that are gone, what is in a folder before the folder.
    pub removed: Vec<String>,
}

/// A file, link or folder that a command left.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Placed {
    /// Relative to the workspace.
    pub path: String,
    /// What it is.
    pub what: PlacedKind,
}

/// What a command left.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum PlacedKind {
    /// A regular file.
    File {
        /// Of its bytes, which are kept as a blob.
        digest: Digest,
        /// How many.
        size_bytes: u64,
        /// Whether its owner may execute it.
        is_executable: bool,
        /// When it was written: seconds since the Unix epoch, and nanoseconds.
        modified: (i64, u32),
    },
    /// A folder.
    Folder,
    /// A symbolic link.
    Link {
        /// As it was written.
        target: String,
    },
}

/// One thing that a result depends on: `argv`, `tool cargo`, `input files` ... and its value or digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct KeyPart {
    /// What.
    pub name: String,
    /// Its value while short, else its digest.
    pub value: String,
}

/// Why a command did not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum ToolError {
    /// Something in it is not granted, or leaves the workspace.
    #[error("{0}")]
    Denied(String),
    /// The host does not know the tool, or it is not installed.
    #[error("{0}")]
    NotFound(String),
    /// The host cannot run it in a sandbox; says how to mend that.
    #[error("{0}")]
    Unavailable(String),
    /// The host failed.
    #[error("{0}")]
    Faulted(String),
}

/// Gets a command's output as it comes. Called from threads of the tools.
pub trait OutputSink: Send + Sync {
    /// A piece of standard output (or of standard error, when `is_stderr`), cut anywhere.
    fn write(&self, is_stderr: bool, bytes: &[u8]);

    /// What it contacted over the network, or tried to.
    fn contacted(&self, contact: Contact);
}

/// Runs native commands.
pub trait Tools: Send + Sync {
    /// The tools that may be granted.
    fn names(&self) -> Vec<ToolName>;

    /// Runs a command to its end; blocks. When it returns, no process of it is left.
    ///
    /// # Errors
    /// When it did not run.
    fn run(&self, action: ToolAction, output: Arc<dyn OutputSink>, cancel: &Cancel) -> Result<Completion, ToolError>;

    /// Carries what a command changed into a workspace, without running it.
    ///
    /// # Errors
    /// When a blob is missing or the workspace cannot be written.
    fn apply(&self, changes: &Changes, workspace: &dyn WorkspaceFolder) -> Result<(), ToolError>;
}
