//! The rules of this project that a machine can check.
//!
//! Each rule is one test, and says every place where it is broken at once. A new room is one line in `rooms::ALLOWED`,
//! a new rule is one file here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod contract;
mod lints;
mod manifests;
mod plugins;
mod project;
mod rooms;
mod shape;
mod words;
