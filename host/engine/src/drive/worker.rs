//! An attempt on its way through a worker's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::Sender;
use lockgate_model::event::StepResult;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::AttemptId;
use lockgate_model::time::Timestamp;
use lockgate_ports::{Cancel, Gate, Recorder};

use super::live::Message;
use super::{Observer, World};
use crate::run::perform::{Means, Task, perform};
use crate::run::{AttemptKey, conclude};
use crate::workers::Lane;

/// An attempt, with all that its thread needs.
pub(super) struct Worker {
    pub(super) world: World,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) outbox: Sender<Message>,
    pub(super) key: AttemptKey,
    pub(super) task: Task,
    pub(super) cancel: Cancel,
    pub(super) gate: Gate,
}

/// What an attempt leaves.
type Left = (StepResult, Option<Vec<u8>>);

impl Worker {
    /// Hands the attempt to a thread. An attempt that finds none ends at once: it would never begin.
    pub(super) fn submit(self, lane: &Lane) {
        let (outbox, key, attempt) = (self.outbox.clone(), self.key.clone(), self.task.attempt.clone());
        let (world, started_at) = (self.world.clone(), self.world.clock.now());
        if let Err(error) = lane.submit(Box::new(move || self.work())) {
            let ended = conclude::fault_because(&format!("no thread could be started: {error}"));
            let result = Box::new(ended.into_result(&*world.blobs, started_at, 0));
            let _ = outbox.send(Message::Ended { key, attempt, result, journal: None });
        }
    }

    fn work(self) {
        let (started_at, began_us) = (self.world.clock.now(), self.world.clock.monotonic_us());
        let left = catch_unwind(AssertUnwindSafe(|| self.attempt(started_at, began_us)));
        let (result, journal) = left.unwrap_or_else(|panic| (self.panicked(&*panic, started_at, began_us), None));
        let (key, attempt, result) = (self.key, self.task.attempt, Box::new(result));
        // Nobody listens any more when the run was abandoned.
        let _ = self.outbox.send(Message::Ended { key, attempt, result, journal });
    }

    fn attempt(&self, started_at: Timestamp, began_us: u64) -> Left {
        let attempt = self.task.attempt.clone();
        let journal = self.world.journal.open(&attempt, self.task.is_live());
        let recorder = Arc::new(Shown { journal, observer: self.observer.clone(), attempt });
        let means = Means {
            sandbox: &*self.world.sandbox,
            blobs: &*self.world.blobs,
            workspaces: &*self.world.workspaces,
            recorder: recorder.clone(),
            cancel: &self.cancel,
            gate: self.gate.clone(),
            answers: None,
        };
        let ended = perform(&self.task, &means);
        let result = ended.into_result(&*self.world.blobs, started_at, self.since_ms(began_us));
        (result, recorder.finish())
    }

    /// A panic of ours is a fault of the host, not the end of it.
    fn panicked(&self, panic: &(dyn std::any::Any + Send), started_at: Timestamp, began_us: u64) -> StepResult {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        let ended = conclude::fault_because(&format!("a thread of the host panicked: {text}; please report this"));
        ended.into_result(&*self.world.blobs, started_at, self.since_ms(began_us))
    }

    fn since_ms(&self, began_us: u64) -> u64 {
        self.world.clock.monotonic_us().saturating_sub(began_us) / 1000
    }
}

/// A recorder that also shows what passes.
struct Shown {
    journal: Arc<dyn Recorder>,
    observer: Arc<dyn Observer>,
    attempt: AttemptId,
}

impl Recorder for Shown {
    fn record(&self, call: HostCall) {
        self.observer.call(&self.attempt, &call);
        self.journal.record(call);
    }

    fn has_lost(&self) -> bool {
        self.journal.has_lost()
    }

    fn finish(&self) -> Option<Vec<u8>> {
        self.journal.finish()
    }
}
