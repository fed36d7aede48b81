//! A world for the sandbox: blobs and cache in memory, tools that pretend, a recorder that remembers.

#![allow(dead_code, reason = "every test file uses its own part of it")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lockgate_model::Json;
use lockgate_model::call::{Answer, Call};
use lockgate_model::grant::Grants;
use lockgate_model::host_call::{CallBody, HostCall, LogSource};
use lockgate_model::ids::{AttemptId, Digest};
use lockgate_model::outcome::{Outcome, Returned};
use lockgate_model::plan::Trust;
use lockgate_model::time::Timestamp;
use lockgate_ports::egress::{EgressError, EgressRequest, EgressResponse, OnContact, Proxy};
use lockgate_ports::sandbox::WorkspaceAccess;
use lockgate_ports::secrets::{Secret, SecretError, SecretValue};
use lockgate_ports::tools::{Changes, Completion, Ending, OutputSink};
use lockgate_ports::trees::{Leaf, Question, Sight};
use lockgate_ports::{
    BlobError, Blobs, Cache, Cancel, Clock, Egress, Gate, Invocation, Recorder, Sandbox, Secrets, ToolAction,
    ToolError, Tools, Trees, WorkspaceError, WorkspaceFolder,
};
use lockgate_sandbox::{Settings, WasmSandbox};

/// Blobs in memory.
#[derive(Default)]
pub(crate) struct MemoryBlobs(Mutex<BTreeMap<Digest, Vec<u8>>>);

impl Blobs for MemoryBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let digest = Digest::of(bytes);
        self.0.lock().unwrap().insert(digest, bytes.to_vec());
        Ok(digest)
    }

    fn put_file(&self, path: &Path, max_bytes: u64) -> Result<(Digest, u64), BlobError> {
        let io = |source| BlobError::Io { action: format!("read {}", path.display()), source };
        let bytes = std::fs::read(path).map_err(io)?;
        let size_bytes = bytes.len() as u64;
        assert!(size_bytes <= max_bytes);
        Ok((self.put(&bytes)?, size_bytes))
    }

    fn get(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>, BlobError> {
        let bytes = self.0.lock().unwrap().get(digest).cloned().ok_or(BlobError::Missing(*digest))?;
        let size_bytes = bytes.len() as u64;
        if size_bytes > max_bytes {
            return Err(BlobError::TooLarge { digest: *digest, size_bytes, max_bytes });
        }
        Ok(bytes)
    }

    fn copy_to(&self, digest: &Digest, path: &Path) -> Result<u64, BlobError> {
        let bytes = self.get(digest, u64::MAX)?;
        let io = |source| BlobError::Io { action: format!("write {}", path.display()), source };
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(io)?;
        std::io::Write::write_all(&mut file, &bytes).map_err(io)?;
        Ok(bytes.len() as u64)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.0.lock().unwrap().contains_key(digest)
    }
}

/// A cache in memory.
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

/// The time of this machine.
pub(crate) struct RealClock(Instant);

impl RealClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that tests inject")]
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for RealClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that tests inject")]
    fn now(&self) -> Timestamp {
        Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
    }

    fn monotonic_us(&self) -> u64 {
        self.0.elapsed().as_micros() as u64
    }
}

/// Tools that pretend: `say` repeats its arguments and environment, `wait` waits for its cancellation, `flood` never
/// stops writing, `break` is a host that fails.
pub(crate) struct FakeTools;

impl Tools for FakeTools {
    fn names(&self) -> Vec<lockgate_model::ids::ToolName> {
        ["say", "wait", "flood", "break"].map(|name| name.parse().unwrap()).to_vec()
    }

    fn run(&self, action: ToolAction, output: Arc<dyn OutputSink>, cancel: &Cancel) -> Result<Completion, ToolError> {
        let shown =
            |(name, value): (&String, &SecretValue)| format!(" {name}={}", String::from_utf8_lossy(value.expose()));
        let secrets: String = action.secret_env.iter().map(shown).collect();
        let stdout = format!("{} {:?}{secrets}", action.argv[1..].join(" "), action.env);
        match action.argv[0].as_str() {
            "say" => {
                output.write(false, b"first li");
                output.write(false, b"ne\nsecond");
                output.write(true, b"a warning\n");
                Ok(completion(Ending::Exited(0), stdout))
            }
            "wait" => {
                assert!(cancel.wait(std::time::Duration::from_secs(60)), "somebody cancels");
                Ok(completion(Ending::Cancelled, stdout))
            }
            "flood" => {
                (0..20).for_each(|_| output.write(false, &[b'x'; 1024 * 1024]));
                Ok(completion(Ending::Exited(0), stdout))
            }
            _ => Err(ToolError::Faulted("the tool's sandbox broke".to_owned())),
        }
    }

    fn apply(&self, _: &Changes, _: &dyn WorkspaceFolder) -> Result<(), ToolError> {
        Ok(())
    }
}

fn completion(ending: Ending, stdout: String) -> Completion {
    let (stdout, stderr) = (stdout.into_bytes(), Vec::new());
    Completion {
        ending,
        stdout,
        stderr,
        truncated: false,
        wall_ms: 1.0,
        cpu_ms: 1.0,
        max_rss_bytes: 1,
        cached_from: None,
        changes: Some(Changes::default()),
        key: Vec::new(),
    }
}

/// What the one secret `token` is worth; it is bound to `api.example`.
pub(crate) const SECRET: &str = "hunter2-is-a-value";

/// A store with one secret.
pub(crate) struct OneSecret;

/// Secrets that were fetched.
pub(crate) static FETCHED: AtomicUsize = AtomicUsize::new(0);

impl Secrets for OneSecret {
    fn get(&self, name: &str) -> Result<Secret, SecretError> {
        FETCHED.fetch_add(1, Ordering::SeqCst);
        if name != "token" {
            return Err(SecretError::Unknown(format!("there is no `{name}`")));
        }
        let hosts = vec!["api.example".to_owned()];
        Ok(Secret { value: SecretValue::new(SECRET.as_bytes().to_vec()), hosts })
    }
}

/// A network where every host answers with what it was sent, headers first.
pub(crate) struct Echo;

/// Requests that reached the network.
pub(crate) static SENT: AtomicUsize = AtomicUsize::new(0);

impl Egress for Echo {
    fn send(&self, request: EgressRequest, _: &Cancel) -> Result<EgressResponse, EgressError> {
        SENT.fetch_add(1, Ordering::SeqCst);
        let header = |(name, value): &(String, Vec<u8>)| format!("{name}: {}\n", String::from_utf8_lossy(value));
        let mut body: Vec<u8> = request.headers.iter().map(header).collect::<String>().into_bytes();
        body.extend(&request.body);
        Ok(EgressResponse { status: 200, headers: request.headers, body, peer: None })
    }

    fn proxy(
        &self,
        _: std::net::TcpListener,
        _: Vec<lockgate_model::grant::HttpRule>,
        _: OnContact,
    ) -> std::io::Result<Box<dyn Proxy>> {
        Err(std::io::Error::other("nobody asks"))
    }
}

/// The trees of folders on disk, by the digest of their path: enough for questions about files, folders and listings.
pub(crate) struct FoldersAsTrees;

/// The tree of a folder.
pub(crate) fn tree_of(folder: &Path) -> Digest {
    let digest = Digest::of(folder.to_str().unwrap().as_bytes());
    TREES.lock().unwrap().insert(digest, folder.to_owned());
    digest
}

static TREES: Mutex<BTreeMap<Digest, PathBuf>> = Mutex::new(BTreeMap::new());

impl Trees for FoldersAsTrees {
    fn look(&self, root: &Digest, questions: &[Question]) -> Result<Vec<Sight>, WorkspaceError> {
        let root = TREES.lock().unwrap().get(root).cloned();
        let root = root.ok_or_else(|| WorkspaceError::Invalid("no such tree".to_owned()))?;
        Ok(questions.iter().map(|question| sight(&root, question)).collect())
    }

    fn walk(&self, _: &Digest, _: &mut dyn FnMut(&str, Leaf) -> bool) -> Result<(), WorkspaceError> {
        unreachable!("tools walk, and these pretend")
    }
}

fn sight(root: &Path, question: &Question) -> Sight {
    let (Question::Look { path, .. } | Question::Read(path) | Question::List(path) | Question::Link(path)) = question;
    let path = root.join(path);
    match (question, path.metadata()) {
        (_, Err(_)) => Sight::Missing,
        (Question::Look { .. }, Ok(found)) if found.is_dir() => Sight::Folder,
        (Question::Look { .. }, Ok(found)) => Sight::File(found.len()),
        (Question::Read(_), Ok(_)) => Sight::Content(Digest::of(&std::fs::read(path).unwrap())),
        _ => {
            let mut names: Vec<_> = path.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            Sight::Content(Digest::of(format!("{names:?}").as_bytes()))
        }
    }
}

/// Remembers the first calls, counts all.
#[derive(Default)]
pub(crate) struct Memory {
    calls: Mutex<(usize, Vec<HostCall>)>,
}

impl Recorder for Memory {
    fn record(&self, call: HostCall) {
        let mut calls = self.calls.lock().unwrap();
        calls.0 += 1;
        let is_kept = match &call.body {
            CallBody::Line(line) => line.source != LogSource::Log || calls.1.len() < 1_000,
            CallBody::Function(call) => call.function == "(own)" || calls.1.len() < 1_000,
            CallBody::Progress { .. } => calls.1.len() < 1_000,
        };
        if is_kept {
            calls.1.push(call);
        }
    }

    fn finish(&self) -> Option<Vec<u8>> {
        None
    }
}

impl Memory {
    pub(crate) fn calls(&self) -> Vec<HostCall> {
        self.calls.lock().unwrap().1.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().0
    }

    /// How many of the records are sums of calls.
    pub(crate) fn sums(&self) -> u64 {
        let is_sum = |call: &HostCall| matches!(&call.body, CallBody::Function(call) if call.function == "(own)");
        self.calls().iter().filter(|call| is_sum(call)).count() as u64
    }

    /// The lines of one source.
    pub(crate) fn lines(&self, source: LogSource) -> Vec<String> {
        let line = |call: HostCall| match call.body {
            CallBody::Line(line) if line.source == source => Some(line.message),
            _ => None,
        };
        self.calls().into_iter().filter_map(line).collect()
    }
}

/// A sandbox and what it stands on.
pub(crate) struct World {
    pub(crate) sandbox: Arc<WasmSandbox>,
    pub(crate) blobs: Arc<MemoryBlobs>,
    pub(crate) cache: Arc<MemoryCache>,
    pub(crate) compiled_folder: PathBuf,
}

impl World {
    /// A world with so many permits; compiled code lies in `compiled_folder`.
    pub(crate) fn new(permits: usize, compiled_folder: PathBuf) -> Self {
        let (blobs, cache) = (Arc::new(MemoryBlobs::default()), Arc::new(MemoryCache::default()));
        let settings = Settings {
            blobs: blobs.clone(),
            tools: Arc::new(FakeTools),
            egress: Arc::new(Echo),
            secrets: Arc::new(OneSecret),
            trees: Arc::new(FoldersAsTrees),
            cache: Some(cache.clone()),
            clock: RealClock::start(),
            compiled_folder: compiled_folder.clone(),
            permits,
            instances_max: 8,
        };
        let sandbox = WasmSandbox::new(settings).expect("a sandbox");
        Self { sandbox, blobs, cache, compiled_folder }
    }

    /// Puts a guest into the blobs.
    pub(crate) fn guest(&self, name: &str) -> Digest {
        self.blobs.put(&guest(name)).expect("kept")
    }

    /// Calls a guest that needs nothing but its input.
    pub(crate) fn call(&self, guest: &str, call: Call) -> (Returned, Arc<Memory>) {
        self.invoke(self.invocation(guest, call))
    }

    /// An invocation that grants nothing.
    pub(crate) fn invocation(&self, guest: &str, call: Call) -> Invocation {
        Invocation {
            component: self.guest(guest),
            call,
            attempt: attempt(1),
            grants: Grants::default(),
            env: BTreeMap::from([("OF_STEP".to_owned(), "value".to_owned())]),
            workspace: None,
            time_ms: 60_000,
            idempotency_key: "key".to_owned(),
            run_url: None,
            grants_place: "pipeline.yaml:7".to_owned(),
            trust: Trust::Trusted,
            gate: Gate::open(),
            answers: None,
        }
    }

    pub(crate) fn invoke(&self, invocation: Invocation) -> (Returned, Arc<Memory>) {
        let recorder = Arc::new(Memory::default());
        let returned = self.sandbox.call(invocation, &Cancel::default(), recorder.clone());
        (returned, recorder)
    }
}

/// The world that most tests share.
pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::new(2, Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")))
}

/// An attempt.
pub(crate) fn attempt(number: u32) -> AttemptId {
    let (run, job, step) = ("0000000000".parse(), "job".parse(), "step".parse());
    AttemptId { run: run.unwrap(), job: job.unwrap(), step: step.unwrap(), number }
}

/// A workspace that may be changed.
pub(crate) fn workspace(path: &Path) -> WorkspaceAccess {
    WorkspaceAccess { folder: Arc::new(path.to_owned()), writable: true, scratch: Vec::new(), tree: None }
}

/// A call of a gate.
pub(crate) fn gate(config: Json) -> Call {
    Call::QualityGate { config, evidence: Vec::new(), baseline: Vec::new() }
}

/// The reasons of a verdict, in their order.
pub(crate) fn reasons(returned: &Returned) -> Vec<String> {
    match &returned.outcome {
        Outcome::Answered(Answer::Verdict(verdict)) => {
            verdict.reasons.iter().map(|reason| reason.message.clone()).collect()
        }
        other => panic!("no verdict but {other:?}"),
    }
}

/// A guest of `tests/guests`, built by `cargo xtask guests`.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    // This test runs from `<target>/<profile>/deps`, wherever the target folder is.
    let program = std::env::current_exe().unwrap();
    let built = || program.ancestors().nth(3).unwrap_or(Path::new("/")).join("guest/wasm32-wasip2/guest");
    let folder = std::env::var_os("LOCKGATE_GUESTS").map_or_else(built, PathBuf::from);
    let path = folder.join(format!("lockgate_guest_{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run cargo xtask guests", path.display()))
}
