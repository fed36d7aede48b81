//! The one place that reaches the host: WebAssembly's imports in a component, the test harness natively.

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod request;
#[cfg(target_family = "wasm")]
mod wasm;

#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{
    World, attempt, exec, fetch, idempotency_key, install, log_progress, log_write, placeholder, platform, publish,
    run_url, send, uninstall, workspace,
};
#[cfg(target_family = "wasm")]
pub(crate) use request::send;
#[cfg(target_family = "wasm")]
pub(crate) use wasm::{
    attempt, exec, fetch, idempotency_key, log_progress, log_write, placeholder, platform, publish, run_url, workspace,
};
