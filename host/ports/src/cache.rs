//! Answers that were given before. A cache may forget at any time and is never the truth.

use lockgate_model::ids::Digest;
use lockgate_model::plan::Trust;

/// What a namespace holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NamespaceStats {
    /// Its name.
    pub namespace: String,
    /// Values.
    pub entries: u64,
    /// What they cost.
    pub bytes: u64,
}

/// Small values by key. Namespaces keep what differs in trust or meaning apart: `call`, `action`.
pub trait Cache: Send + Sync {
    /// The value, if it is known. A cache that cannot be read knows nothing.
    fn get(&self, namespace: &str, key: &Digest) -> Option<Vec<u8>>;

    /// Remembers a value; may do so later, or not at all.
    fn put(&self, namespace: &str, key: &Digest, value: Vec<u8>);
}

/// A cache as the runs of one degree of trust see it: a run of untrusted origin reads what trusted ones wrote, and
/// never writes what they read.
#[derive(Clone)]
pub struct TrustedCache {
    cache: std::sync::Arc<dyn Cache>,
    trust: Trust,
}

impl TrustedCache {
    /// The cache for a run of this trust.
    #[must_use]
    pub fn new(cache: std::sync::Arc<dyn Cache>, trust: Trust) -> Self {
        Self { cache, trust }
    }

    /// The value, if it is known to runs of this trust.
    #[must_use]
    pub fn get(&self, namespace: &str, key: &Digest) -> Option<Vec<u8>> {
        let own = || self.cache.get(&untrusted(namespace), key);
        let found = if self.trust == Trust::Untrusted { own() } else { None };
        found.or_else(|| self.cache.get(namespace, key))
    }

    /// Remembers a value for runs of this trust.
    pub fn put(&self, namespace: &str, key: &Digest, value: Vec<u8>) {
        match self.trust {
            Trust::Trusted => self.cache.put(namespace, key, value),
            Trust::Untrusted => self.cache.put(&untrusted(namespace), key, value),
        }
    }
}

fn untrusted(namespace: &str) -> String {
    format!("{namespace}@untrusted")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<(String, Digest), Vec<u8>>>);

    impl Cache for Memory {
        fn get(&self, namespace: &str, key: &Digest) -> Option<Vec<u8>> {
            self.0.lock().unwrap().get(&(namespace.to_owned(), *key)).cloned()
        }

        fn put(&self, namespace: &str, key: &Digest, value: Vec<u8>) {
            self.0.lock().unwrap().insert((namespace.to_owned(), *key), value);
        }
    }

    #[test]
    fn what_an_untrusted_run_writes_no_trusted_one_reads() {
        let memory = Arc::new(Memory::default());
        let [trusted, untrusted] =
            [Trust::Trusted, Trust::Untrusted].map(|trust| TrustedCache::new(memory.clone(), trust));
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        untrusted.put("call", &one, vec![1]);
        trusted.put("call", &other, vec![2]);
        assert_eq!((untrusted.get("call", &one), trusted.get("call", &one)), (Some(vec![1]), None));
        assert_eq!((untrusted.get("call", &other), trusted.get("call", &other)), (Some(vec![2]), Some(vec![2])));
    }
}
