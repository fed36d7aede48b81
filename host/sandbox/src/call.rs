//! One call: a store, an instance, a function, and an outcome.

use std::io;
use std::sync::Arc;

use lockgate_model::call::Answer;
use lockgate_model::catalog::Descriptor;
use lockgate_model::limits::{HANDLES_MAX, HOST_CALL_BYTES_MAX, PRODUCT_BYTES_MAX};
use lockgate_model::outcome::{Failure, Limit, Outcome, RefusalCode};
use lockgate_ports::secrets::Mask;
use lockgate_ports::trees::Question;
use wasmtime::component::Instance;
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::convert::call::{Replied, invoke};
use crate::convert::{InvalidAnswer, about};
use crate::host::{Host, Services};
use crate::permits::Permit;
use crate::plugins::Plugin;
use crate::reach::Reach;
use crate::stop::{Stop, outcome};
use crate::watch::Watch;

/// What wasmtime lifts from a guest at once. Above the limit that host calls check themselves, so that a guest that
/// runs into that one is told so by name.
const LIFT_BYTES_MAX: usize = 2 * HOST_CALL_BYTES_MAX;
/// Ticks of the epoch between two looks at a guest.
const EPOCH_TICKS: u64 = 1;

/// A guest about to be called; dropped, it is gone.
pub(crate) struct Guest<'a> {
    plugin: &'a Plugin,
    store: Store<Host>,
    reach: Arc<Reach>,
}

impl<'a> Guest<'a> {
    /// Makes the store of a call that holds its permit.
    pub(crate) fn new(
        engine: &Engine,
        plugin: &'a Plugin,
        reach: Reach,
        services: Arc<Services>,
        watch: Arc<Watch>,
        permit: Permit,
    ) -> Self {
        let (kind, reach) = (plugin.inspection.kind, Arc::new(reach));
        let host = Host::new((kind, plugin.digest), reach.clone(), services, watch, permit);
        let mut store = Store::new(engine, host);
        store.limiter(|host| &mut host.limiter);
        store.set_max_component_handles(HANDLES_MAX);
        store.set_hostcall_fuel(LIFT_BYTES_MAX);
        store.set_epoch_deadline(EPOCH_TICKS);
        store.epoch_deadline_callback(|mut context| {
            context.data_mut().tick()?;
            Ok(UpdateDeadline::Continue(EPOCH_TICKS))
        });
        Self { plugin, store, reach }
    }

    /// What watches over the call; outlives it.
    pub(crate) fn watch(&self) -> Arc<Watch> {
        self.store.data().watch.clone()
    }

    /// Calls the function that answers the invocation's call; with the outcome come the questions that it asked of its
    /// tree, where these were to be observed and not too many.
    pub(crate) fn call(mut self, observe: bool) -> (Outcome, Option<Vec<Question>>) {
        let reach = self.reach.clone();
        let Some(call) = &reach.call else {
            return (Stop::Fault("there is nothing to call".to_owned()).outcome(), None);
        };
        if observe {
            self.store.data_mut().files.observe();
        }
        let indices = &self.plugin.indices;
        let replied = self.run(|store, instance| invoke(indices, store, instance, call));
        let outcome = replied.map_or_else(|outcome| outcome, settle);
        (masked(outcome, self.watch().mask()), self.store.data_mut().files.questions())
    }

    /// Asks the plugin what it is.
    pub(crate) fn describe(mut self) -> Result<Descriptor, Outcome> {
        let indices = &self.plugin.about;
        let descriptor = self.run(|store, instance| indices.load(&mut *store, instance)?.call_describe(store))?;
        about::descriptor(descriptor).map_err(|invalid| Outcome::Failed(failure(&invalid)))
    }

    fn run<T>(
        &mut self,
        function: impl FnOnce(&mut Store<Host>, &Instance) -> wasmtime::Result<T>,
    ) -> Result<T, Outcome> {
        self.store.data_mut().open_workspace().map_err(|stop| stop.outcome())?;
        let result =
            self.plugin.pre.instantiate(&mut self.store).and_then(|instance| function(&mut self.store, &instance));
        let host = self.store.data_mut();
        host.streams.finish();
        if let Some(http) = &host.http {
            http.close();
        }
        host.note_locals();
        let ended = result.map_err(|error| outcome(&error, host.limiter.denied()))?;
        host.watch.check_failed().and_then(|()| host.watch.check_log()).map_err(|stop| stop.outcome())?;
        Ok(ended)
    }
}

fn settle(replied: Replied) -> Outcome {
    match replied {
        Replied::Answer(answer) if size(&answer) > PRODUCT_BYTES_MAX => Stop::Limit(Limit::Product).outcome(),
        Replied::Answer(answer) => Outcome::Answered(answer),
        Replied::Failure(failure) => Outcome::Failed(failure),
        Replied::Invalid(invalid) => Outcome::Failed(failure(&invalid)),
        Replied::WrongKind => {
            let message = "the plugin is of another kind than the call".to_owned();
            Outcome::Refused { code: RefusalCode::WrongKind, message }
        }
    }
}

/// An outcome without the values of secrets. One that cannot be looked through is not shown at all.
fn masked(outcome: Outcome, mask: &Mask) -> Outcome {
    if mask.is_empty() {
        return outcome;
    }
    let look_through = || {
        let mut value = serde_json::to_value(&outcome)?;
        mask.json(&mut value);
        serde_json::from_value(value)
    };
    look_through().unwrap_or_else(|error: serde_json::Error| {
        Stop::fault("the answer could not be searched for secrets, and is held back", &error).outcome()
    })
}

fn failure(invalid: &InvalidAnswer) -> Failure {
    Failure {
        code: "invalid-answer".to_owned(),
        message: Stop::fault("the plugin's answer is not of the contract", invalid).to_string(),
        help: Some("tell the plugin's author".to_owned()),
        at: Vec::new(),
        retryable: false,
    }
}

/// The length of an answer in JSON.
fn size(answer: &Answer) -> usize {
    let mut count = Count(0);
    serde_json::to_writer(&mut count, answer).map_or(usize::MAX, |()| count.0)
}

struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
