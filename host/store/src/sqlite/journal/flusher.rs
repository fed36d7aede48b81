//! Moves what live recorders hold in memory to their files, so that others can follow. A write for each call would cost
//! more than the call.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::recorder::FileRecorder;

/// How long a call may wait before others can see it.
const FLUSH: Duration = Duration::from_millis(50);

/// The recorders to look after; its thread lives while there are any.
#[derive(Default)]
pub(super) struct Flusher {
    watched: Arc<Mutex<Watched>>,
}

#[derive(Default)]
struct Watched {
    recorders: Vec<Weak<FileRecorder>>,
    is_running: bool,
}

impl Flusher {
    /// Looks after a recorder until it is dropped. Without a thread it is written when it has much, and at its end.
    pub(super) fn watch(&self, recorder: &Arc<FileRecorder>) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.recorders.push(Arc::downgrade(recorder));
        if !watched.is_running {
            let shared = self.watched.clone();
            let thread = std::thread::Builder::new().name("lockgate-journal".to_owned());
            watched.is_running = thread.spawn(move || run(&shared)).is_ok();
        }
    }
}

fn run(shared: &Mutex<Watched>) {
    loop {
        std::thread::sleep(FLUSH);
        let recorders: Vec<Arc<FileRecorder>> = {
            let mut watched = shared.lock().unwrap_or_else(PoisonError::into_inner);
            watched.recorders.retain(|recorder| recorder.strong_count() > 0);
            watched.is_running = !watched.recorders.is_empty();
            if !watched.is_running {
                return;
            }
            watched.recorders.iter().filter_map(Weak::upgrade).collect()
        };
        recorders.iter().for_each(|recorder| recorder.flush());
    }
}
