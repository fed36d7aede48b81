//! Asking work to stop.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Why work shall stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// Somebody asked for it.
    Cancelled,
    /// The time of the job, not of the attempt, is up.
    JobTimedOut,
    /// This host has lost the right to do the work: say nothing, leave nothing.
    Abandoned,
}

/// A flag that many can watch and anyone can raise once; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    reason: Mutex<Option<StopReason>>,
    raised: Condvar,
}

impl Cancel {
    /// Raises the flag; the first reason stays.
    pub fn raise(&self, reason: StopReason) {
        self.lock().get_or_insert(reason);
        self.shared.raised.notify_all();
    }

    /// The reason, once raised.
    #[must_use]
    pub fn reason(&self) -> Option<StopReason> {
        *self.lock()
    }

    /// Whether the flag is up.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.reason().is_some()
    }

    /// Waits until the flag is up, at most for `time`; tells whether it is.
    pub fn wait(&self, time: Duration) -> bool {
        let waited = self.shared.raised.wait_timeout_while(self.lock(), time, |reason| reason.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<StopReason>> {
        self.shared.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stays() {
        let cancel = Cancel::default();
        assert!(!cancel.wait(Duration::from_millis(1)));
        let other = cancel.clone();
        other.raise(StopReason::Cancelled);
        other.raise(StopReason::Abandoned);
        assert_eq!(cancel.reason(), Some(StopReason::Cancelled));
        assert!(cancel.wait(Duration::from_secs(60)));
    }
}
