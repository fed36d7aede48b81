//! The threads that move bytes. They are started by the first request: a host that sends nothing has none.

use std::io;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

const THREADS: usize = 2;
/// Threads that wait for name servers at the same time.
const RESOLVING_MAX: usize = 64;

/// A runtime that may not have been started yet.
#[derive(Default)]
pub(crate) struct Reactor {
    runtime: Mutex<Option<Runtime>>,
}

impl Reactor {
    /// The runtime, started if it was not.
    pub(crate) fn handle(&self) -> io::Result<Handle> {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = runtime.as_ref() {
            return Ok(runtime.handle().clone());
        }
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(THREADS).max_blocking_threads(RESOLVING_MAX).thread_name("egress").enable_all();
        let started = builder.build()?;
        let handle = started.handle().clone();
        *runtime = Some(started);
        Ok(handle)
    }
}

impl Drop for Reactor {
    /// Whoever drops it may be a thread that must not wait.
    fn drop(&mut self) {
        let runtime = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}
