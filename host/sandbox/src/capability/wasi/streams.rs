//! `wasi:io/streams`: wasmtime-wasi's, which carry the bytes of files, requests and answers; here each use is counted,
//! limited, and in the journal with its length. The bytes themselves are those of the workspace, or of an answer that
//! the journal has.

use lockgate_model::host_call::Permission;
use serde_json::json;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sync::io::streams::{
    Host as Streams, HostInputStream, HostOutputStream, StreamError as GuestError,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};

use crate::host::{Function, Host, check_bytes};

type Input = Resource<DynInputStream>;
type Output = Resource<DynOutputStream>;

const INTERFACE: &str = "wasi:io/streams";
/// What one read gives at most, whatever is asked for: a stream may always give less.
const READ_BYTES_MAX: u64 = 1024 * 1024;

impl Host {
    /// One use of a stream, and how many bytes it moved.
    fn stream<T>(
        &mut self,
        name: &'static str,
        stream: u32,
        body: impl FnOnce(&mut Self) -> StreamResult<T>,
        length: impl FnOnce(&T) -> u64,
    ) -> StreamResult<T> {
        self.enter().map_err(trap)?;
        let began_us = self.watch.elapsed_us();
        let result = body(self);
        let (shown, bytes) = match &result {
            Ok(value) => (json!("ok"), length(value)),
            Err(StreamError::Closed) => (json!("closed"), 0),
            Err(error) => (json!({ "error": error.to_string() }), 0),
        };
        self.note(began_us, Permission::Free, Function { interface: INTERFACE, name }, json!([stream]), shown, bytes);
        result
    }
}

fn trap(stop: crate::stop::Stop) -> StreamError {
    StreamError::Trap(stop.into())
}

#[allow(clippy::ptr_arg, reason = "the answer of a read is a Vec, and it is asked by reference")]
fn length(bytes: &Vec<u8>) -> u64 {
    bytes.len() as u64
}

impl HostInputStream for Host {
    /// Everything that can be read is there already. What is ready at which moment would tell a guest the time, and
    /// would be another thing in each replay; so this waits, as `blocking-read` does.
    fn read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        let (rep, len) = (stream.rep(), len.min(READ_BYTES_MAX));
        self.stream("read", rep, |host| HostInputStream::blocking_read(&mut host.table, stream, len), length)
    }

    fn blocking_read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        let (rep, len) = (stream.rep(), len.min(READ_BYTES_MAX));
        self.stream("blocking-read", rep, |host| HostInputStream::blocking_read(&mut host.table, stream, len), length)
    }

    fn skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        let (rep, len) = (stream.rep(), len.min(READ_BYTES_MAX));
        let skip = |host: &mut Self| HostInputStream::blocking_skip(&mut host.table, stream, len);
        self.stream("skip", rep, skip, |skipped| *skipped)
    }

    fn blocking_skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        let (rep, len) = (stream.rep(), len.min(READ_BYTES_MAX));
        let skip = |host: &mut Self| HostInputStream::blocking_skip(&mut host.table, stream, len);
        self.stream("blocking-skip", rep, skip, |skipped| *skipped)
    }

    fn subscribe(&mut self, stream: Input) -> wasmtime::Result<Resource<DynPollable>> {
        self.local(INTERFACE)?;
        HostInputStream::subscribe(&mut self.table, stream)
    }

    fn drop(&mut self, stream: Input) -> wasmtime::Result<()> {
        self.local(INTERFACE)?;
        HostInputStream::drop(&mut self.table, stream)
    }
}

impl HostOutputStream for Host {
    fn check_write(&mut self, stream: Output) -> StreamResult<u64> {
        self.local(INTERFACE).map_err(trap)?;
        HostOutputStream::check_write(&mut self.table, stream)
    }

    fn write(&mut self, stream: Output, contents: Vec<u8>) -> StreamResult<()> {
        check_bytes(contents.len()).map_err(trap)?;
        let (rep, bytes) = (stream.rep(), contents.len() as u64);
        let write = |host: &mut Self| HostOutputStream::write(&mut host.table, stream, contents);
        self.stream("write", rep, write, |()| bytes)
    }

    fn blocking_write_and_flush(&mut self, stream: Output, contents: Vec<u8>) -> StreamResult<()> {
        check_bytes(contents.len()).map_err(trap)?;
        let (rep, bytes) = (stream.rep(), contents.len() as u64);
        let write = |host: &mut Self| HostOutputStream::blocking_write_and_flush(&mut host.table, stream, contents);
        self.stream("blocking-write-and-flush", rep, write, |()| bytes)
    }

    fn write_zeroes(&mut self, stream: Output, len: u64) -> StreamResult<()> {
        let rep = stream.rep();
        let write = |host: &mut Self| HostOutputStream::write_zeroes(&mut host.table, stream, len);
        self.stream("write-zeroes", rep, write, |()| len)
    }

    fn blocking_write_zeroes_and_flush(&mut self, stream: Output, len: u64) -> StreamResult<()> {
        let rep = stream.rep();
        let write = |host: &mut Self| HostOutputStream::blocking_write_zeroes_and_flush(&mut host.table, stream, len);
        self.stream("blocking-write-zeroes-and-flush", rep, write, |()| len)
    }

    fn flush(&mut self, stream: Output) -> StreamResult<()> {
        self.stream("flush", stream.rep(), |host| HostOutputStream::flush(&mut host.table, stream), |()| 0)
    }

    fn blocking_flush(&mut self, stream: Output) -> StreamResult<()> {
        let rep = stream.rep();
        let flush = |host: &mut Self| HostOutputStream::blocking_flush(&mut host.table, stream);
        self.stream("blocking-flush", rep, flush, |()| 0)
    }

    fn splice(&mut self, stream: Output, source: Input, len: u64) -> StreamResult<u64> {
        let (rep, len) = (stream.rep(), len.min(READ_BYTES_MAX));
        let splice = |host: &mut Self| HostOutputStream::splice(&mut host.table, stream, source, len);
        self.stream("splice", rep, splice, |moved| *moved)
    }

    fn blocking_splice(&mut self, stream: Output, source: Input, len: u64) -> StreamResult<u64> {
        let (rep, len) = (stream.rep(), len.min(READ_BYTES_MAX));
        let splice = |host: &mut Self| HostOutputStream::blocking_splice(&mut host.table, stream, source, len);
        self.stream("blocking-splice", rep, splice, |moved| *moved)
    }

    fn subscribe(&mut self, stream: Output) -> wasmtime::Result<Resource<DynPollable>> {
        self.local(INTERFACE)?;
        HostOutputStream::subscribe(&mut self.table, stream)
    }

    fn drop(&mut self, stream: Output) -> wasmtime::Result<()> {
        self.local(INTERFACE)?;
        HostOutputStream::drop(&mut self.table, stream)
    }
}

impl Streams for Host {
    fn convert_stream_error(&mut self, error: StreamError) -> wasmtime::Result<GuestError> {
        Streams::convert_stream_error(&mut self.table, error)
    }
}
