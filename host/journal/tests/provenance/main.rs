//! Provenance from outside: the statement to the letter, signatures, changed things, the host's key, and cosign.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod collect;
mod cosign;
mod host_key;
mod statement;
mod support;
mod verify;
