//! Native tools, in a sandbox of the operating system.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lockgate_model::grant::Grants;
use lockgate_model::ids::{AttemptId, ToolName};

use crate::Cancel;
use crate::sandbox::ScratchAccess;

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
    pub workspace: PathBuf,
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
    /// What the step is granted; hosts decide over the network.
    pub grants: Grants,
    /// Named in cache entries.
    pub attempt: AttemptId,
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
}

/// Why a command did not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
}

/// Runs native commands.
pub trait Tools: Send + Sync {
    /// The tools that may be granted.
    fn names(&self) -> Vec<ToolName>;

    /// Runs a command to its end; blocks. When it returns, no process of it is left.
    ///
    /// # Errors
    /// When it did not run.
    fn run(
        &self,
        action: ToolAction,
        output: std::sync::Arc<dyn OutputSink>,
        cancel: &Cancel,
    ) -> Result<Completion, ToolError>;
}
