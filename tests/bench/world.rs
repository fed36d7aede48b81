//! The real ports, in a temporary folder on the disk of the target folder.

use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lockgate_engine::World;
use lockgate_model::time::Timestamp;
use lockgate_ports::egress::NoEgress;
use lockgate_ports::secrets::NoSecrets;
use lockgate_ports::trees::NoTrees;
use lockgate_ports::{Blobs, Cache, Clock, Sandbox};
use lockgate_sandbox::WasmSandbox;
use lockgate_store::disk::{BlobFiles, WorkFolders};
use lockgate_store::sqlite::{Database, JournalFiles};
use lockgate_tools::NativeTools;

/// Guests that may compute at the same time, as the binary has it.
pub(crate) fn permits() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

struct Real(Instant);

impl Clock for Real {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock behind 1970");
        Timestamp(since.as_millis() as u64)
    }

    fn monotonic_us(&self) -> u64 {
        self.0.elapsed().as_micros() as u64
    }
}

/// Everything that an engine needs; the folder goes away with it.
pub(crate) struct Bench {
    pub(crate) world: World,
    folder: tempfile::TempDir,
}

impl Bench {
    /// With `cached`, answers are kept and looked up as the binary does it.
    pub(crate) fn open(cached: bool) -> Self {
        let beside = std::env::current_exe().expect("a path").parent().expect("a folder").to_owned();
        // On a real disk: a temporary folder in memory would make every commit free.
        let folder = tempfile::tempdir_in(beside).expect("a temporary folder");
        let clock: Arc<dyn Clock> = Arc::new(Real(Instant::now()));
        let database = Database::open(&folder.path().join("state.db"), clock.clone()).expect("a database");
        let blobs = BlobFiles::open(folder.path()).expect("blobs");
        let shared: Arc<dyn Blobs> = blobs.clone();
        let cache = cached.then(|| database.clone() as Arc<dyn Cache>);
        let world = World {
            log: database.clone(),
            sandbox: sandbox(folder.path(), shared.clone(), clock.clone(), cache),
            workspaces: WorkFolders::open(folder.path(), shared, &[".lockgate"]).expect("workspaces"),
            journal: Arc::new(JournalFiles::new(database, folder.path().join("journal"))),
            blobs,
            clock,
        };
        Self { world, folder }
    }

    /// A sandbox that has nothing in memory, over the same blobs and compiled code: as the next process finds them.
    pub(crate) fn another_sandbox(&self) -> Arc<dyn Sandbox> {
        sandbox(self.folder.path(), self.world.blobs.clone(), self.world.clock.clone(), None)
    }
}

fn sandbox(
    folder: &Path,
    blobs: Arc<dyn Blobs>,
    clock: Arc<dyn Clock>,
    cache: Option<Arc<dyn Cache>>,
) -> Arc<dyn Sandbox> {
    let tools = NativeTools::new(lockgate_tools::Settings {
        egress: Arc::new(NoEgress),
        trees: Arc::new(NoTrees),
        definitions: Default::default(),
        bwrap: None,
        cache: None,
        blobs: blobs.clone(),
        clock: clock.clone(),
        stage_folder: folder.join("stage"),
        parallel_max: 1,
    });
    let sandbox = WasmSandbox::new(lockgate_sandbox::Settings {
        blobs,
        tools: Arc::new(tools),
        egress: Arc::new(NoEgress),
        secrets: Arc::new(NoSecrets),
        trees: Arc::new(NoTrees),
        cache,
        clock,
        compiled_folder: folder.join("compiled"),
        permits: permits(),
        instances_max: 64,
    });
    sandbox.expect("a sandbox")
}
