//! Plugins as WebAssembly components in wasmtime: the port `Sandbox`.
//!
//! A call gets a store and an instance of its own, and nothing of it stays. What it may reach is decided here, against
//! its kind and its grants; what it did reach is in the journal, for every host call takes one path
//! (`Host::free`, `Host::allowed`, `Host::granted` in `host.rs`). This room knows components and host calls; it knows neither runs nor
//! pipelines, and reaches tools, blobs and cache through ports only.

mod answer;
mod answered;
pub mod bare;
mod bindings;
mod call;
mod canonical;
mod capability;
mod compiled;
mod convert;
pub mod engine;
mod host;
mod indices;
mod inspect;
mod limiter;
mod lines;
mod observed;
mod permits;
mod plugins;
mod reach;
mod sandbox;
mod stop;
mod watch;

pub use answered::check_kept_answer;
pub use observed::check_kept_questions;
pub use sandbox::{SandboxError, Settings, WasmSandbox};

/// The version of the contract that this host speaks.
pub const CONTRACT: &str = "0.1.0";
