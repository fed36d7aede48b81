//! Native tools in real sandboxes. Without bubblewrap these tests say so and pass, except in continuous integration.

#![allow(clippy::expect_used, clippy::print_stderr, clippy::unwrap_used, reason = "support code of tests is test code")]

mod cache;
mod egress;
mod endings;
mod files;
mod gate;
mod grants;
mod network;
mod records;
mod rust;
mod setup;
mod walls;
mod world;
