//! The secrets room from outside: files that were changed by hand, keys that come and go, stores in their order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod edit;
mod file;
mod form;
mod interop;
mod silence;
mod stores;
mod support;
mod tamper;
