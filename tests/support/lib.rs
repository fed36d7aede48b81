//! Helpers shared by the tests that cross rooms: a project in a folder of its own, with the real binary and real plugins;
//! programs of others and registries.
#![allow(clippy::expect_used, reason = "a test that cannot be set up fails, and says where")]

mod artifacts;
mod loopback;
pub mod npm;
pub mod programs;
mod project;
pub mod registries;

pub use artifacts::{guest, lockgate};
pub use loopback::Loopback;
pub use project::{Ended, Project};
