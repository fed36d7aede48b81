//! A host for native tests: a folder as workspace, scripted tools, and a memory of all that the plugin did.
//!
//! ```
//! use lockgate_sdk::exec::Command;
//! use lockgate_sdk::testing::{Host, exited};
//!
//! let host = Host::new().unwrap();
//! host.write("src/lib.rs", "fn main() {}").unwrap();
//! host.on_exec(|command| Ok(exited(0, &command.argv.join(" "))));
//!
//! let completion = Command::tool("cargo").arg("build").run().unwrap();
//! assert_eq!(completion.stdout_text(), "cargo build");
//! assert_eq!(host.commands().len(), 1);
//! ```

use std::path::{Path, PathBuf};
use std::{fs, io};

use tempfile::TempDir;

use crate::Artifact;
use crate::exec::{Command, Completion, Ending, ExecError};
use crate::host::{self, World};
use crate::http::{HttpError, Request, Response};
use crate::log::Level;

pub use crate::call;

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How loud.
    pub level: Level,
    /// The words.
    pub message: String,
    /// Structure beside them.
    pub fields: Vec<(String, String)>,
}

/// The host of this thread, until it is dropped.
#[derive(Debug)]
pub struct Host {
    workspace: TempDir,
}

impl Host {
    /// Installs a host with an empty workspace on this thread; a former one is replaced.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn new() -> io::Result<Self> {
        let workspace = TempDir::new()?;
        host::install(World { workspace: workspace.path().to_owned(), attempt: 1, ..World::default() });
        Ok(Self { workspace })
    }

    /// The workspace's folder.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        self.workspace.path()
    }

    /// Writes a file of the workspace, with the folders above it.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        let path = self.workspace.path().join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, content)?;
        Ok(path)
    }

    /// Reads a file of the workspace as text.
    ///
    /// # Errors
    /// The file system's, or bytes that are not UTF-8.
    pub fn read(&self, path: &str) -> io::Result<String> {
        fs::read_to_string(self.workspace.path().join(path))
    }

    /// Answers every command from now on; without it each is denied.
    pub fn on_exec(&self, tool: impl FnMut(&Command) -> Result<Completion, ExecError> + 'static) {
        World::with(|world| world.tool = Some(Box::new(tool)));
    }

    /// Answers every request from now on; without it each is denied.
    pub fn on_request(&self, network: impl FnMut(&Request) -> Result<Response, HttpError> + 'static) {
        World::with(|world| world.network = Some(Box::new(network)));
    }

    /// Every request that the plugin sent, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        World::with(|world| world.requests.clone()).unwrap_or_default()
    }

    /// Grants a secret: its placeholder.
    pub fn grant_secret(&self, name: &str, placeholder: &str) {
        World::with(|world| world.secrets.insert(name.to_owned(), placeholder.to_owned()));
    }

    /// Keeps bytes as an earlier step's artifact and returns their digest.
    #[must_use]
    pub fn keep(&self, bytes: impl Into<Vec<u8>>) -> String {
        World::with(|world| world.keep(bytes.into())).unwrap_or_default()
    }

    /// Sets what `context` answers: which try this is, and its idempotency key.
    pub fn set_attempt(&self, attempt: u32, idempotency_key: &str) {
        World::with(|world| {
            world.attempt = attempt;
            world.idempotency_key = idempotency_key.to_owned();
        });
    }

    /// Sets where people look at the run.
    pub fn set_run_url(&self, url: &str) {
        World::with(|world| world.run_url = Some(url.to_owned()));
    }

    /// Every command that the plugin wanted to run, in order.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        World::with(|world| world.commands.clone()).unwrap_or_default()
    }

    /// Every line that the plugin logged, in order.
    #[must_use]
    pub fn lines(&self) -> Vec<LogLine> {
        World::with(|world| world.lines.clone()).unwrap_or_default()
    }

    /// Every progress that the plugin told: words, units done, units in all.
    #[must_use]
    pub fn progress(&self) -> Vec<(String, u64, Option<u64>)> {
        World::with(|world| world.progress.clone()).unwrap_or_default()
    }

    /// Every artifact that the plugin published, in order.
    #[must_use]
    pub fn published(&self) -> Vec<Artifact> {
        World::with(|world| world.published.clone()).unwrap_or_default()
    }

    /// The bytes of an artifact.
    #[must_use]
    pub fn blob(&self, digest: &str) -> Option<Vec<u8>> {
        World::with(|world| world.blobs.get(digest).cloned()).flatten()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        host::uninstall();
    }
}

/// A completion with this code and this standard output, which took no time.
#[must_use]
pub fn exited(code: u8, stdout: &str) -> Completion {
    Completion {
        ending: Ending::Exited(code),
        stdout: stdout.as_bytes().to_vec(),
        stderr: Vec::new(),
        truncated: false,
        wall_ms: 0.0,
        cpu_ms: 0.0,
        max_rss_bytes: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Host, exited};
    use crate::artifacts::{self, ArtifactError};
    use crate::exec::{Command, ExecError};
    use crate::{context, log, secrets, workspace};

    #[test]
    fn commands_are_scripted_and_remembered() {
        let host = Host::new().unwrap();
        assert!(matches!(Command::tool("cargo").run(), Err(ExecError::Denied(_))));
        host.on_exec(|command| Ok(exited(u8::from(command.argv[1] != "build"), "")));
        assert!(Command::tool("cargo").arg("build").run().unwrap().success());
        assert_eq!(Command::tool("cargo").arg("test").run().unwrap().code(), Some(1));
        assert_eq!(host.commands().len(), 3);
    }

    #[test]
    fn artifacts_travel_through_the_workspace_and_not_beyond() {
        let host = Host::new().unwrap();
        host.write("out/app", "bytes").unwrap();
        let artifact = artifacts::publish("app", "out/app", "application/octet-stream").unwrap();
        artifacts::fetch(&artifact.digest, "again/app").unwrap();
        assert_eq!((host.read("again/app").unwrap().as_str(), artifact.size_bytes), ("bytes", 5));
        assert!(matches!(artifacts::fetch(&artifact.digest, "../app"), Err(ArtifactError::Denied(_))));
        assert!(matches!(artifacts::publish("x", "none", "text/plain"), Err(ArtifactError::Missing(_))));
    }

    #[test]
    fn what_a_plugin_says_is_remembered_in_order() {
        let host = Host::new().unwrap();
        log::info("one");
        log::write(log::Level::Warn, "two", &[("file", "a.rs")]);
        log::progress("files", 1, Some(2));
        let messages: Vec<_> = host.lines().into_iter().map(|line| line.message).collect();
        assert_eq!(messages, ["one", "two"]);
        assert_eq!(host.progress(), [("files".to_owned(), 1, Some(2))]);
    }

    #[test]
    fn a_host_is_gone_when_it_is_dropped() {
        let host = Host::new().unwrap();
        host.grant_secret("token", "placeholder-1");
        host.set_attempt(2, "key");
        assert_eq!(secrets::placeholder("token").unwrap(), "placeholder-1");
        assert_eq!((context::attempt(), context::idempotency_key().as_str()), (2, "key"));
        assert_eq!(workspace(), host.workspace());
        drop(host);
        assert!(secrets::placeholder("token").is_err());
        assert!(matches!(Command::tool("cargo").run(), Err(ExecError::Unavailable(_))));
    }
}
