//! The same component in wasmtime alone: what a call costs without Lockgate, for comparison.
//!
//! Same configuration, same contract, same conversions, a store and an instance for each call; but no limiter, no
//! budget, no journal, no permits, and WASI as wasmtime-wasi has it by default.

use lockgate_model::call::{Answer, Call};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::bindings::host::log;
use crate::convert::call::{Replied, invoke};
use crate::engine;
use crate::indices::Indices;
use crate::inspect::inspect;

/// A component, compiled and linked.
pub struct Bare {
    engine: Engine,
    pre: InstancePre<State>,
    indices: Indices,
}

/// Why a bare call gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BareError(String);

struct State {
    ctx: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.ctx, table: &mut self.table }
    }
}

impl log::Host for State {
    fn write(&mut self, _: log::Level, message: String, _: Vec<(String, String)>) -> wasmtime::Result<()> {
        std::hint::black_box(message);
        Ok(())
    }

    fn progress(&mut self, message: String, _: u64, _: Option<u64>) -> wasmtime::Result<()> {
        std::hint::black_box(message);
        Ok(())
    }
}

impl Bare {
    /// Compiles a component of a pure kind.
    ///
    /// # Errors
    /// When it is no plugin, or imports more than `log` and WASI.
    pub fn new(component: &[u8], instances_max: u32) -> Result<Self, BareError> {
        let inspection = inspect(component).map_err(|error| BareError(error.message))?;
        let link = || {
            let engine = Engine::new(&engine::config(instances_max))?;
            let mut linker = Linker::<State>::new(&engine);
            wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
            log::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
            let pre = linker.instantiate_pre(&Component::from_binary(&engine, component)?)?;
            let indices = Indices::new(inspection.kind, &pre)?;
            Ok(Self { engine, pre, indices })
        };
        link().map_err(failed)
    }

    /// Makes a store and an instance, calls, and drops both.
    ///
    /// # Errors
    /// When the guest traps, fails, or is of another kind than the call.
    pub fn call(&self, call: &Call) -> Result<Answer, BareError> {
        let state = State { ctx: WasiCtx::builder().build(), table: ResourceTable::new() };
        let mut store = Store::new(&self.engine, state);
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = self.pre.instantiate(&mut store).map_err(failed)?;
        match invoke(&self.indices, &mut store, &instance, call).map_err(failed)? {
            Replied::Answer(answer) => Ok(answer),
            Replied::Failure(failure) => Err(BareError(failure.message)),
            Replied::Invalid(invalid) => Err(BareError(invalid.to_string())),
            Replied::WrongKind => Err(BareError("the component is of another kind than the call".to_owned())),
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn failed(error: wasmtime::Error) -> BareError {
    BareError(format!("{error:#}"))
}
