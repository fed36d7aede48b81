//! Components made ready to be called: read, checked, compiled, linked, once for each digest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lockgate_model::catalog::Descriptor;
use lockgate_model::ids::Digest;
use lockgate_model::limits::COMPONENT_BYTES_MAX;
use lockgate_model::outcome::{Outcome, RefusalCode};
use lockgate_ports::sandbox::{ComponentError, Inspection};
use lockgate_ports::{BlobError, Blobs};
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::compiled::Compiled;
use crate::host::Host;
use crate::indices::{AboutIndices, Indices};
use crate::inspect::inspect;
use crate::stop::Stop;

/// Components that are kept ready; beyond that, those that nobody calls just now are forgotten.
const READY_MAX: usize = 256;

/// A component made ready.
pub(crate) struct Plugin {
    pub(crate) digest: Digest,
    pub(crate) inspection: Inspection,
    pub(crate) pre: InstancePre<Host>,
    pub(crate) about: AboutIndices,
    pub(crate) indices: Indices,
    pub(crate) descriptor: OnceLock<Descriptor>,
}

/// Why a component could not be made ready.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum LoadError {
    /// It is none that this host can run.
    #[error(transparent)]
    Refused(#[from] ComponentError),
    /// The host could not read or compile it.
    #[error("{0}")]
    Faulted(String),
}

impl LoadError {
    /// The outcome of a call to it.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Refused(ComponentError { code, message }) => Outcome::Refused { code, message },
            Self::Faulted(message) => Outcome::Faulted { message },
        }
    }

    /// The error of a question about it.
    pub(crate) fn component_error(self) -> ComponentError {
        match self {
            Self::Refused(error) => error,
            Self::Faulted(message) => ComponentError { code: RefusalCode::NotAComponent, message },
        }
    }
}

/// A slot is locked while its component is made ready, so that two calls do not compile it twice.
type Slot = Arc<Mutex<Option<Arc<Plugin>>>>;

/// All components that are ready.
pub(crate) struct Plugins {
    blobs: Arc<dyn Blobs>,
    engine: Engine,
    linker: Linker<Host>,
    compiled: Compiled,
    slots: Mutex<BTreeMap<Digest, Slot>>,
}

impl Plugins {
    /// None yet.
    pub(crate) fn new(blobs: Arc<dyn Blobs>, engine: Engine, linker: Linker<Host>, compiled: Compiled) -> Self {
        Self { blobs, engine, linker, compiled, slots: Mutex::new(BTreeMap::new()) }
    }

    /// Where compiled code and descriptors are kept.
    pub(crate) fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// A component, ready.
    pub(crate) fn get(&self, digest: &Digest) -> Result<Arc<Plugin>, LoadError> {
        let slot = self.slot(digest);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = slot.as_ref() {
            return Ok(plugin.clone());
        }
        let plugin = Arc::new(self.prepare(digest)?);
        *slot = Some(plugin.clone());
        Ok(plugin)
    }

    /// Whether the linker has all that a component imports.
    pub(crate) fn links(&self, component: &[u8]) -> wasmtime::Result<()> {
        self.linker.instantiate_pre(&Component::from_binary(&self.engine, component)?).map(drop)
    }

    fn slot(&self, digest: &Digest) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= READY_MAX && !slots.contains_key(digest) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(*digest).or_default().clone()
    }

    fn prepare(&self, digest: &Digest) -> Result<Plugin, LoadError> {
        let (component, inspection) = match self.compiled.load(digest) {
            Some(kept) => kept,
            None => self.compile(digest)?,
        };
        let link = || {
            let pre = self.linker.instantiate_pre(&component)?;
            let (about, indices) = (AboutIndices::new(&pre)?, Indices::new(inspection.kind, &pre)?);
            Ok::<_, wasmtime::Error>((pre, about, indices))
        };
        let (pre, about, indices) = link().map_err(|error| mismatch(&error))?;
        Ok(Plugin { digest: *digest, inspection, pre, about, indices, descriptor: OnceLock::new() })
    }

    /// Compiles a component whose kind and imports are in order. Compilation has no limit of its own but the size of
    /// the component.
    fn compile(&self, digest: &Digest) -> Result<(Component, Inspection), LoadError> {
        let bytes = self.blobs.get(digest, COMPONENT_BYTES_MAX).map_err(|error| unreadable(&error))?;
        let inspection = inspect(&bytes)?;
        let component = Component::from_binary(&self.engine, &bytes).map_err(|error| uncompilable(&error))?;
        self.compiled.keep(digest, &component, &inspection);
        Ok((component, inspection))
    }
}

fn unreadable(error: &BlobError) -> LoadError {
    match error {
        BlobError::TooLarge { .. } => ComponentError { code: RefusalCode::TooLarge, message: error.to_string() }.into(),
        _ => LoadError::Faulted(Stop::fault("cannot read the component", error).to_string()),
    }
}

fn uncompilable(error: &wasmtime::Error) -> LoadError {
    let message = format!("the component cannot be compiled within this host's limits: {error:#}");
    ComponentError { code: RefusalCode::NotSupported, message }.into()
}

fn mismatch(error: &wasmtime::Error) -> LoadError {
    let message = format!("the component's types are not those of the contract: {error:#}; rebuild the plugin");
    ComponentError { code: RefusalCode::UnknownContract, message }.into()
}
