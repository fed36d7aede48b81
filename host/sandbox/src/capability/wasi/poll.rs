//! `wasi:io/poll`: waiting. The processor is free for others meanwhile, and a call that must end stops waiting.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::sync::io::poll::{Host as Poll, HostPollable};

use crate::host::Host;

impl Host {
    fn waiting<T>(&mut self, wait: impl FnOnce(&mut Self) -> wasmtime::Result<T>) -> wasmtime::Result<T> {
        self.local("wasi:io/poll")?;
        let waited = self.without_permit(wait)?;
        self.watch.check()?;
        waited
    }
}

impl Poll for Host {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        self.waiting(|host| Poll::poll(&mut host.table, pollables))
    }
}

impl HostPollable for Host {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        self.local("wasi:io/poll")?;
        HostPollable::ready(&mut self.table, pollable)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.waiting(|host| HostPollable::block(&mut host.table, pollable))
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.local("wasi:io/poll")?;
        HostPollable::drop(&mut self.table, pollable)
    }
}
