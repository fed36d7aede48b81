//! What the tests of this room share: rules from text, keys, bundles, and errors in one line.

use std::error::Error;
use std::path::{Path, PathBuf};

use lockgate_model::ids::Digest;
use lockgate_registry::Reference;
use lockgate_trust::{PolicyError, Reason, SigningKey, TrustPolicy, TrustRule, Trusted, Untrusted, sign};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    trust: Vec<TrustRule>,
}

/// The folder of what cosign made.
pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// A file that cosign made.
pub(crate) fn cosign(name: &str) -> String {
    std::fs::read_to_string(data().join(name)).unwrap()
}

/// Rules, as they stand in a `lockgate.toml` beside what cosign made.
pub(crate) fn policy(text: &str) -> Result<TrustPolicy, PolicyError> {
    let configuration: Configuration = toml::from_str(text).unwrap();
    TrustPolicy::new(configuration.trust, &data().join("lockgate.toml"))
}

/// One rule for `registry.example/team/`.
pub(crate) fn rule(text: &str) -> TrustPolicy {
    policy(&format!("[[trust]]\nprefix = \"registry.example/team/\"\n{text}")).unwrap()
}

/// A rule that names the public half of a key.
pub(crate) fn rule_for(key: &SigningKey) -> TrustPolicy {
    rule(&format!("keys = ['''{}''']", key.public().to_pem()))
}

/// A reference that is known to be one.
pub(crate) fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

/// The verdict about `registry.example/team/cargo:0.1`.
pub(crate) fn verdict<B: AsRef<[u8]>>(
    policy: &TrustPolicy,
    manifest: &Digest,
    bundles: &[B],
) -> Result<Trusted, Untrusted> {
    policy.check(&reference("registry.example/team/cargo:0.1"), manifest, bundles)
}

/// Why the only bundle did not count.
pub(crate) fn reason(policy: &TrustPolicy, manifest: &Digest, bundle: &[u8]) -> Reason {
    match verdict(policy, manifest, &[bundle]) {
        Err(Untrusted::Refused(refusal)) => {
            assert_eq!(refusal.findings.len(), 1);
            refusal.findings[0].reason.clone()
        }
        other => panic!("it should be refused: {other:?}"),
    }
}

/// The digest of some plugin's manifest.
pub(crate) fn manifest() -> Digest {
    Digest::of(b"the manifest of a plugin")
}

/// A key, and a bundle with its signature of `manifest()`.
pub(crate) fn signed() -> (SigningKey, Vec<u8>) {
    let key = SigningKey::generate().unwrap();
    let bundle = sign(&key, &manifest()).unwrap();
    (key, bundle)
}

/// A bundle with something changed.
pub(crate) fn changed(bundle: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut json = serde_json::from_slice(bundle).unwrap();
    change(&mut json);
    serde_json::to_vec(&json).unwrap()
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
