//! The real binary on real projects: what a user sees, types and gets back.

mod bad_input;
mod crash;
mod flow;
mod hostile;
mod memory;
mod plugins;
mod views;
