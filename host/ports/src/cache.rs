//! Answers that were given before. A cache may forget at any time and is never the truth.

use lockgate_model::ids::Digest;

/// Small values by key. Namespaces keep what differs in trust or meaning apart: `call`, `action`.
pub trait Cache: Send + Sync {
    /// The value, if it is known. A cache that cannot be read knows nothing.
    fn get(&self, namespace: &str, key: &Digest) -> Option<Vec<u8>>;

    /// Remembers a value; may do so later, or not at all.
    fn put(&self, namespace: &str, key: &Digest, value: Vec<u8>);
}
