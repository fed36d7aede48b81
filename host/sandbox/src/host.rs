//! The host's side of one call: its state, and the one path that every host call takes.

use std::sync::Arc;

use lockgate_model::Json;
use lockgate_model::call::Kind;
use lockgate_model::host_call::{CallBody, Permission};
use lockgate_model::ids::Digest;
use lockgate_model::limits::{HANDLES_MAX, HOST_CALL_BYTES_MAX, HOST_CALLS_MAX};
use lockgate_model::outcome::Limit;
use lockgate_ports::{Blobs, Tools};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;

use crate::capability::wasi::clocks::GuestTime;
use crate::capability::wasi::random::Randomness;
use crate::capability::wasi::stdio::Streams;
use crate::limiter::Limiter;
use crate::permits::{Permit, Permits};
use crate::reach::Reach;
use crate::stop::Stop;
use crate::watch::Watch;

/// What every call of one sandbox shares.
pub(crate) struct Services {
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) tools: Arc<dyn Tools>,
    pub(crate) cpu: Arc<Permits>,
}

/// Names a function of a host interface in the journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    /// `exec`, `wasi:clocks/wall-clock` ...
    pub(crate) interface: &'static str,
    /// `run`, `now` ...
    pub(crate) name: &'static str,
}

/// What a function that needs a grant answers.
pub(crate) trait Reply {
    /// The answer of a function whose grant is missing.
    fn denied(missing: String) -> Self;

    /// The answer in the journal: short, readable, large bodies by digest or length.
    fn shown(&self) -> Json;
}

/// The state of one call; dropped with its instance.
pub(crate) struct Host {
    pub(crate) kind: Kind,
    pub(crate) component: Digest,
    pub(crate) reach: Arc<Reach>,
    pub(crate) services: Arc<Services>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: Limiter,
    pub(crate) wasi: Option<WasiCtx>,
    pub(crate) time: GuestTime,
    pub(crate) random: Randomness,
    pub(crate) streams: Streams,
    permit: Option<Permit>,
    calls: u64,
}

impl Host {
    /// The state of a call that holds its permit.
    pub(crate) fn new(
        (kind, component): (Kind, Digest),
        reach: Arc<Reach>,
        services: Arc<Services>,
        watch: Arc<Watch>,
        permit: Permit,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        let time = GuestTime::new(reach.grants.clock && kind.is_outward(), watch.clone());
        let random = Randomness::new(reach.grants.random && kind.is_outward());
        Self {
            kind,
            component,
            reach,
            services,
            watch,
            table,
            limiter: Limiter::default(),
            wasi: None,
            time,
            random,
            streams: Streams::default(),
            permit: Some(permit),
            calls: 0,
        }
    }

    /// A function that needs no grant.
    pub(crate) fn free<T>(
        &mut self,
        function: Function,
        arguments: Json,
        body: impl FnOnce(&mut Self) -> Result<T, Stop>,
        shown: impl FnOnce(&T) -> Json,
    ) -> wasmtime::Result<T> {
        self.allowed(Permission::Free, function, arguments, body, shown)
    }

    /// A function that answers with and without a grant, and differently: `permission` says which it was.
    pub(crate) fn allowed<T>(
        &mut self,
        permission: Permission,
        function: Function,
        arguments: Json,
        body: impl FnOnce(&mut Self) -> Result<T, Stop>,
        shown: impl FnOnce(&T) -> Json,
    ) -> wasmtime::Result<T> {
        self.enter()?;
        let began_us = self.watch.elapsed_us();
        let result = body(self);
        self.journal(began_us, permission, function, arguments, result, shown)
    }

    /// A function that needs a grant; without it `body` is not called.
    pub(crate) fn granted<T: Reply>(
        &mut self,
        function: Function,
        arguments: Json,
        permission: Permission,
        body: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> wasmtime::Result<T> {
        self.enter()?;
        let began_us = self.watch.elapsed_us();
        let result = match &permission {
            Permission::Denied(missing) => Ok(T::denied(format!("grant `{missing}` is missing"))),
            Permission::Free | Permission::Granted(_) => body(self),
        };
        self.journal(began_us, permission, function, arguments, result, T::shown)
    }

    fn journal<T>(
        &mut self,
        began_us: u64,
        permission: Permission,
        function: Function,
        arguments: Json,
        result: Result<T, Stop>,
        shown: impl FnOnce(&T) -> Json,
    ) -> wasmtime::Result<T> {
        let shown = result.as_ref().map_or_else(|stop| serde_json::json!({ "stopped": stop.to_string() }), shown);
        self.note(began_us, permission, function, arguments, shown);
        Ok(result?)
    }

    /// Writes a call to the journal.
    pub(crate) fn note(
        &self,
        began_us: u64,
        permission: Permission,
        function: Function,
        arguments: Json,
        result: Json,
    ) {
        let (interface, function) = (function.interface.to_owned(), function.name.to_owned());
        self.watch.record(began_us, permission, CallBody::Function { interface, function, arguments, result });
    }

    /// Counts a host call and ends the guest where it must not go on.
    pub(crate) fn enter(&mut self) -> Result<(), Stop> {
        self.count();
        self.admit()
    }

    /// Ends the guest where it must not go on, for a call that is counted elsewhere.
    pub(crate) fn admit(&self) -> Result<(), Stop> {
        self.check_calls()?;
        self.watch.check_log()
    }

    /// Counts a host call.
    pub(crate) fn count(&mut self) {
        self.calls += 1;
    }

    fn check_calls(&self) -> Result<(), Stop> {
        if self.calls > HOST_CALLS_MAX { Err(Stop::Limit(Limit::HostCalls)) } else { Ok(()) }
    }

    /// Between two epochs: ends the guest where it must not go on, and lets others have the processor.
    pub(crate) fn tick(&mut self) -> Result<(), Stop> {
        self.watch.check()?;
        self.check_calls()?;
        if self.services.cpu.are_wanted() {
            self.without_permit(|_| ())?;
        }
        Ok(())
    }

    /// Waits for something other than the processor, and lets others have it meanwhile.
    pub(crate) fn without_permit<T>(&mut self, wait: impl FnOnce(&mut Self) -> T) -> Result<T, Stop> {
        self.permit = None;
        let waited = wait(self);
        self.permit = Some(self.services.cpu.acquire(self.watch.cancel()).ok_or(Stop::Cancelled)?);
        Ok(waited)
    }
}

/// Refuses arguments of more than `HOST_CALL_BYTES_MAX`.
pub(crate) fn check_bytes(bytes: usize) -> Result<(), Stop> {
    if bytes > HOST_CALL_BYTES_MAX { Err(Stop::Limit(Limit::HostCallBytes)) } else { Ok(()) }
}
