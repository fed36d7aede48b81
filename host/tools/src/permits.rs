//! How many commands run at the same time.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use lockgate_ports::Cancel;

use crate::limits::WATCH_MS;

/// A counting semaphore whose wait can be cancelled.
#[derive(Debug)]
pub(crate) struct Permits {
    free: Mutex<usize>,
    freed: Condvar,
}

/// The right to run one command, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a>(&'a Permits);

impl Permits {
    pub(crate) fn new(count: usize) -> Self {
        Self { free: Mutex::new(count.max(1)), freed: Condvar::new() }
    }

    /// Waits for a permit; none when it was cancelled before there was one.
    pub(crate) fn acquire(&self, cancel: &Cancel) -> Option<Permit<'_>> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            if cancel.is_raised() {
                return None;
            }
            let waited = self.freed.wait_timeout(free, Duration::from_millis(WATCH_MS));
            free = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        Some(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_ports::cancel::StopReason;

    #[test]
    fn a_permit_comes_back() {
        let permits = Permits::new(1);
        let cancel = Cancel::default();
        let held = permits.acquire(&cancel);
        cancel.raise(StopReason::Cancelled);
        assert!(permits.acquire(&cancel).is_none());
        drop(held);
        assert!(permits.acquire(&cancel).is_some());
    }
}
