//! The host interfaces of the contract, one file each: what it grants, what it does, what the journal says of it.
//!
//! A capability reaches the guest only through `Host::free`, `Host::allowed` or `Host::granted`, or writes a line of the
//! log: these count the call against its budget, stop a call that must not go on, and write to the journal. What reaches
//! nothing but the guest's own handles and buffers goes through `Host::local`, which counts it, and the journal has the
//! sum for each interface.

pub(crate) mod artifacts;
pub(crate) mod beneath;
pub(crate) mod context;
pub(crate) mod exec;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod secrets;
pub(crate) mod wasi;
