//! The host's side of one call: its state, and the one path that every host call takes.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockgate_model::Json;
use lockgate_model::call::Kind;
use lockgate_model::host_call::{CallBody, FunctionCall, Permission, RecordedAnswer};
use lockgate_model::ids::Digest;
use lockgate_model::limits::{HANDLES_MAX, HOST_CALL_BYTES_MAX, HOST_CALLS_MAX};
use lockgate_model::outcome::Limit;
use lockgate_ports::sandbox::UNANSWERED;
use lockgate_ports::{Blobs, Egress, Secrets, Tools, Trees};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;

use crate::answer;
use crate::capability::exec::ToolFacts;
use crate::capability::http::Http;
use crate::capability::secrets::Placeholders;
use crate::capability::wasi::clocks::GuestTime;
use crate::capability::wasi::open_files::OpenFiles;
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
    pub(crate) egress: Arc<dyn Egress>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) trees: Arc<dyn Trees>,
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

    /// Bytes that were moved.
    fn bytes(&self) -> u64 {
        0
    }
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
    /// Pollables that wait for a time, by their number in the table.
    pub(crate) alarms: BTreeSet<u32>,
    pub(crate) random: Randomness,
    pub(crate) streams: Streams,
    pub(crate) files: OpenFiles,
    pub(crate) http: Option<Http>,
    pub(crate) placeholders: Placeholders,
    /// Of the command that is being carried out, until it is written down with it.
    pub(crate) last_tool: Option<ToolFacts>,
    /// Calls that reach nothing but the guest's own things, by interface: counted, and written down as sums.
    locals: Vec<(&'static str, u64)>,
    /// The answer of the world to the call that is being carried out, until it is written down with it.
    answer: Option<RecordedAnswer>,
    /// Blobs that this answer names.
    pub(crate) answer_blobs: Vec<Digest>,
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
        let time = GuestTime::new(reach.grants.clock && kind.is_outward(), &reach, watch.clone());
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
            alarms: BTreeSet::new(),
            random,
            streams: Streams::default(),
            files: OpenFiles::default(),
            http: None,
            placeholders: Placeholders::default(),
            last_tool: None,
            locals: Vec::new(),
            answer: None,
            answer_blobs: Vec::new(),
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
        let shown = result.as_ref().map_or_else(stopped, shown);
        self.note(began_us, permission, function, arguments, shown, 0);
        Ok(result?)
    }

    /// A function that needs a grant; without it `body` is not called.
    pub(crate) fn granted<T: Reply>(
        &mut self,
        function: Function,
        arguments: Json,
        permission: Permission,
        body: impl FnOnce(&mut Self, &Json) -> Result<T, Stop>,
    ) -> wasmtime::Result<T> {
        self.enter()?;
        let began_us = self.watch.elapsed_us();
        let result = match &permission {
            Permission::Denied(missing) => Ok(T::denied(self.missing(missing))),
            Permission::Free | Permission::Granted(_) => body(self, &arguments),
        };
        let (mut shown, bytes) = match &result {
            Ok(answer) => (answer.shown(), answer.bytes()),
            Err(stop) => (stopped(stop), 0),
        };
        if let (Some(facts), Some(shown)) = (self.last_tool.take(), shown.as_object_mut()) {
            let (key, cached_from) = facts.shown();
            shown.extend([("key".to_owned(), key), ("cached-from".to_owned(), cached_from)]);
        }
        self.note(began_us, permission, function, arguments, shown, bytes);
        Ok(result?)
    }

    /// What a guest is told of a grant that it has not: which, and where somebody would write it.
    pub(crate) fn missing(&self, grant: &str) -> String {
        missing_grant(grant, &self.reach.grants_place)
    }

    /// Asks the world, and keeps the answer for a replay; in a replay the record answers instead. For answers that do
    /// not follow from what the guest was given.
    pub(crate) fn ask_world<T: Serialize + DeserializeOwned>(
        &mut self,
        function: Function,
        arguments: &Json,
        ask: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let Some(answers) = self.reach.answers.clone() else {
            let answer = ask(self)?;
            self.answer = Some(answer::keep(&answer, &*self.services.blobs));
            return Ok(answer);
        };
        let bytes = answers.next(function.interface, function.name, arguments);
        bytes.and_then(|bytes| answer::read(&bytes)).ok_or_else(|| unanswered(function))
    }

    /// Writes a call to the journal.
    pub(crate) fn note(
        &mut self,
        began_us: u64,
        permission: Permission,
        function: Function,
        arguments: Json,
        result: Json,
        bytes: u64,
    ) {
        let (interface, function) = (function.interface.into(), function.name.into());
        let (answer, blobs) = (self.answer.take(), std::mem::take(&mut self.answer_blobs));
        let call = FunctionCall { interface, function, arguments, result, bytes, answer, blobs };
        self.watch.record(began_us, permission, CallBody::Function(call));
    }

    /// Counts a host call and ends the guest where it must not go on.
    pub(crate) fn enter(&mut self) -> Result<(), Stop> {
        self.count();
        self.admit()
    }

    /// Ends the guest where it must not go on, for a call that is counted elsewhere.
    pub(crate) fn admit(&self) -> Result<(), Stop> {
        self.check_calls()?;
        self.watch.check_failed()?;
        self.watch.check_log()
    }

    /// Counts a host call.
    fn count(&mut self) {
        self.calls += 1;
    }

    /// A call that reaches nothing but the guest's own handles and buffers.
    pub(crate) fn local(&mut self, interface: &'static str) -> Result<(), Stop> {
        self.count_local(interface);
        self.admit()
    }

    /// The same where the guest cannot be ended.
    pub(crate) fn count_local(&mut self, interface: &'static str) {
        self.count();
        match self.locals.iter_mut().find(|(name, _)| *name == interface) {
            Some((_, calls)) => *calls += 1,
            None => self.locals.push((interface, 1)),
        }
    }

    /// Writes down what was only counted.
    pub(crate) fn note_locals(&mut self) {
        for (interface, calls) in std::mem::take(&mut self.locals) {
            let began_us = self.watch.elapsed_us();
            let function = Function { interface, name: "(own)" };
            self.note(began_us, Permission::Free, function, serde_json::json!({ "calls": calls }), Json::Null, 0);
        }
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

    /// Waits until what somebody outside could notice may be done.
    pub(crate) fn pass_gate(&mut self) -> Result<(), Stop> {
        let (gate, cancel) = (self.reach.gate.clone(), self.watch.cancel().clone());
        let passes = self.without_permit(|_| gate.pass(&cancel))?;
        if passes { Ok(()) } else { Err(Stop::Cancelled) }
    }

    /// Waits for something other than the processor, and lets others have it meanwhile.
    pub(crate) fn without_permit<T>(&mut self, wait: impl FnOnce(&mut Self) -> T) -> Result<T, Stop> {
        self.permit = None;
        let waited = wait(self);
        self.permit = Some(self.services.cpu.acquire(self.watch.cancel()).ok_or(Stop::Cancelled)?);
        Ok(waited)
    }
}

fn stopped(stop: &Stop) -> Json {
    serde_json::json!({ "stopped": stop.to_string() })
}

fn unanswered(function: Function) -> Stop {
    Stop::Fault(format!("{UNANSWERED}: {}.{}", function.interface, function.name))
}

/// What somebody is told of a missing grant.
pub(crate) fn missing_grant(grant: &str, place: &str) -> String {
    if place.is_empty() {
        return format!("grant `{grant}` is missing");
    }
    format!("grant `{grant}` is missing; it would stand under the step's `grants`, {place}")
}

/// Refuses arguments of more than `HOST_CALL_BYTES_MAX`.
pub(crate) fn check_bytes(bytes: usize) -> Result<(), Stop> {
    if bytes > HOST_CALL_BYTES_MAX { Err(Stop::Limit(Limit::HostCallBytes)) } else { Ok(()) }
}
