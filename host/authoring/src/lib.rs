//! For authors of plugins: new, build, test, inspect, docs, and what a new version wants more than the old one.
//!
//! Each module has one entry function and plain result types: [`new::new`], [`build::build`], [`cases::run`],
//! [`inspect::inspect`], [`docs::markdown`], [`diff::diff`]. Nothing here prints; results have a text form (`Display`) for
//! a terminal, in which no control character of a plugin is left, and most have a JSON form. Errors have a remedy where one
//! is known.
//!
//! What this room does not know: registries over a network, runs and pipelines, how a component is run. Where a plugin has to
//! be asked, that goes through the port `Sandbox`.

pub mod build;
pub mod cases;
pub mod diff;
pub mod docs;
pub mod inspect;
pub mod new;

mod host;
mod section;
mod text;

pub use host::{DescribeError, Host};
pub use section::{ABOUT_SECTION, SectionError};
