//! The binary `lockgate` beside the programs of others: what one writes the other reads, byte for byte.
//!
//! Everything is tried against Debian's `docker-registry` and against this project's own server. A test that lacks a
//! program says so and passes, except where the environment variable CI is set.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "these are tests")]

mod among_others;
mod cosign;
mod logins;
mod oras;
mod provenance;
mod skopeo;
mod world;
