//! Over random trees and random edits, a reader's kept answer is what it would answer now.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lockgate_model::call::Call;
use lockgate_model::grant::Grants;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, Digest, ToolName};
use lockgate_model::outcome::{Outcome, Returned};
use lockgate_model::plan::Trust;
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;
use lockgate_ports::egress::NoEgress;
use lockgate_ports::sandbox::WorkspaceAccess;
use lockgate_ports::secrets::NoSecrets;
use lockgate_ports::tools::{Changes, Completion, OutputSink};
use lockgate_ports::trees::{Leaf, Question, Sight};
use lockgate_ports::{
    Blobs as _, Cache, Cancel, Clock, Gate, Invocation, Recorder, Sandbox as _, ToolAction, ToolError, Tools, Trees,
    WorkspaceError, WorkspaceFolder, Workspaces as _,
};
use lockgate_sandbox::{Settings, WasmSandbox};
use lockgate_store::disk::{BlobFiles, WorkFolders};
use lockgate_store::sqlite::Database;
use lockgate_tests::guest;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

/// Trees that are grown and edited.
const CASES: u32 = 40;
/// Tries to make a failure smaller.
const SHRINKS: u32 = 200;
/// Edits of one tree.
const EDITS: usize = 16;
/// Walks over each tree.
const SEEDS: [u64; 4] = [1, 2, 3, 4];
/// Of a hundred walks, at least so many must have been known: a property of misses only would show nothing.
const HITS_PERCENT_MIN: u32 = 10;

/// Something that happens to a tree. Paths are few, so that edits meet what a walk asks.
#[derive(Debug, Clone)]
enum Edit {
    /// A file of this text, in place of whatever is there.
    File(String, String),
    /// Other bytes of the same length, in one of the files.
    Turn(usize),
    Link(String, String),
    Folder(String),
    Remove(String),
    Rename(String, String),
}

fn path() -> impl Strategy<Value = String> {
    "[a-d](/[a-d]){0,2}"
}

/// Texts are names as well: a walk goes where a file sends it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-d]", "[a-d]/[a-d]", "[a-d]{5}"]
}

fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "(\\.\\./){0,2}[a-d](/[a-d])?",
        2 => "[a-d](/\\.)?/",
        1 => Just(".".to_owned()),
        1 => Just("..".to_owned()),
        1 => Just("/workspace/a".to_owned()),
        1 => "(\\.\\./){3}[a-d]",
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (path(), text()).prop_map(|(path, text)| Edit::File(path, text)),
        4 => (0..100_usize).prop_map(Edit::Turn),
        3 => (path(), target()).prop_map(|(path, target)| Edit::Link(path, target)),
        1 => path().prop_map(Edit::Folder),
        2 => path().prop_map(Edit::Remove),
        1 => (path(), path()).prop_map(|(from, to)| Edit::Rename(from, to)),
    ]
}

/// Carries an edit out. What cannot be done is not done: that is an edit as well.
fn carry_out(root: &Path, edit: &Edit) {
    match edit {
        Edit::File(path, text) => drop(fs::write(cleared(root, path), text)),
        Edit::Turn(number) => {
            let files = files_below(root);
            if let Some(path) = files.get(number % files.len().max(1)) {
                let text = fs::read(path).expect("a file");
                let turned: Vec<u8> = text.iter().map(|byte| if *byte == b'a' { b'b' } else { b'a' }).collect();
                fs::write(path, turned).expect("a file");
            }
        }
        Edit::Link(path, target) => drop(symlink(target, cleared(root, path))),
        Edit::Folder(path) => drop(fs::create_dir(cleared(root, path))),
        Edit::Remove(path) => remove(&root.join(path)),
        Edit::Rename(from, to) => {
            if !to.starts_with(&format!("{from}/")) && from != to && fs::symlink_metadata(root.join(from)).is_ok() {
                drop(fs::rename(root.join(from), cleared(root, to)));
            }
        }
    }
}

/// A path where nothing is, with folders above it in place of files and links.
fn cleared(root: &Path, path: &str) -> PathBuf {
    let whole = root.join(path);
    let mut above = root.to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    for part in &parts[..parts.len() - 1] {
        above.push(part);
        if fs::symlink_metadata(&above).is_ok_and(|found| !found.is_dir()) {
            remove(&above);
        }
        drop(fs::create_dir(&above));
    }
    remove(&whole);
    whole
}

/// Regular files in order of name, links not followed.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    let below = entries.into_iter().flat_map(|entry| match entry.file_type().expect("a type") {
        kind if kind.is_dir() => files_below(&entry.path()),
        kind if kind.is_file() => vec![entry.path()],
        _ => Vec::new(),
    });
    below.collect()
}

/// Without following links on the way.
fn remove(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => drop(fs::remove_dir_all(path)),
        Ok(_) => drop(fs::remove_file(path)),
        Err(_) => {}
    }
}

pub(super) struct RealClock(Instant);

impl RealClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that the test injects")]
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for RealClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that the test injects")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

struct NoJournal;

impl Recorder for NoJournal {
    fn record(&self, _: HostCall) {}

    fn finish(&self) -> Option<Vec<u8>> {
        None
    }
}

struct NoTools;

impl Tools for NoTools {
    fn names(&self) -> Vec<ToolName> {
        Vec::new()
    }

    fn run(&self, _: ToolAction, _: Arc<dyn OutputSink>, _: &Cancel) -> Result<Completion, ToolError> {
        Err(ToolError::Faulted("a scanner runs nothing".to_owned()))
    }

    fn apply(&self, _: &Changes, _: &dyn WorkspaceFolder) -> Result<(), ToolError> {
        Ok(())
    }
}

/// Two sandboxes over the real store: one with its cache, one that knows nothing.
struct World {
    room: tempfile::TempDir,
    folders: Arc<WorkFolders>,
    component: Digest,
    knowing: Arc<WasmSandbox>,
    ignorant: Arc<WasmSandbox>,
}

/// Trees of one who does not look into files: answers by these are wrong sooner or later.
struct Careless(Arc<WorkFolders>);

impl Trees for Careless {
    fn look(&self, root: &Digest, questions: &[Question]) -> Result<Vec<Sight>, WorkspaceError> {
        let sights = self.0.look(root, questions)?;
        let careless = |(question, sight): (&Question, Sight)| match (question, sight) {
            (Question::Read(_), Sight::Content(_)) => Sight::Content(Digest::of(b"")),
            (_, sight) => sight,
        };
        Ok(questions.iter().zip(sights).map(careless).collect())
    }

    fn walk(&self, root: &Digest, visit: &mut dyn FnMut(&str, Leaf) -> bool) -> Result<(), WorkspaceError> {
        self.0.walk(root, visit)
    }
}

impl World {
    fn new(is_careless: bool) -> Self {
        let room = tempfile::tempdir().expect("a folder");
        let clock = RealClock::start();
        let blobs = BlobFiles::open(room.path()).expect("blobs");
        let folders = WorkFolders::open(room.path(), blobs.clone(), &[".lockgate"]).expect("folders");
        let database = Database::open(&room.path().join("state.db"), clock.clone()).expect("a database");
        let trees: Arc<dyn Trees> = if is_careless { Arc::new(Careless(folders.clone())) } else { folders.clone() };
        let sandbox = |cache: Option<Arc<dyn Cache>>| {
            let settings = Settings {
                blobs: blobs.clone(),
                tools: Arc::new(NoTools),
                egress: Arc::new(NoEgress),
                secrets: Arc::new(NoSecrets),
                trees: trees.clone(),
                cache,
                clock: clock.clone(),
                compiled_folder: room.path().join("compiled"),
                permits: 1,
                instances_max: 2,
            };
            WasmSandbox::new(settings).expect("a sandbox")
        };
        let component = guest(&format!("lockgate-guest-{}", "walker"));
        let component = blobs.put(&fs::read(component).expect("a guest")).expect("kept");
        let (knowing, ignorant) = (sandbox(Some(database)), sandbox(None));
        Self { room, folders, component, knowing, ignorant }
    }

    fn walk(&self, sandbox: &WasmSandbox, (tree, workspace): (&TreeRef, &Path), seed: u64) -> Returned {
        let files = self.folders.files(tree, &["a*".to_owned()]).expect("files");
        let files = files.into_iter().map(|file| file.path).collect();
        let invocation = Invocation {
            component: self.component,
            call: Call::Scanner { config: serde_json::json!({ "seed": seed }), files },
            attempt: attempt(),
            grants: Grants::default(),
            env: BTreeMap::new(),
            workspace: Some(WorkspaceAccess {
                folder: Arc::new(workspace.to_owned()),
                writable: false,
                tree: Some(tree.root),
                scratch: Vec::new(),
            }),
            time_ms: 60_000,
            idempotency_key: "key".to_owned(),
            run_url: None,
            grants_place: "pipeline.yaml:7".to_owned(),
            trust: Trust::Trusted,
            gate: Gate::open(),
            answers: None,
        };
        sandbox.call(invocation, &Cancel::default(), Arc::new(NoJournal))
    }

    /// Compares all walks over the tree of a folder; gives how many were known.
    fn check(&self, source: &Path) -> Result<u32, String> {
        let tree = self.folders.import(source).map_err(|error| format!("import: {error}"))?;
        let attempt = attempt();
        let workspace = self.folders.open(&attempt.run, &attempt.job, &tree).map_err(|error| error.to_string())?;
        let mut hits = 0;
        for seed in SEEDS {
            let known = self.walk(&self.knowing, (&tree, workspace.path()), seed);
            let fresh = self.walk(&self.ignorant, (&tree, workspace.path()), seed);
            if !matches!(fresh.outcome, Outcome::Answered(_)) {
                return Err(format!("walk {seed}: {:?}", fresh.outcome));
            }
            if known.outcome != fresh.outcome {
                return Err(format!("walk {seed} is kept as {:#?}\nand is now {:#?}", known.outcome, fresh.outcome));
            }
            hits += u32::from(known.cached_from.is_some());
        }
        Ok(hits)
    }
}

fn attempt() -> AttemptId {
    let (run, job, step) = ("0000000000".parse(), "job".parse(), "step".parse());
    AttemptId { run: run.expect("an id"), job: job.expect("a job"), step: step.expect("a step"), number: 1 }
}

type Edits = (Vec<Edit>, Vec<Edit>);

/// Grows trees and edits them; gives how many walks there were and how many of them were known.
fn compare(world: &World, cases: u32) -> Result<(u32, u32), TestError<Edits>> {
    let (walks, hits) = (AtomicU32::new(0), AtomicU32::new(0));
    let trees = (proptest::collection::vec(edit(), 0..20), proptest::collection::vec(edit(), 1..EDITS));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: SHRINKS, ..Config::default() };
    TestRunner::new(config).run(&trees, |(made, edits)| {
        let source = tempfile::tempdir_in(world.room.path()).expect("a folder");
        made.iter().for_each(|edit| carry_out(source.path(), edit));
        for edit in [None].into_iter().chain(edits.iter().map(Some)) {
            if let Some(edit) = edit {
                carry_out(source.path(), edit);
            }
            let failed = |why| TestCaseError::fail(format!("after {edit:?}: {why}"));
            hits.fetch_add(world.check(source.path()).map_err(failed)?, Ordering::Relaxed);
            walks.fetch_add(u32::try_from(SEEDS.len()).expect("few"), Ordering::Relaxed);
        }
        Ok(())
    })?;
    Ok((walks.into_inner(), hits.into_inner()))
}

#[test]
fn a_kept_answer_of_a_reader_is_what_it_would_answer_now() {
    match compare(&World::new(false), CASES) {
        Ok((walks, hits)) => {
            println!("{hits} of {walks} walks were known");
            assert!(hits * 100 >= walks * HITS_PERCENT_MIN, "{hits} of {walks} walks were known");
        }
        Err(TestError::Fail(why, (made, edits))) => panic!("{why}\nmade: {made:?}\nedits: {edits:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// What the property is worth: a host that forgets to look into files does not have it.
#[test]
fn one_who_does_not_look_into_files_is_found_out() {
    let compared = compare(&World::new(true), 50 * CASES);
    assert!(matches!(compared, Err(TestError::Fail(..))), "{compared:?}");
}
