//! `context`: what a plugin may know of its attempt. Needs no grant; each question is in the journal, for it must not
//! reach a cache key unseen.

use serde_json::json;

use crate::bindings::host::context;
use crate::host::{Function, Host};

const fn function(name: &'static str) -> Function {
    Function { interface: "context", name }
}

impl context::Host for Host {
    fn attempt(&mut self) -> wasmtime::Result<u32> {
        let answer = |host: &mut Self| Ok(host.reach.attempt.as_ref().map_or(0, |attempt| attempt.number));
        self.free(function("attempt"), json!([]), answer, |number| json!(number))
    }

    fn idempotency_key(&mut self) -> wasmtime::Result<String> {
        let answer = |host: &mut Self| Ok(host.reach.idempotency_key.clone());
        self.free(function("idempotency-key"), json!([]), answer, |key| json!(key))
    }

    fn platform(&mut self) -> wasmtime::Result<String> {
        let here = |_: &mut Self| Ok(format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH));
        let answer = |host: &mut Self| host.ask_world(function("platform"), &json!([]), here);
        self.free(function("platform"), json!([]), answer, |platform| json!(platform))
    }

    fn run_url(&mut self) -> wasmtime::Result<Option<String>> {
        let answer = |host: &mut Self| Ok(host.reach.run_url.clone());
        self.free(function("run-url"), json!([]), answer, |url| json!(url))
    }
}
