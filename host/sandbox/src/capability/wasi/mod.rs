//! WASI 0.2, linked for every kind because language runtimes import it whether they use it or not, and denied at the
//! call: no folder, an empty environment, no sockets, time and randomness that depend on the input alone. What a kind
//! or a grant allows is added here.
//!
//! Sockets are wasmtime-wasi's own (a context without any allowed answers `access-denied`), and so is what happens to
//! files once a call is counted and noted; clocks, randomness, environment, waiting and the standard streams are
//! Lockgate's.

pub(crate) mod clocks;
mod environment;
mod exit;
mod files;
pub(crate) mod open_files;
mod poll;
pub(crate) mod random;
pub(crate) mod reachable;
mod sockets;
pub(crate) mod stdio;
mod streams;

use lockgate_model::call::Kind;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};

use super::beneath::GUEST_WORKSPACE;
use crate::host::Host;
use crate::stop::Stop;

/// Links WASI; Lockgate's own functions take the place of wasmtime-wasi's.
pub(crate) fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    linker.allow_shadowing(true);
    bindings::clocks::wall_clock::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::clocks::monotonic_clock::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::random::random::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::random::insecure::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::random::insecure_seed::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::sync::filesystem::types::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::cli::environment::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::cli::stdout::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::cli::stderr::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::sync::io::poll::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::sync::io::streams::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::cli::exit::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::filesystem::preopens::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::sockets::tcp_create_socket::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::sync::sockets::udp_create_socket::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::sockets::instance_network::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    bindings::sockets::ip_name_lookup::add_to_linker::<_, HasSelf<_>>(linker, |host| host)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_sync(linker)?;
    super::http::link(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl WasiView for Host {
    /// Every call of a function that is wasmtime-wasi's own comes through here, and is counted: what it can reach is the
    /// guest's own (standard input that is empty, terminals that are not there, sockets that cannot be had).
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.count_local("wasi");
        WasiCtxView { ctx: self.wasi.get_or_insert_default(), table: &mut self.table }
    }
}

/// wasmtime-wasi's state for a function that was counted already.
pub(crate) struct Quiet<'a> {
    ctx: &'a mut WasiCtx,
    table: &'a mut ResourceTable,
}

impl WasiView for Quiet<'_> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.ctx, table: self.table }
    }
}

impl Host {
    /// wasmtime-wasi's state.
    pub(crate) fn quiet(&mut self) -> Quiet<'_> {
        Quiet { ctx: self.wasi.get_or_insert_default(), table: &mut self.table }
    }
}

impl Host {
    /// Opens the workspace for a kind that sees it; it is filled when the guest first looks into it. A call without one builds its context when it first asks for it.
    pub(crate) fn open_workspace(&mut self) -> Result<(), Stop> {
        let Some(workspace) = &self.reach.workspace else { return Ok(()) };
        let writable = workspace.writable && self.kind != Kind::Scanner;
        let perms = if writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        let mut builder = WasiCtx::builder();
        builder
            .allow_blocking_current_thread(true)
            .preopened_dir(workspace.folder.path(), GUEST_WORKSPACE, perms)
            .map_err(|error| Stop::fault("cannot open the workspace", error.as_ref()))?;
        self.wasi = Some(builder.build());
        Ok(())
    }

    /// Sees to it that the workspace is filled, before anything looks into it or changes it.
    pub(crate) fn look_inside(&self) -> Result<(), Stop> {
        let filled = self.reach.workspace.as_ref().map_or(Ok(()), |workspace| workspace.folder.fill());
        filled.map_err(|error| Stop::fault("cannot fill the workspace", &error))
    }
}
