//! Natively the host is what a test has installed on its thread (`testing::Host`). Without one, logs go nowhere and
//! whatever would act says that there is no host.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::Artifact;
use crate::artifacts::ArtifactError;
use crate::exec::{Command, Completion, ExecError};
use crate::http::{HttpError, Request, Response};
use crate::log::Level;
use crate::secrets::SecretError;
use crate::testing::LogLine;

const NO_HOST: &str = "there is no host on this thread: a test installs one with lockgate_sdk::testing::Host::new()";

/// Answers a test's commands.
pub(crate) type Tool = Box<dyn FnMut(&Command) -> Result<Completion, ExecError>>;

/// Answers a test's requests.
pub(crate) type Network = Box<dyn FnMut(&Request) -> Result<Response, HttpError>>;

/// All that a test's host knows and remembers.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) workspace: PathBuf,
    pub(crate) lines: Vec<LogLine>,
    pub(crate) progress: Vec<(String, u64, Option<u64>)>,
    pub(crate) commands: Vec<Command>,
    pub(crate) tool: Option<Tool>,
    pub(crate) requests: Vec<Request>,
    pub(crate) network: Option<Network>,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) published: Vec<Artifact>,
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) attempt: u32,
    pub(crate) idempotency_key: String,
    pub(crate) run_url: Option<String>,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Puts a host on this thread; a former one is gone.
pub(crate) fn install(world: World) {
    WORLD.set(Some(world));
}

/// Takes the host off this thread.
pub(crate) fn uninstall() {
    WORLD.set(None);
}

impl World {
    /// Does something with this thread's host, if there is one.
    pub(crate) fn with<T>(act: impl FnOnce(&mut Self) -> T) -> Option<T> {
        WORLD.with_borrow_mut(|world| world.as_mut().map(act))
    }

    fn path_of(&self, path: &str) -> Result<PathBuf, ArtifactError> {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if inside { Ok(self.workspace.join(path)) } else { Err(ArtifactError::Denied(format!("`{path}`"))) }
    }

    /// Keeps bytes under their digest.
    pub(crate) fn keep(&mut self, bytes: Vec<u8>) -> String {
        let digest = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
        self.blobs.insert(digest.clone(), bytes);
        digest
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn log_write(level: Level, message: &str, fields: &[(String, String)]) {
    let line = LogLine { level, message: message.to_owned(), fields: fields.to_vec() };
    World::with(|world| world.lines.push(line));
}

pub(crate) fn log_progress(message: &str, done: u64, total: Option<u64>) {
    World::with(|world| world.progress.push((message.to_owned(), done, total)));
}

pub(crate) fn attempt() -> u32 {
    World::with(|world| world.attempt).unwrap_or(1)
}

pub(crate) fn idempotency_key() -> String {
    World::with(|world| world.idempotency_key.clone()).unwrap_or_default()
}

pub(crate) fn platform() -> String {
    "linux/amd64".to_owned()
}

pub(crate) fn run_url() -> Option<String> {
    World::with(|world| world.run_url.clone()).flatten()
}

/// The test's tool is taken out while it runs, so that it may itself look at the host.
pub(crate) fn exec(command: &Command) -> Result<Completion, ExecError> {
    let tool = World::with(|world| {
        world.commands.push(command.clone());
        world.tool.take()
    });
    let mut tool = tool
        .ok_or_else(|| ExecError::Unavailable(NO_HOST.to_owned()))?
        .ok_or_else(|| ExecError::Denied(format!("exec: {} (the test has no on_exec)", command.argv.join(" "))))?;
    let answer = tool(command);
    World::with(|world| world.tool = Some(tool));
    answer
}

/// The test's network is taken out meanwhile, as its tool is.
pub(crate) fn send(request: &Request) -> Result<Response, HttpError> {
    let network = World::with(|world| {
        world.requests.push(request.clone());
        world.network.take()
    });
    let mut network = network
        .ok_or_else(|| HttpError(NO_HOST.to_owned()))?
        .ok_or_else(|| HttpError(format!("http: {} (the test has no on_request)", request.url)))?;
    let answer = network(request);
    World::with(|world| world.network = Some(network));
    answer
}

pub(crate) fn placeholder(name: &str) -> Result<String, SecretError> {
    World::with(|world| world.secrets.get(name).cloned()).flatten().ok_or_else(|| SecretError::Denied(name.to_owned()))
}

pub(crate) fn publish(name: &str, path: &str, media_type: &str) -> Result<Artifact, ArtifactError> {
    World::with(|world| {
        let bytes = fs::read(world.path_of(path)?).map_err(|_| ArtifactError::Missing(path.to_owned()))?;
        let size_bytes = bytes.len() as u64;
        let artifact = Artifact {
            name: name.to_owned(),
            digest: world.keep(bytes),
            media_type: media_type.to_owned(),
            size_bytes,
            annotations: Vec::new(),
        };
        world.published.push(artifact.clone());
        Ok(artifact)
    })
    .unwrap_or_else(|| Err(ArtifactError::Denied(NO_HOST.to_owned())))
}

pub(crate) fn fetch(digest: &str, path: &str) -> Result<(), ArtifactError> {
    World::with(|world| {
        let bytes = world.blobs.get(digest).ok_or_else(|| ArtifactError::Missing(digest.to_owned()))?;
        let path = world.path_of(path)?;
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        written.map_err(|error| ArtifactError::Denied(error.to_string()))
    })
    .unwrap_or_else(|| Err(ArtifactError::Denied(NO_HOST.to_owned())))
}

pub(crate) fn workspace() -> PathBuf {
    World::with(|world| world.workspace.clone()).unwrap_or_else(|| PathBuf::from("/workspace"))
}
