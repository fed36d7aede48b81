//! `wasi:cli/exit`: a guest that ends itself. Its call then has no answer.

use serde_json::json;
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::cli::exit;

use crate::host::{Function, Host};

impl Host {
    fn end(&mut self, name: &'static str, code: u8) -> wasmtime::Result<()> {
        let function = Function { interface: "wasi:cli/exit", name };
        self.free(function, json!([code]), |_| Ok(()), |()| json!(null))?;
        Err(wasmtime::Error::from(I32Exit(code.into())))
    }
}

impl exit::Host for Host {
    fn exit(&mut self, status: Result<(), ()>) -> wasmtime::Result<()> {
        self.end("exit", u8::from(status.is_err()))
    }

    fn exit_with_code(&mut self, status_code: u8) -> wasmtime::Result<()> {
        self.end("exit-with-code", status_code)
    }
}
