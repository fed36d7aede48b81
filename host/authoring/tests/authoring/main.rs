//! New plugins that compile, components that are inspected, cases that are tried, pages that are written.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "a test may stop and say why, its helpers too")]

mod build;
mod cases;
mod docs;
mod inspect;
mod new;
mod support;
mod templates;
mod world;
