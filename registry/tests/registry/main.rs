//! The registry room from outside: references, layouts, mirrors, lock files, and the way from one to the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod layout;
mod liar;
mod lock;
mod mirrors;
mod plugin;
mod reference;
mod registry;
mod remote;
mod remote_login;
mod support;
