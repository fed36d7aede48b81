//! The server from outside, over real HTTP on loopback. The modules `pull`, `push`, `discovery` and `management` are the
//! four workflows of the OCI distribution specification 1.1; in them each module is a section, each test a case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod child;
mod collect;
mod discovery;
mod hostile;
mod limits;
mod load;
mod management;
mod pull;
mod push;
mod support;
