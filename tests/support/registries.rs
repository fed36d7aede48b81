//! Registries that tests speak with, over HTTP on the loopback interface.

mod debian;

pub use debian::DebianRegistry;

/// A name and a password that a registry lets in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}
