//! Holding work back from the world until what was decided before it is on disk.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Cancel;

/// How long a waiting call may take to see that it was cancelled.
const POLL: Duration = Duration::from_millis(20);

/// Stands between an attempt and the world outside of its host. An attempt may begin while its beginning is still being
/// written; whatever somebody else could notice (a native tool, a request, a secret that is fetched) waits here.
/// Clones share it.
#[derive(Clone)]
pub struct Gate {
    shared: Arc<Shared>,
}

/// Called when somebody begins to wait.
pub type OnWait = Box<dyn Fn() + Send + Sync>;

struct Shared {
    is_open: Mutex<bool>,
    opened: Condvar,
    on_wait: Option<OnWait>,
}

impl Default for Gate {
    /// An open one.
    fn default() -> Self {
        Self::open()
    }
}

impl Gate {
    /// One that is closed until somebody opens it; `on_wait` is called when somebody waits for that.
    #[must_use]
    pub fn closed(on_wait: OnWait) -> Self {
        Self::new(false, Some(on_wait))
    }

    /// One that holds nobody back.
    #[must_use]
    pub fn open() -> Self {
        Self::new(true, None)
    }

    fn new(is_open: bool, on_wait: Option<OnWait>) -> Self {
        Self { shared: Arc::new(Shared { is_open: Mutex::new(is_open), opened: Condvar::new(), on_wait }) }
    }

    /// Lets everybody through, now and later.
    pub fn let_through(&self) {
        *self.lock() = true;
        self.shared.opened.notify_all();
    }

    /// Waits until it is open; false where `cancel` was raised before.
    #[must_use]
    pub fn pass(&self, cancel: &Cancel) -> bool {
        if *self.lock() {
            return true;
        }
        self.shared.on_wait.iter().for_each(|on_wait| on_wait());
        let mut is_open = self.lock();
        while !*is_open {
            if cancel.is_raised() {
                return false;
            }
            let waited = self.shared.opened.wait_timeout(is_open, POLL);
            is_open = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.shared.is_open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gate").field("is_open", &*self.lock()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::cancel::StopReason;

    #[test]
    fn who_waits_passes_once_it_opens() {
        let asked = Arc::new(AtomicUsize::new(0));
        let on_wait = asked.clone();
        let gate = Gate::closed(Box::new(move || {
            on_wait.fetch_add(1, Ordering::SeqCst);
        }));
        let cancel = Cancel::default();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.pass(&cancel));
            while asked.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
            gate.clone().let_through();
            assert!(waiting.join().expect("no panic"));
        });
        assert!(gate.pass(&cancel));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn who_is_cancelled_does_not_pass() {
        let (gate, cancel) = (Gate::closed(Box::new(|| ())), Cancel::default());
        thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.pass(&cancel));
            cancel.raise(StopReason::Abandoned);
            assert!(!waiting.join().expect("no panic"));
        });
        assert!(Gate::open().pass(&cancel));
    }
}
