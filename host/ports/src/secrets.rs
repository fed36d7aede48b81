//! Values that nobody may see: where they come from, and how they are kept out of everything that is written.

mod mask;
mod value;

pub use self::mask::{MASKED_BYTES_MIN, Mask};
pub use self::value::SecretValue;

/// A secret as its store has it.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its value.
    pub value: SecretValue,
    /// Hosts (`host` or `host:port`; 443 where no port is written) whose requests may carry it. Empty: none may.
    pub hosts: Vec<String>,
}

impl Secret {
    /// Whether a request to this host and port may carry it.
    #[must_use]
    pub fn is_bound_to(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.');
        self.hosts.iter().any(|bound| {
            let (name, bound_port) = split_port(bound);
            name.eq_ignore_ascii_case(host) && bound_port == port
        })
    }
}

/// A version 6 address with a port stands in brackets.
fn split_port(bound: &str) -> (&str, u16) {
    const HTTPS: u16 = 443;
    if let Some((name, rest)) = bound.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (name, rest.strip_prefix(':').and_then(|port| port.parse().ok()).unwrap_or(HTTPS));
    }
    match bound.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, port.parse().unwrap_or(0)),
        _ => (bound, HTTPS),
    }
}

/// Why a secret cannot be had. No text of it ever holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No store has one of this name; says where it was looked for and how to add it.
    #[error("{0}")]
    Unknown(String),
    /// A store has it and cannot give it: no key, no connection, damaged; says what to do.
    #[error("{0}")]
    Unavailable(String),
}

/// Gives secrets by name.
pub trait Secrets: Send + Sync {
    /// The secret of this name; may ask a server.
    ///
    /// # Errors
    /// When there is none, or it cannot be had now.
    fn get(&self, name: &str) -> Result<Secret, SecretError>;
}

/// A host without any store.
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn get(&self, name: &str) -> Result<Secret, SecretError> {
        Err(SecretError::Unknown(format!("this host keeps no secrets, so there is no `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_bound_to_host_and_port() {
        let hosts = ["api.example", "local.example:8080", "[::1]:90", "::2"].map(str::to_owned).to_vec();
        let secret = Secret { value: SecretValue::new(b"value".to_vec()), hosts };
        for (host, port, expected) in [
            ("API.example.", 443, true),
            ("api.example", 80, false),
            ("local.example", 8080, true),
            ("local.example", 443, false),
            ("::1", 90, true),
            ("::2", 443, true),
            ("x.api.example", 443, false),
            ("api.example.evil", 443, false),
        ] {
            assert_eq!(secret.is_bound_to(host, port), expected, "{host}:{port}");
        }
    }
}
