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

impl Host {
    fn is_alarm(&self, pollable: &Resource<DynPollable>) -> bool {
        self.alarms.contains(&pollable.rep())
    }
}

impl Poll for Host {
    /// Where time is not the host's, it stands still while something real is waited for: an alarm beside a request would
    /// else go off before any answer can have come.
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        let real: Vec<u32> = (0_u32..).zip(&pollables).filter(|(_, it)| !self.is_alarm(it)).map(|(at, _)| at).collect();
        if self.time.is_real() || real.is_empty() || real.len() == pollables.len() {
            return self.waiting(|host| Poll::poll(&mut host.table, pollables));
        }
        let is_real = |at: u32| real.contains(&at);
        let waited_for = (0_u32..).zip(pollables).filter(|(at, _)| is_real(*at)).map(|(_, it)| it).collect();
        let ready = self.waiting(|host| Poll::poll(&mut host.table, waited_for))?;
        Ok(ready.into_iter().filter_map(|at| real.get(usize::try_from(at).ok()?).copied()).collect())
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
        self.alarms.remove(&pollable.rep());
        HostPollable::drop(&mut self.table, pollable)
    }
}
