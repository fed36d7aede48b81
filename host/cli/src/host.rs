//! Wiring: which implementation stands behind which port.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate_engine::{Engine, World};
use lockgate_ports::{Blobs, Clock, Egress, EventLog, Journal, Sandbox, Secrets, Trees};
use lockgate_sandbox::{SandboxError, WasmSandbox};
use lockgate_secrets::{Environment, IdentitySource};
use lockgate_store::disk::{BlobFiles, WorkFolders};
use lockgate_store::sqlite::{Database, JournalFiles, owner_of_this_process};
use lockgate_tools::NativeTools;

use crate::clock::SystemClock;
use crate::config::{Config, EgressConfig, cache_folder};
use crate::exit::CliError;
use crate::supply::Supply;

/// Threads for steps that are not pure, unless the user says otherwise: most of them wait for a native tool.
const OUTWARD_THREADS: usize = 8;
/// Instances that may live at the same time.
const INSTANCES_MAX: u32 = 64;

/// What is kept, without anything that can run: enough for reading commands.
pub(crate) struct Stores {
    pub(crate) state: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) database: Arc<Database>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) journal: Arc<dyn Journal>,
}

impl Stores {
    /// Opens the state folder, made where absent.
    pub(crate) fn open(state: &Path) -> Result<Self, CliError> {
        make_private(state)?;
        let clock = SystemClock::shared();
        let database = Database::open(&state.join("state.db"), clock.clone())?;
        let blobs = BlobFiles::open(state)?;
        let journal = Arc::new(JournalFiles::new(database.clone(), state.join("journal")));
        Ok(Self { state: state.to_owned(), clock, database, blobs, journal })
    }

    /// Opens the state folder of earlier runs.
    pub(crate) fn open_existing(state: &Path) -> Result<Self, CliError> {
        if !state.join("state.db").exists() {
            let message =
                format!("no run was made here yet: {} holds none; start one with `lockgate run`", state.display());
            return Err(CliError::Usage(message));
        }
        Self::open(state)
    }

    pub(crate) fn log(&self) -> &dyn EventLog {
        &*self.database
    }
}

/// All that it takes to run plugins.
pub(crate) struct Host {
    pub(crate) stores: Stores,
    pub(crate) supply: Supply,
    pub(crate) tools: Arc<NativeTools>,
    pub(crate) sandbox: Arc<dyn Sandbox>,
    pub(crate) workspaces: Arc<WorkFolders>,
    /// Compiled code that nobody else may find; it goes with the process.
    _compiled: Option<tempfile::TempDir>,
}

impl Host {
    /// Opens everything; `folder` is where `lockgate.toml` is looked for.
    pub(crate) fn open(state: &Path, folder: &Path) -> Result<Self, CliError> {
        let config = Config::read(folder)?;
        let stores = Stores::open(state)?;
        let workspaces = open_workspaces(&stores)?;
        let egress = open_egress(&config.egress)?;
        let tools = Arc::new(NativeTools::new(lockgate_tools::Settings {
            egress: egress.clone(),
            trees: workspaces.clone(),
            definitions: config.tools.clone(),
            bwrap: None,
            cache: Some(stores.database.clone()),
            blobs: stores.blobs.clone(),
            clock: stores.clock.clone(),
            stage_folder: stores.state.join("stage"),
            parallel_max: threads(),
        }));
        let secrets = Arc::new(lockgate_secrets::Stores::open(
            config.secrets.clone(),
            folder,
            IdentitySource::Usual,
            Environment::of_process(),
        ));
        let services = Services { tools: tools.clone(), egress, secrets, trees: workspaces.clone() };
        let (sandbox, compiled) = open_sandbox(&stores, &services)?;
        let supply = Supply::open(&config, state)?;
        Ok(Self { stores, supply, tools, sandbox, workspaces, _compiled: compiled })
    }

    /// An engine on these ports.
    pub(crate) fn engine(&self, parallel: Option<u16>) -> Result<Engine, CliError> {
        let world = World {
            log: self.stores.database.clone(),
            sandbox: self.sandbox.clone(),
            blobs: self.stores.blobs.clone(),
            workspaces: self.workspaces.clone(),
            journal: self.stores.journal.clone(),
            clock: self.stores.clock.clone(),
        };
        let owner = owner_of_this_process()?;
        Ok(Engine::new(world, owner, threads(), parallel.map_or(OUTWARD_THREADS, usize::from)))
    }
}

/// What plugins reach through the host.
struct Services {
    tools: Arc<NativeTools>,
    egress: Arc<dyn Egress>,
    secrets: Arc<dyn Secrets>,
    trees: Arc<dyn Trees>,
}

fn open_egress(config: &EgressConfig) -> Result<Arc<dyn Egress>, CliError> {
    let mut settings = lockgate_egress::Settings::default();
    if let Some(path) = &config.extra_roots {
        let failed = |error| CliError::Usage(format!("[egress] extra-roots: cannot read {}: {error}", path.display()));
        settings.extra_roots_pem = fs::read(path).map_err(failed)?;
    }
    let broker = lockgate_egress::Broker::new(settings);
    Ok(broker.map_err(|error| CliError::Usage(crate::exit::chain(&error)))?)
}

/// Compiled plugins are kept for all projects of the user. Where that folder cannot be had they are kept for this process
/// only: what lies in a project's own folder may have come with the project, and must never be run as it is.
fn open_sandbox(
    stores: &Stores,
    services: &Services,
) -> Result<(Arc<WasmSandbox>, Option<tempfile::TempDir>), CliError> {
    let settings = |folder: &Path| lockgate_sandbox::Settings {
        blobs: stores.blobs.clone(),
        tools: services.tools.clone(),
        egress: services.egress.clone(),
        secrets: services.secrets.clone(),
        trees: services.trees.clone(),
        cache: Some(stores.database.clone()),
        clock: stores.clock.clone(),
        compiled_folder: folder.join("compiled"),
        permits: threads(),
        instances_max: INSTANCES_MAX,
    };
    if let Some(folder) = cache_folder() {
        match WasmSandbox::new(settings(&folder)) {
            Err(SandboxError::Folder { .. }) => {}
            opened => return Ok((opened?, None)),
        }
    }
    let aside = tempfile::tempdir()?;
    Ok((WasmSandbox::new(settings(aside.path()))?, Some(aside)))
}

fn open_workspaces(stores: &Stores) -> Result<Arc<WorkFolders>, CliError> {
    let name = stores.state.file_name().map(|name| name.to_string_lossy().into_owned());
    let names: Vec<&str> = name.as_deref().into_iter().chain([".lockgate"]).collect();
    Ok(WorkFolders::open(&stores.state, stores.blobs.clone(), &names)?)
}

/// CPUs that this process may use.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// A folder that only its owner reads and that git leaves alone.
fn make_private(state: &Path) -> Result<(), CliError> {
    use std::os::unix::fs::DirBuilderExt;
    let failed = |error| CliError::host(format!("cannot make the state folder {}: {error}", state.display()));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(state).map_err(failed)?;
    let ignore = state.join(".gitignore");
    if !ignore.exists() {
        fs::write(ignore, "*\n").map_err(failed)?;
    }
    Ok(())
}
