//! Standard output and error: lines of the log. Standard input is wasmtime-wasi's, and empty.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use lockgate_model::host_call::LogSource;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::cli::{stderr, stdout};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::host::Host;
use crate::lines::Lines;
use crate::watch::Watch;

/// How much a guest may write at once.
const WRITE_BYTES_MAX: usize = 64 * 1024;

/// The two streams of a call; made when a guest first asks for one of them.
#[derive(Default)]
pub(crate) struct Streams {
    stdout: Option<StreamLog>,
    stderr: Option<StreamLog>,
}

impl Streams {
    /// Writes what stands behind the last line end of each.
    pub(crate) fn finish(&self) {
        for stream in [&self.stdout, &self.stderr].into_iter().flatten() {
            stream.lines.lock().unwrap_or_else(PoisonError::into_inner).finish();
        }
    }
}

/// One of the two; a guest may open it many times, its lines are joined all the same.
#[derive(Clone)]
struct StreamLog {
    watch: Arc<Watch>,
    lines: Arc<Mutex<Lines>>,
}

impl StreamLog {
    fn new(watch: &Arc<Watch>, source: LogSource) -> Self {
        Self { watch: watch.clone(), lines: Arc::new(Mutex::new(Lines::new(watch.clone(), source))) }
    }

    /// A log that is full ends the call.
    fn check(&self) -> StreamResult<()> {
        self.watch.check_log().map_err(|stop| StreamError::Trap(stop.into()))
    }
}

#[async_trait]
impl Pollable for StreamLog {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for StreamLog {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(&bytes);
        self.check()
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.check().map(|()| WRITE_BYTES_MAX)
    }
}

impl stdout::Host for Host {
    fn get_stdout(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.local("wasi:cli/stdout")?;
        let stream = self.streams.stdout.get_or_insert_with(|| StreamLog::new(&self.watch, LogSource::Stdout));
        let stream: DynOutputStream = Box::new(stream.clone());
        Ok(self.table.push(stream)?)
    }
}

impl stderr::Host for Host {
    fn get_stderr(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.local("wasi:cli/stderr")?;
        let stream = self.streams.stderr.get_or_insert_with(|| StreamLog::new(&self.watch, LogSource::Stderr));
        let stream: DynOutputStream = Box::new(stream.clone());
        Ok(self.table.push(stream)?)
    }
}
