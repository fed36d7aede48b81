//! The words of Lockgate as plain data.
//!
//! Nothing in here reads a file, a clock or a socket: every other room may depend on this one, and this one depends on
//! none. The shapes that leave the process (events, plans, evidence) are the wire format; a change to one of them is
//! a new version of it.

pub mod call;
pub mod catalog;
pub mod contract;
pub mod delivery;
pub mod event;
pub mod evidence;
pub mod grant;
pub mod host_call;
pub mod ids;
pub mod limits;
pub mod outcome;
pub mod plan;
pub mod template;
pub mod time;
pub mod tree;

/// JSON as configuration, inputs and outputs carry it.
pub type Json = serde_json::Value;
