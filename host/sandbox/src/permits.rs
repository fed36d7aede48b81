//! A fair semaphore: who waits first is served first, and whoever holds a permit can let the next one in.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockgate_ports::Cancel;

/// How long a waiting call may take to see that it was cancelled.
const CANCEL_POLL: Duration = Duration::from_millis(20);

/// So many may run at the same time; the others stand in line.
#[derive(Debug)]
pub(crate) struct Permits {
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    free: usize,
    waiting: VecDeque<Arc<Waiter>>,
}

#[derive(Debug, Default)]
struct Waiter {
    served: Mutex<bool>,
    woken: Condvar,
}

/// The right to run, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    permits: Arc<Permits>,
}

impl Permits {
    /// A semaphore with `free` permits, at least one.
    pub(crate) fn new(free: usize) -> Arc<Self> {
        let line = Line { free: free.max(1), waiting: VecDeque::new() };
        Arc::new(Self { line: Mutex::new(line) })
    }

    /// Waits for a permit; none once `cancel` is raised.
    pub(crate) fn acquire(self: &Arc<Self>, cancel: &Cancel) -> Option<Permit> {
        let waiter = {
            let mut line = self.lock();
            if line.free > 0 {
                line.free -= 1;
                return Some(Permit { permits: self.clone() });
            }
            let waiter = Arc::new(Waiter::default());
            line.waiting.push_back(waiter.clone());
            waiter
        };
        while !waiter.wait() {
            if cancel.is_raised() && self.leave(&waiter) {
                return None;
            }
        }
        Some(Permit { permits: self.clone() })
    }

    /// Whether somebody stands in line.
    pub(crate) fn are_wanted(&self) -> bool {
        !self.lock().waiting.is_empty()
    }

    /// Takes a waiter out of the line; false when it has been served meanwhile.
    fn leave(&self, waiter: &Arc<Waiter>) -> bool {
        let mut line = self.lock();
        let before = line.waiting.len();
        line.waiting.retain(|other| !Arc::ptr_eq(other, waiter));
        line.waiting.len() < before
    }

    fn release(&self) {
        let mut line = self.lock();
        match line.waiting.pop_front() {
            Some(next) => next.serve(),
            None => line.free += 1,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Waits a moment; tells whether it has been served.
    fn wait(&self) -> bool {
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.woken.wait_timeout_while(served, CANCEL_POLL, |served| !*served);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn serve(&self) {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.woken.notify_one();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.release();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use lockgate_ports::cancel::StopReason;

    use super::*;

    fn wait_for_line(permits: &Permits, length: usize) {
        while permits.lock().waiting.len() < length {
            thread::yield_now();
        }
    }

    #[test]
    fn who_waits_first_is_served_first() {
        let permits = Permits::new(1);
        let first = permits.acquire(&Cancel::default());
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for number in 0..5 {
                let (permits, sender) = (permits.clone(), sender.clone());
                let length = permits.lock().waiting.len() + 1;
                scope.spawn({
                    let permits = permits.clone();
                    move || {
                        let _permit = permits.acquire(&Cancel::default());
                        sender.send(number).expect("the receiver lives on");
                    }
                });
                wait_for_line(&permits, length);
            }
            drop(first);
            assert_eq!(receiver.iter().take(5).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        });
        assert!(!permits.are_wanted());
        assert_eq!(permits.lock().free, 1);
    }

    #[test]
    fn a_cancelled_waiter_leaves_the_line() {
        let permits = Permits::new(1);
        let held = permits.acquire(&Cancel::default());
        let cancel = Cancel::default();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| permits.acquire(&cancel).is_none());
            wait_for_line(&permits, 1);
            cancel.raise(StopReason::Cancelled);
            assert!(waiter.join().expect("no panic"));
        });
        drop(held);
        assert_eq!(permits.lock().free, 1);
    }
}
