//! The real binary on real projects: what a user sees, types and gets back.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "these are tests")]

mod authorship;
mod bad_input;
mod cache;
mod chatty;
mod crash;
mod flow;
mod hostile;
mod journal_views;
mod memory;
mod native_network;
mod pins;
mod plugins;
mod publish;
mod replay;
mod secrets;
mod views;
