//! Helpers shared by the tests that cross rooms: a project in a folder of its own, with the real binary and real plugins.

mod artifacts;
mod project;

pub use artifacts::{guest, lockgate};
pub use project::{Ended, Project};
