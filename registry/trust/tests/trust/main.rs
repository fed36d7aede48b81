//! The trust room from outside: rules, bundles of cosign's and of our own, hostile ones, keys, and the texts of refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod attestation;
mod authority;
mod cosign;
mod hostile;
mod keyless;
mod policy;
mod provenance;
mod referrer;
mod refusal;
mod rules;
mod signing_key;
mod support;
