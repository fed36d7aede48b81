//! The broker and its proxy against real sockets, over loopback only.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "support code of tests is test code")]

mod addresses;
mod endings;
mod forward;
mod pool;
mod proxy;
mod requests;
mod server;
mod tls;
mod tunnel;
mod world;
