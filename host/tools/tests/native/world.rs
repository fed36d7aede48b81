//! A workspace, a stage folder and tools on memory-backed ports.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use lockgate_model::grant::Grants;
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_model::plan::Trust;
use lockgate_model::time::Timestamp;
use lockgate_ports::egress::Contact;
use lockgate_ports::sandbox::ScratchAccess;
use lockgate_ports::tools::{Completion, Ending, OutputSink};
use lockgate_ports::trees::NoTrees;
use lockgate_ports::{BlobError, Blobs, Cache, Cancel, Clock, Egress, Gate, ToolAction, ToolError, Tools};
use lockgate_tools::{Limits, NativeTools, Settings, ToolDefinition};
use tempfile::TempDir;

use crate::egress::TinyEgress;

pub(crate) struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic_us(&self) -> u64 {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1000).unwrap()
    }
}

#[derive(Default)]
pub(crate) struct MemoryCache(pub(crate) Mutex<BTreeMap<(String, Digest), Vec<u8>>>);

impl Cache for MemoryCache {
    fn get(&self, namespace: &str, key: &Digest) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(&(namespace.to_owned(), *key)).cloned()
    }

    fn put(&self, namespace: &str, key: &Digest, value: Vec<u8>) {
        self.0.lock().unwrap().insert((namespace.to_owned(), *key), value);
    }
}

#[derive(Default)]
pub(crate) struct MemoryBlobs(pub(crate) Mutex<BTreeMap<Digest, Vec<u8>>>);

impl Blobs for MemoryBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        self.0.lock().unwrap().insert(Digest::of(bytes), bytes.to_owned());
        Ok(Digest::of(bytes))
    }

    fn put_file(&self, path: &Path, _max_bytes: u64) -> Result<(Digest, u64), BlobError> {
        let bytes = std::fs::read(path).unwrap();
        Ok((self.put(&bytes)?, bytes.len() as u64))
    }

    fn get(&self, digest: &Digest, _max_bytes: u64) -> Result<Vec<u8>, BlobError> {
        self.0.lock().unwrap().get(digest).cloned().ok_or(BlobError::Missing(*digest))
    }

    fn copy_to(&self, digest: &Digest, path: &Path) -> Result<u64, BlobError> {
        let bytes = self.get(digest, u64::MAX)?;
        assert!(!path.exists(), "the file must not exist yet");
        std::fs::write(path, &bytes).unwrap();
        Ok(bytes.len() as u64)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.0.lock().unwrap().contains_key(digest)
    }
}

/// Keeps both streams, and can raise a cancellation once something is said.
#[derive(Default)]
pub(crate) struct Sink {
    pub(crate) stdout: Mutex<Vec<u8>>,
    pub(crate) stderr: Mutex<Vec<u8>>,
    pub(crate) contacts: Mutex<Vec<Contact>>,
    pub(crate) cancel: Option<Cancel>,
}

impl OutputSink for Sink {
    fn write(&self, is_stderr: bool, bytes: &[u8]) {
        let stream = if is_stderr { &self.stderr } else { &self.stdout };
        stream.lock().unwrap().extend_from_slice(bytes);
        if let Some(cancel) = &self.cancel {
            cancel.raise(lockgate_ports::cancel::StopReason::Cancelled);
        }
    }

    fn contacted(&self, contact: Contact) {
        self.contacts.lock().unwrap().push(contact);
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) tools: NativeTools,
    pub(crate) cache: Arc<MemoryCache>,
    pub(crate) blobs: Arc<MemoryBlobs>,
    pub(crate) egress: Arc<TinyEgress>,
}

/// A world with bubblewrap, or none; says why.
pub(crate) fn world() -> Option<World> {
    let world = World::with(None, BTreeMap::new());
    let broken: Vec<_> = world.tools.diagnose().into_iter().filter(|check| !check.ok).collect();
    if broken.is_empty() {
        return Some(world);
    }
    assert!(std::env::var_os("CI").is_none(), "native tools cannot be tested here: {broken:?}");
    eprintln!("SKIPPED: native tools cannot be tested here: {broken:?}");
    None
}

impl World {
    pub(crate) fn with(bwrap: Option<PathBuf>, definitions: BTreeMap<&str, ToolDefinition>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("workspace")).unwrap();
        let (cache, blobs) = (Arc::new(MemoryCache::default()), Arc::new(MemoryBlobs::default()));
        let egress = Arc::new(TinyEgress::default());
        let definitions = definitions.into_iter().map(|(name, one)| (name.parse().unwrap(), one)).collect();
        let tools = NativeTools::new(Settings {
            definitions,
            bwrap,
            cache: Some(cache.clone()),
            blobs: blobs.clone(),
            egress: egress.clone(),
            trees: Arc::new(NoTrees),
            clock: Arc::new(MachineClock),
            stage_folder: folder.path().join("stages"),
            parallel_max: 2,
        });
        Self { folder, tools, cache, blobs, egress }
    }

    /// The same world on another network.
    pub(crate) fn with_egress(self, egress: Arc<dyn Egress>) -> Self {
        let tools = NativeTools::new(Settings {
            definitions: BTreeMap::new(),
            bwrap: None,
            cache: None,
            blobs: self.blobs.clone(),
            egress,
            trees: Arc::new(NoTrees),
            clock: Arc::new(MachineClock),
            stage_folder: self.folder.path().join("stages"),
            parallel_max: 2,
        });
        Self { tools, ..self }
    }

    pub(crate) fn limited(self, limits: Limits) -> Self {
        Self { tools: self.tools.with_limits(limits), ..self }
    }

    /// A path in the workspace.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("workspace").join(path)
    }

    /// Writes a workspace file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::fs::write(self.path(path), text).unwrap();
    }

    /// Writes a workspace file that can be executed.
    pub(crate) fn write_program(&self, path: &str, text: &str) {
        self.write(path, text);
        std::fs::set_permissions(self.path(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Reads a workspace file.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    /// A scratch folder of this name.
    pub(crate) fn scratch(&self, name: &str) -> ScratchAccess {
        let path = self.folder.path().join("scratch").join(name);
        std::fs::create_dir_all(&path).unwrap();
        let was_empty = std::fs::read_dir(&path).unwrap().next().is_none();
        ScratchAccess { name: name.to_owned(), path, was_empty }
    }

    pub(crate) fn run(&self, action: ToolAction) -> Result<Completion, ToolError> {
        self.tools.run(action, Arc::new(Sink::default()), &Cancel::default())
    }

    /// Runs a script; all files in, all files out.
    pub(crate) fn sh(&self, script: &str) -> Completion {
        self.run(self.script(script)).unwrap()
    }

    /// The words that a script prints; it must end well.
    pub(crate) fn said(&self, script: &str) -> String {
        let done = self.sh(script);
        assert_eq!(done.ending, Ending::Exited(0), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    pub(crate) fn script(&self, script: &str) -> ToolAction {
        self.action(&["sh", "-c", script])
    }

    pub(crate) fn action(&self, argv: &[&str]) -> ToolAction {
        ToolAction {
            argv: argv.iter().map(ToString::to_string).collect(),
            tools: vec![argv[0].parse().unwrap()],
            cwd: None,
            env: BTreeMap::new(),
            workspace: Arc::new(self.path("")),
            inputs: vec!["**".to_owned()],
            outputs: vec!["**".to_owned()],
            scratch: Vec::new(),
            stdin: Vec::new(),
            stdout_to: None,
            time_ms: 60_000,
            grants: Grants::default(),
            secret_env: BTreeMap::new(),
            gate: Gate::open(),
            attempt: attempt(1),
            trust: Trust::Trusted,
        }
    }

    /// No stage is left behind.
    pub(crate) fn stages(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("stages")).unwrap().count()
    }
}

pub(crate) fn attempt(number: u32) -> AttemptId {
    AttemptId {
        run: "0123456789abcd".parse().unwrap(),
        job: "job".parse().unwrap(),
        step: "step".parse().unwrap(),
        number,
    }
}
