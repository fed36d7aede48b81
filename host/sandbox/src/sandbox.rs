//! The port `Sandbox`, in wasmtime.

use std::path::PathBuf;
use std::sync::Arc;

use lockgate_model::call::Kind;
use lockgate_model::catalog::Descriptor;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::Digest;
use lockgate_model::limits::PURE_CALL_MS_MAX;
use lockgate_model::outcome::{Outcome, RefusalCode, Returned};
use lockgate_ports::sandbox::{ComponentError, Inspection};
use lockgate_ports::trees::Question;
use lockgate_ports::{
    Blobs, Cache, Cancel, Clock, Egress, Invocation, Recorder, Sandbox, Secrets, Tools, Trees, TrustedCache,
};
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::answered::{Cached, Kept, Tee};
use crate::bindings::host as wit;
use crate::call::Guest;
use crate::capability::wasi;
use crate::compiled::Compiled;
use crate::host::{Host, Services};
use crate::permits::{Permit, Permits};
use crate::plugins::{LoadError, Plugin, Plugins};
use crate::reach::Reach;
use crate::watch::Watch;
use crate::{canonical, engine};

/// How long a plugin may take to say what it is.
const DESCRIBE_MS_MAX: u64 = 5_000;

/// What a sandbox is made of.
pub struct Settings {
    /// Components and artifacts.
    pub blobs: Arc<dyn Blobs>,
    /// Native tools.
    pub tools: Arc<dyn Tools>,
    /// Requests to the network.
    pub egress: Arc<dyn Egress>,
    /// Secrets.
    pub secrets: Arc<dyn Secrets>,
    /// What readers read, to know their answers again.
    pub trees: Arc<dyn Trees>,
    /// Answers that were given before; without it nothing is answered from the cache.
    pub cache: Option<Arc<dyn Cache>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where compiled code is kept; must belong to the host alone.
    pub compiled_folder: PathBuf,
    /// Guests that compute at the same time.
    pub permits: usize,
    /// Guests that exist at the same time, those that wait for a tool included.
    pub instances_max: u32,
}

/// Why a sandbox could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// wasmtime refused its configuration, or could not reserve the memory that its pool needs.
    #[error("cannot set up wasmtime for {instances_max} instances: {detail}; try fewer")]
    Engine {
        /// As asked for.
        instances_max: u32,
        /// What wasmtime says.
        detail: String,
    },
    /// The folder for compiled code.
    #[error("cannot use the folder for compiled code {}", .folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The thread that interrupts guests.
    #[error("cannot start the thread that interrupts plugins")]
    Thread(#[source] std::io::Error),
}

/// Runs components in wasmtime.
pub struct WasmSandbox {
    engine: Engine,
    plugins: Plugins,
    services: Arc<Services>,
    instances: Arc<Permits>,
    cache: Option<Arc<dyn Cache>>,
    clock: Arc<dyn Clock>,
}

impl WasmSandbox {
    /// Sets wasmtime up.
    ///
    /// # Errors
    /// When the pool cannot be had, the folder cannot be used or no thread can be started.
    pub fn new(settings: Settings) -> Result<Arc<Self>, SandboxError> {
        let Settings { blobs, tools, egress, secrets, trees, cache, clock, .. } = settings;
        let Settings { compiled_folder, permits, instances_max, .. } = settings;
        let refused = |error: wasmtime::Error| SandboxError::Engine { instances_max, detail: format!("{error:#}") };
        let engine = Engine::new(&engine::config(instances_max)).map_err(refused)?;
        let linker = linker(&engine).map_err(refused)?;
        let compiled = Compiled::open(&engine, &compiled_folder)
            .map_err(|source| SandboxError::Folder { folder: compiled_folder, source })?;
        engine::tick(&engine).map_err(SandboxError::Thread)?;
        let plugins = Plugins::new(blobs.clone(), engine.clone(), linker, compiled);
        let services = Arc::new(Services { blobs, tools, egress, secrets, trees, cpu: Permits::new(permits) });
        let instances = Permits::new(instances_max as usize);
        Ok(Arc::new(Self { engine, plugins, services, instances, cache, clock }))
    }

    /// Whether all that a component imports is linked, with the very types that it wants. Nothing of it runs; what its
    /// kind may import is not asked. For whoever must know what a guest could reach.
    ///
    /// # Errors
    /// What is not linked, in wasmtime's words.
    pub fn links(&self, component: &[u8]) -> Result<(), String> {
        self.plugins.links(component).map_err(|error| format!("{error:#}"))
    }

    /// A call that is not in the cache. Its native tools may have been: then their attempt is named.
    fn run(
        &self,
        plugin: &Plugin,
        (invocation, observe): (Invocation, bool),
        cancel: &Cancel,
        recorder: Arc<dyn Recorder>,
    ) -> (Returned, Option<Vec<Question>>) {
        let kind = plugin.inspection.kind;
        let time_ms = if kind.is_pure() { invocation.time_ms.min(PURE_CALL_MS_MAX) } else { invocation.time_ms };
        let reach = Reach::of(kind, invocation);
        let guest = self.admit(plugin, reach, time_ms, cancel, recorder);
        let Some((guest, _room)) = guest else { return (fresh(Outcome::Cancelled), None) };
        let watch = guest.watch();
        let (outcome, questions) = guest.call(observe);
        let cached_from = watch.known_from().filter(|_| matches!(outcome, Outcome::Answered(_)));
        (Returned { outcome, cached_from }, questions)
    }

    /// A call whose answer may be known, or be kept: a pure one, or a reader's over a known tree.
    fn call_or_know(
        &self,
        plugin: &Plugin,
        (cached, invocation): (Cached<'_>, Invocation),
        cancel: &Cancel,
        recorder: Arc<dyn Recorder>,
    ) -> Returned {
        let known = cached.find();
        recorder.record(cached.looked(known.as_ref()));
        if let Some(Kept { attempt, answer, lines }) = known {
            lines.into_iter().for_each(|line| recorder.record(line));
            return Returned { outcome: Outcome::Answered(answer), cached_from: Some(attempt) };
        }
        let (tee, attempt) = (Tee::new(recorder), invocation.attempt.clone());
        let (returned, questions) = self.run(plugin, (invocation, cached.root.is_some()), cancel, tee.clone());
        if let (Outcome::Answered(answer), Some(lines)) = (&returned.outcome, tee.take()) {
            cached.keep(questions, &Kept { attempt, answer: answer.clone(), lines });
        }
        returned
    }

    /// Waits for room and for the processor; the call's time begins only then. None once it is cancelled.
    fn admit<'a>(
        &self,
        plugin: &'a Plugin,
        reach: Reach,
        time_ms: u64,
        cancel: &Cancel,
        recorder: Arc<dyn Recorder>,
    ) -> Option<(Guest<'a>, Permit)> {
        let room = self.instances.acquire(cancel)?;
        let permit = self.services.cpu.acquire(cancel)?;
        let watch = Arc::new(Watch::start(self.clock.clone(), recorder, cancel.clone(), time_ms));
        Some((Guest::new(&self.engine, plugin, reach, self.services.clone(), watch, permit), room))
    }

    /// Where the answer of a call is looked for; none where it is not to be known.
    fn cached(&self, kind: Kind, invocation: &Invocation) -> Option<Cached<'_>> {
        let cache = self.cache.as_ref()?;
        let tree = invocation.workspace.as_ref().and_then(|workspace| workspace.tree);
        let root = tree.filter(|_| kind == Kind::Scanner);
        if !kind.is_pure() && root.is_none() {
            return None;
        }
        // What such a reader is refused depends on where links really lead, which is no part of what it asks.
        if root.is_some() && invocation.grants.read.is_some() {
            return None;
        }
        let input = canonical::key(&invocation.component, &invocation.call)?;
        Some(Cached {
            cache: TrustedCache::new(cache.clone(), invocation.trust),
            trees: &*self.services.trees,
            input,
            root,
        })
    }
}

fn fresh(outcome: Outcome) -> Returned {
    Returned { outcome, cached_from: None }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    wasi::link(&mut linker)?;
    wit::log::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
    wit::context::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
    wit::exec::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
    wit::secrets::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
    wit::artifacts::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
    Ok(linker)
}

impl Sandbox for WasmSandbox {
    fn inspect(&self, component: &Digest) -> Result<Inspection, ComponentError> {
        let plugin = self.plugins.get(component).map_err(LoadError::component_error)?;
        Ok(plugin.inspection.clone())
    }

    fn describe(&self, component: &Digest) -> Result<Descriptor, Outcome> {
        let plugin = self.plugins.get(component).map_err(LoadError::outcome)?;
        let known = || self.plugins.compiled().descriptor(component);
        if let Some(descriptor) = plugin.descriptor.get().cloned().or_else(known) {
            return Ok(plugin.descriptor.get_or_init(|| descriptor).clone());
        }
        let (cancel, recorder) = (Cancel::default(), Arc::new(NoJournal));
        let guest = self.admit(&plugin, Reach::default(), DESCRIBE_MS_MAX, &cancel, recorder);
        let descriptor = guest.ok_or(Outcome::Cancelled).and_then(|(guest, _room)| guest.describe())?;
        self.plugins.compiled().keep_descriptor(component, &descriptor);
        Ok(plugin.descriptor.get_or_init(|| descriptor).clone())
    }

    fn call(&self, invocation: Invocation, cancel: &Cancel, recorder: Arc<dyn Recorder>) -> Returned {
        let plugin = match self.plugins.get(&invocation.component) {
            Ok(plugin) => plugin,
            Err(error) => return fresh(error.outcome()),
        };
        let (is, wanted) = (plugin.inspection.kind, invocation.call.kind());
        if is != wanted {
            let message = format!("the plugin is a {is}, and a {wanted} is called");
            return fresh(Outcome::Refused { code: RefusalCode::WrongKind, message });
        }
        match self.cached(is, &invocation) {
            Some(cached) if invocation.answers.is_some() => {
                recorder.record(cached.looked(None));
                self.run(&plugin, (invocation, false), cancel, recorder).0
            }
            Some(cached) => self.call_or_know(&plugin, (cached, invocation), cancel, recorder),
            None => self.run(&plugin, (invocation, false), cancel, recorder).0,
        }
    }
}

/// Where `describe` writes: what a plugin says of itself is the same every time, what it logs meanwhile is nobody's.
struct NoJournal;

impl Recorder for NoJournal {
    fn record(&self, _: HostCall) {}

    fn finish(&self) -> Option<Vec<u8>> {
        None
    }
}
