//! The port `Tools` on bubblewrap.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate_model::ids::{Digest, ToolName};
use lockgate_ports::tools::{Completion, OutputSink};
use lockgate_ports::{Blobs, Cache, Cancel, Clock, ToolAction, ToolError, Tools};

use crate::action_cache::ActionCache;
use crate::action_key;
use crate::bubblewrap;
use crate::catalog::{Catalog, Tool};
use crate::changes::Changes;
use crate::completion::{completion, never_started, notes};
use crate::definition::ToolDefinition;
use crate::diagnose::{Check, diagnose, why_not_started};
use crate::fingerprint::Fingerprints;
use crate::folder::Folder;
use crate::limits::{FINGERPRINT_MS_MAX, Limits};
use crate::permits::Permits;
use crate::process::{Enclosure, Finished, Stopped};
use crate::request::Request;
use crate::stage::{Stage, fault, sweep};

/// What native tools are made of.
pub struct Settings {
    /// Tools of configuration, by name.
    pub definitions: BTreeMap<ToolName, ToolDefinition>,
    /// The bubblewrap to use; none to search `PATH`.
    pub bwrap: Option<PathBuf>,
    /// Where results are remembered; none to run every command.
    pub cache: Option<Arc<dyn Cache>>,
    /// Where files of remembered results are.
    pub blobs: Arc<dyn Blobs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where stages are made; best on the file system of the workspaces. Made where it is absent.
    pub stage_folder: PathBuf,
    /// Commands that may run at the same time; at least 1.
    pub parallel_max: usize,
}

/// Native tools on this machine.
pub struct NativeTools {
    catalog: Catalog,
    bwrap: Option<PathBuf>,
    cache: Option<Arc<dyn Cache>>,
    blobs: Arc<dyn Blobs>,
    clock: Arc<dyn Clock>,
    stage_folder: PathBuf,
    permits: Permits,
    fingerprints: Fingerprints,
    limits: Limits,
}

impl NativeTools {
    /// Native tools with the default limits. Whether they can run is found out when the first one does, or by
    /// [`diagnose`](Self::diagnose). Makes this process a child subreaper, and removes the stages that killed hosts
    /// have left.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let _older_kernels_only_lose_cpu_times = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        sweep(&settings.stage_folder);
        Self {
            catalog: Catalog::new(settings.definitions),
            bwrap: settings.bwrap.map(|path| absolute(&path)),
            cache: settings.cache,
            blobs: settings.blobs,
            clock: settings.clock,
            stage_folder: absolute(&settings.stage_folder),
            permits: Permits::new(settings.parallel_max),
            fingerprints: Fingerprints::default(),
            limits: Limits::default(),
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The tools that are known here.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Looks at all that the sandbox needs; every check is made, whatever the others say.
    #[must_use]
    pub fn diagnose(&self) -> Vec<Check> {
        diagnose(self.bwrap.as_deref(), &self.limits)
    }

    /// Runs a command in a fresh stage and carries its changes into the workspace.
    fn execute(
        &self,
        action: &ToolAction,
        request: &Request,
        sink: &dyn OutputSink,
        cancel: &Cancel,
    ) -> Result<(Completion, Changes), ToolError> {
        let stage = Stage::make(&self.stage_folder, &action.workspace, request)?;
        check_working_folder(&stage, request)?;
        let mut finished = self.enclose(&stage, request, sink, cancel)?;
        if finished.stopped == Some(Stopped::Cancelled) {
            return Ok((completion(finished), Changes::default()));
        }
        let mut changes = Changes::carry(&stage, &action.workspace, request, &self.limits)?;
        if let Some(path) = &request.stdout_to {
            changes.carry_stdout(&stage, &action.workspace, path)?;
        }
        for note in notes(&finished, &changes, request, &self.limits) {
            sink.write(true, note.as_bytes());
            finished.stderr.bytes.extend_from_slice(note.as_bytes());
        }
        Ok((completion(finished), changes))
    }

    fn enclose(
        &self,
        stage: &Stage,
        request: &Request,
        sink: &dyn OutputSink,
        cancel: &Cancel,
    ) -> Result<Finished, ToolError> {
        let bwrap = bubblewrap::find(self.bwrap.as_deref())?;
        let open = |_: &String| File::create(stage.stdout());
        let stdout_file = request.stdout_to.as_ref().map(open).transpose();
        let mut enclosure = Enclosure {
            bwrap: &bwrap,
            options: bubblewrap::options(stage, request, &self.limits),
            argv: &request.argv,
            stdin: &request.stdin,
            stdout_file: stdout_file.map_err(|error| fault("making the file for standard output", &error))?,
            time_ms: request.time_ms,
            limits: &self.limits,
            clock: &*self.clock,
        };
        let finished = enclosure.run(sink, cancel);
        let finished = finished.map_err(|error| fault(&format!("running {}", bwrap.display()), &error))?;
        let is_explained = finished.code.is_some() || finished.stopped.is_some();
        if is_explained { Ok(finished) } else { Err(why_not_started(&bwrap, &finished.stderr.bytes)) }
    }

    /// The key of an action; none where there is no cache, or where a tool's fingerprint cannot be had.
    fn key(&self, action: &ToolAction, request: &Request, cancel: &Cancel) -> Result<Option<Digest>, ToolError> {
        if self.cache.is_none() {
            return Ok(None);
        }
        let fingerprint = |tool: &Tool| self.fingerprints.of(tool, |version| self.ask(tool, version, cancel));
        let Some(fingerprints) = request.tools.iter().map(fingerprint).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let key = action_key::key(&action.workspace, request, &fingerprints);
        key.map(Some).map_err(|error| fault(&format!("reading the inputs in {}", action.workspace.display()), &error))
    }

    /// Asks a tool for its version, in the sandbox as everything else.
    fn ask(&self, tool: &Tool, version: &[String], cancel: &Cancel) -> Option<Vec<u8>> {
        let request = Request::version(tool, version, FINGERPRINT_MS_MAX);
        let stage = Stage::empty(&self.stage_folder, &request).ok()?;
        let finished = self.enclose(&stage, &request, &Silence, cancel).ok()?;
        (finished.code == Some(0)).then(|| [finished.stdout.bytes, finished.stderr.bytes].concat())
    }

    fn action_cache(&self) -> Option<ActionCache<'_>> {
        self.cache.as_deref().map(|cache| ActionCache { cache, blobs: &*self.blobs })
    }
}

impl Tools for NativeTools {
    fn names(&self) -> Vec<ToolName> {
        self.catalog.names()
    }

    fn run(&self, action: ToolAction, output: Arc<dyn OutputSink>, cancel: &Cancel) -> Result<Completion, ToolError> {
        let request = Request::new(&action, &self.catalog)?;
        bubblewrap::find(self.bwrap.as_deref())?;
        std::fs::create_dir_all(&self.stage_folder).map_err(|error| fault("making the folder of stages", &error))?;
        let Some(_permit) = self.permits.acquire(cancel) else { return Ok(never_started()) };
        let key = self.key(&action, &request, cancel)?;
        let cached = key.as_ref().zip(self.action_cache());
        if let Some((key, cache)) = &cached
            && let Some(completion) = cache.restore(key, &action.workspace, action.stdout_to.is_some(), &*output)?
        {
            return Ok(completion);
        }
        let (completion, changes) = self.execute(&action, &request, &*output, cancel)?;
        if let Some((key, cache)) = cached {
            cache.store(key, &action.workspace, &request, changes, &completion, &action.attempt);
        }
        Ok(completion)
    }
}

/// bubblewrap runs in `/`, so that it holds no folder of the host: the paths that it gets must not be relative.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Takes what nobody reads.
struct Silence;

impl OutputSink for Silence {
    fn write(&self, _is_stderr: bool, _bytes: &[u8]) {}
}

fn check_working_folder(stage: &Stage, request: &Request) -> Result<(), ToolError> {
    let open = || {
        let inside = Folder::open(&stage.workspace())?;
        request.cwd.split('/').filter(|part| !part.is_empty()).try_fold(inside, |folder, part| folder.child(part))
    };
    open().map(drop).map_err(|_: std::io::Error| {
        let cwd = &request.cwd;
        ToolError::Denied(format!("the working folder `{cwd}` is no folder among the inputs; add `{cwd}/**` to them"))
    })
}
