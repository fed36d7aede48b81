//! The port `Tools` on bubblewrap.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate_model::ids::{Digest, ToolName};
use lockgate_ports::egress::Contact;
use lockgate_ports::tools::{self, Completion, OutputSink};
use lockgate_ports::{
    Blobs, Cache, Cancel, Clock, Egress, ToolAction, ToolError, Tools, Trees, TrustedCache, WorkspaceFolder,
};

use crate::action_cache::{ActionCache, unfit};
use crate::action_key::{self, ActionKey};
use crate::bubblewrap;
use crate::catalog::{Catalog, Tool};
use crate::changes::Changes;
use crate::completion::{completion, never_started, notes};
use crate::definition::ToolDefinition;
use crate::diagnose::{Check, diagnose, why_not_started};
use crate::fingerprint::Fingerprints;
use crate::folder::Folder;
use crate::inputs;
use crate::kept::{self, NotKept};
use crate::key_parts::not_kept;
use crate::limits::{FINGERPRINT_MS_MAX, Limits};
use crate::network::{Network, no_proxy};
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
    /// Serves the proxy of commands that are granted hosts.
    pub egress: Arc<dyn Egress>,
    /// What workspaces hold that nobody has looked into yet.
    pub trees: Arc<dyn Trees>,
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
    egress: Arc<dyn Egress>,
    trees: Arc<dyn Trees>,
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
            egress: settings.egress,
            trees: settings.trees,
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

    /// Runs a command in a fresh stage and carries its changes into the workspace, which is filled.
    fn execute(
        &self,
        action: &ToolAction,
        request: &Request,
        sink: &Arc<dyn OutputSink>,
        cancel: &Cancel,
    ) -> Result<(Completion, Changes), ToolError> {
        let workspace = action.workspace.path();
        let stage = Stage::make(&self.stage_folder, workspace, request)?;
        check_working_folder(&stage, request)?;
        let mut finished = self.enclose(&stage, request, sink, cancel)?;
        if finished.stopped == Some(Stopped::Cancelled) {
            return Ok((completion(finished), Changes::default()));
        }
        let mut changes = Changes::carry(&stage, workspace, request, &self.limits)?;
        if let Some(path) = &request.stdout_to {
            changes.carry_stdout(&stage, workspace, path)?;
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
        sink: &Arc<dyn OutputSink>,
        cancel: &Cancel,
    ) -> Result<Finished, ToolError> {
        let bwrap = bubblewrap::find(self.bwrap.as_deref())?;
        let open = |_: &String| File::create(stage.stdout());
        let stdout_file = request.stdout_to.as_ref().map(open).transpose();
        let mut enclosure = Enclosure {
            bwrap: &bwrap,
            options: bubblewrap::options(stage, request, &self.limits),
            secrets: &request.secrets,
            argv: &request.argv,
            stdin: &request.stdin,
            stdout_file: stdout_file.map_err(|error| fault("making the file for standard output", &error))?,
            time_ms: request.time_ms,
            network: self.network(request, sink),
            limits: &self.limits,
            clock: &*self.clock,
        };
        let finished = enclosure.run(&**sink, cancel);
        let finished = finished.map_err(|error| fault(&format!("running {}", bwrap.display()), &error))?;
        // A sandbox that fell over before it was entered says why itself.
        let has_no_network = finished.stopped == Some(Stopped::NoNetwork);
        if has_no_network && finished.stderr.bytes.is_empty() {
            return Err(no_proxy(finished.network_fault.as_deref().unwrap_or_default()));
        }
        let is_explained = finished.code.is_some() || (finished.stopped.is_some() && !has_no_network);
        if is_explained { Ok(finished) } else { Err(why_not_started(&bwrap, &finished.stderr.bytes)) }
    }

    /// The key of an action and what it is made of. It is made where nothing can be remembered too: people ask for it.
    fn key(&self, action: &ToolAction, request: &Request, cancel: &Cancel) -> Result<ActionKey, ToolError> {
        let fingerprint = |tool: &Tool| self.fingerprints.of(tool, |version| self.ask(tool, version, cancel));
        let fingerprints: Vec<Option<Digest>> = request.tools.iter().map(fingerprint).collect();
        let inputs = match action.workspace.tree() {
            Some(tree) => inputs::of_tree(&*self.trees, &tree.root, request).map_err(io::Error::other),
            None => inputs::of_folder(action.workspace.path(), request),
        };
        let read = || format!("reading the inputs in {}", action.workspace.path().display());
        let inputs = inputs.map_err(|error| fault(&read(), &error))?;
        Ok(action_key::key(inputs, request, &fingerprints))
    }

    /// The way to the network that a request is granted, if any.
    fn network(&self, request: &Request, sink: &Arc<dyn OutputSink>) -> Option<Network> {
        let sink = sink.clone();
        let network = || Network {
            egress: self.egress.clone(),
            rules: request.http.clone(),
            contacted: Arc::new(move |contact| sink.contacted(contact)),
        };
        (!request.http.is_empty()).then(network)
    }

    /// Asks a tool for its version, in the sandbox as everything else.
    fn ask(&self, tool: &Tool, version: &[String], cancel: &Cancel) -> Option<Vec<u8>> {
        let request = Request::version(tool, version, FINGERPRINT_MS_MAX);
        let stage = Stage::empty(&self.stage_folder, &request).ok()?;
        let silence: Arc<dyn OutputSink> = Arc::new(Silence);
        let finished = self.enclose(&stage, &request, &silence, cancel).ok()?;
        (finished.code == Some(0)).then(|| [finished.stdout.bytes, finished.stderr.bytes].concat())
    }

    /// Runs a command that is not known, and remembers its result where that may be.
    fn run_anew(
        &self,
        action: &ToolAction,
        request: &Request,
        key: Option<(&Digest, &ActionCache<'_>)>,
        sink: &Arc<dyn OutputSink>,
        cancel: &Cancel,
    ) -> Result<(Completion, Option<&'static str>), ToolError> {
        let (mut completion, changes) = self.execute(action, request, sink, cancel)?;
        let kept = kept::keep(&*self.blobs, action.workspace.path(), &changes);
        completion.changes = kept.as_ref().ok().cloned();
        let is_repeatable = changes.left_out.is_empty();
        let unfit = request.uncacheable().or_else(|| unfit(request, &completion)).or(match kept {
            Err(NotKept::TooLarge) => Some("too large"),
            Err(NotKept::Unstored) => Some("its files could not be stored"),
            Ok(_) if !is_repeatable => Some("it left a device, a socket or a pipe"),
            Ok(_) => None,
        });
        let Some((key, cache)) = key else { return Ok((completion, unfit.or(Some("no cache for it")))) };
        if unfit.is_none() {
            cache.store(key, &completion, &action.attempt);
        }
        Ok((completion, unfit))
    }

    /// The action cache as this action may use it; none where it may not.
    fn action_cache(&self, action: &ToolAction, request: &Request) -> Option<ActionCache<'_>> {
        let cache = self.cache.clone().filter(|_| request.uncacheable().is_none())?;
        Some(ActionCache { cache: TrustedCache::new(cache, action.trust), blobs: &*self.blobs })
    }
}

impl Tools for NativeTools {
    fn names(&self) -> Vec<ToolName> {
        self.catalog.names()
    }

    fn run(&self, action: ToolAction, output: Arc<dyn OutputSink>, cancel: &Cancel) -> Result<Completion, ToolError> {
        let request = Request::new(&action, &self.catalog)?;
        std::fs::create_dir_all(&self.stage_folder).map_err(|error| fault("making the folder of stages", &error))?;
        let Some(permit) = self.permits.acquire(cancel) else { return Ok(never_started()) };
        let ActionKey { digest, mut parts } = self.key(&action, &request, cancel)?;
        let cache = self.action_cache(&action, &request);
        let known = digest.as_ref().zip(cache.as_ref());
        if let Some((key, cache)) = known
            && let Some(completion) = cache.restore(key, &*action.workspace, &request, &*output)?
        {
            return Ok(Completion { key: parts, ..completion });
        }
        bubblewrap::find(self.bwrap.as_deref())?;
        // Who waits at his gate keeps nobody from looking for what is known.
        drop(permit);
        if !action.gate.pass(cancel) {
            return Ok(never_started());
        }
        let Some(_permit) = self.permits.acquire(cancel) else { return Ok(never_started()) };
        action.workspace.fill().map_err(|error| fault("filling the workspace", &io::Error::other(error)))?;
        let (completion, unfit) = self.run_anew(&action, &request, known, &output, cancel)?;
        parts.extend(unfit.map(not_kept));
        Ok(Completion { key: parts, ..completion })
    }

    fn apply(&self, changes: &tools::Changes, workspace: &dyn WorkspaceFolder) -> Result<(), ToolError> {
        kept::apply(&*self.blobs, changes, workspace)
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

    fn contacted(&self, _contact: Contact) {}
}

fn check_working_folder(stage: &Stage, request: &Request) -> Result<(), ToolError> {
    let open = || {
        let inside = Folder::open(&stage.workspace())?;
        request.cwd.split('/').filter(|part| !part.is_empty()).try_fold(inside, |folder, part| folder.child(part))
    };
    open().map(drop).map_err(|_: io::Error| {
        let cwd = &request.cwd;
        ToolError::Denied(format!("the working folder `{cwd}` is no folder among the inputs; add `{cwd}/**` to them"))
    })
}
