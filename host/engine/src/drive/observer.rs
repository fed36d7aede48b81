//! Who watches a run, and a guard so that watching cannot break what is watched.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockgate_model::event::RunEvent;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::AttemptId;
use lockgate_model::time::Timestamp;

use crate::run::RunState;

/// Watches runs. Called from the engine's threads: must return at once and cannot fail.
pub trait Observer: Send + Sync {
    /// An event is on disk.
    fn event(&self, at: Timestamp, event: &RunEvent, state: &RunState);

    /// A plugin called the host. Not yet on disk, perhaps never: for showing only.
    fn call(&self, attempt: &AttemptId, call: &HostCall);

    /// An attempt is handed to a worker. That it begins is perhaps not yet on disk: for showing only.
    fn started(&self, attempt: &AttemptId);
}

/// An observer that is told nothing more once it has panicked: neither the run nor an attempt may end with it.
pub(super) struct Guarded {
    observer: Arc<dyn Observer>,
    broken: AtomicBool,
}

impl Guarded {
    pub(super) fn new(observer: Arc<dyn Observer>) -> Self {
        Self { observer, broken: AtomicBool::new(false) }
    }

    fn tell(&self, tell: impl FnOnce(&dyn Observer)) {
        if self.broken.load(Ordering::Relaxed) {
            return;
        }
        if catch_unwind(AssertUnwindSafe(|| tell(&*self.observer))).is_err() {
            self.broken.store(true, Ordering::Relaxed);
        }
    }
}

impl Observer for Guarded {
    fn event(&self, at: Timestamp, event: &RunEvent, state: &RunState) {
        self.tell(|observer| observer.event(at, event, state));
    }

    fn call(&self, attempt: &AttemptId, call: &HostCall) {
        self.tell(|observer| observer.call(attempt, call));
    }

    fn started(&self, attempt: &AttemptId) {
        self.tell(|observer| observer.started(attempt));
    }
}
