//! Secrets are used, not seen.

use crate::host;

pub use crate::bindings::lockgate::plugin::secrets::SecretError;

/// What stands for a secret in the header of an outgoing request; only the host ever puts the value in its place, and
/// only for the hosts that the secret is bound to.
///
/// # Errors
/// A secret that is not granted or that the host does not have.
pub fn placeholder(name: &str) -> Result<String, SecretError> {
    host::placeholder(name)
}
