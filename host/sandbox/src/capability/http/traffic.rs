//! The requests of one call that are under way: how many, how much their answers brought, and that none of them outlives
//! the call unseen.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Requests that one call may have under way.
const UNDER_WAY_MAX: usize = 16;
/// All answers that one call is given.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Shared by a call and its requests.
#[derive(Clone, Default)]
pub(crate) struct Traffic(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    under_way: usize,
    got_bytes: usize,
    is_closed: bool,
}

/// A request that is under way until this is dropped.
pub(super) struct UnderWay(Traffic);

impl Traffic {
    /// One more request; none where there are too many, or the call has ended.
    pub(super) fn begin(&self) -> Option<UnderWay> {
        let mut state = self.lock();
        if state.is_closed || state.under_way >= UNDER_WAY_MAX {
            return None;
        }
        state.under_way += 1;
        Some(UnderWay(self.clone()))
    }

    /// How much an answer may still have.
    pub(super) fn room_bytes(&self) -> usize {
        ANSWER_BYTES_MAX.saturating_sub(self.lock().got_bytes)
    }

    /// An answer has come.
    pub(super) fn got(&self, bytes: usize) {
        self.lock().got_bytes += bytes;
    }

    /// Lets no further request begin, and waits for those that are under way: each ends with the call's time at the latest.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        drop(self.0.ended.wait_while(state, |state| state.under_way > 0));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
        self.0.0.ended.notify_all();
    }
}
