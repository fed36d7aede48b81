//! A compiler for wasm32-wasip2: the one that is there, rustup's target, or Debian's packages.
//!
//! rustup's own target is asked for first. Where its server is out of reach, Debian's packages are fetched into a private
//! folder, without root and without a change to the system. Other programs can be had in the same way: see [`packages`].
//!
//! Nothing here prints: what is about to happen is said through a function of the caller's.

mod command;
mod debian;
mod error;
pub mod packages;
mod toolchain;
mod whole;

pub use command::find_program;
pub use debian::{FOLDER_VARIABLE, Prefix};
pub use error::ToolchainError;
pub use toolchain::{Origin, TARGET, Toolchain};
