//! Keys and bundles that cosign 3.1.1 made (`tests/data/README.md`).

use lockgate_model::ids::Digest;
use lockgate_trust::{Reason, Signer, SigningKey, TrustPolicy, Trusted, sign};

use crate::support::{cosign, reason, rule, verdict};

const IMAGE: &str = "sha256:63e79918ef1e7d6298278644b6f59850ec79ca50d8d19ccbe361f03047f9d40d";
const HELLO: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const PROVENANCE: &str = r#"
provenance = { builder = "https://ci.example/builder", source = "https://git.example/team/x" }"#;

fn rule_with(file: &str, more: &str) -> TrustPolicy {
    rule(&format!("keys = [{file:?}]{more}"))
}

#[test]
fn a_signature_of_cosign_counts() {
    let trusted =
        verdict(&rule_with("p256.pub", ""), &IMAGE.parse().unwrap(), &[cosign("p256-signature.json")]).unwrap();
    let Trusted::Signed { prefix, signer, bundle, provenance: None } = trusted else { panic!("{trusted:?}") };
    assert_eq!(prefix, "registry.example/team");
    assert_eq!(signer.to_string(), "p256.pub (key sha256:33778de00f57)");
    assert_eq!(bundle, Digest::of(cosign("p256-signature.json").as_bytes()));
}

#[test]
fn an_attestation_of_cosign_counts_beside_a_signature() {
    let policy = rule_with("p256.pub", PROVENANCE);
    let bundles = ["p256-provenance.json", "p256-signature.json"].map(cosign);
    let trusted = verdict(&policy, &IMAGE.parse().unwrap(), &bundles).unwrap();
    let Trusted::Signed { provenance: Some(found), .. } = trusted else { panic!("{trusted:?}") };
    assert_eq!(found.builder, "https://ci.example/builder");
    assert_eq!(found.source, "git+https://git.example/team/x@refs/heads/main");
    assert_eq!(found.build_type, "https://example.com/build/v1");
}

#[test]
fn an_attestation_is_no_signature() {
    let found = reason(&rule_with("p256.pub", ""), &IMAGE.parse().unwrap(), cosign("p256-provenance.json").as_bytes());
    assert_eq!(
        found.to_string(),
        "by the right signer, but it is a `https://slsa.dev/provenance/v1` and not a `https://sigstore.dev/cosign/sign/v1`"
    );
}

#[test]
fn keys_of_other_kinds_count() {
    for kind in ["p384", "rsa"] {
        let policy = rule_with(&format!("{kind}.pub"), PROVENANCE);
        let bundle = cosign(&format!("{kind}-provenance.json"));
        let found = reason(&policy, &HELLO.parse().unwrap(), bundle.as_bytes());
        // The signature was right: only what it says is not what was looked for.
        assert!(matches!(found, Reason::OtherPredicate { .. }), "{kind}: {found}");
    }
}

#[test]
fn the_prehashed_ed25519_of_cosign_does_not_count() {
    let policy = rule_with("ed25519.pub", "");
    let found = reason(&policy, &HELLO.parse().unwrap(), cosign("ed25519-provenance.json").as_bytes());
    assert!(matches!(found, Reason::InvalidSignature { .. }), "{found}");
}

#[test]
fn an_encrypted_key_of_cosign_signs() {
    let text = cosign("p256.key");
    assert!(SigningKey::is_encrypted(&text).unwrap());
    let key = SigningKey::read(&text, Some(b"correct-horse")).unwrap();
    assert_eq!(key.public().to_pem(), cosign("p256.pub"));
    let manifest = Digest::of(b"another plugin");
    let trusted = verdict(&rule_with("p256.pub", ""), &manifest, &[sign(&key, &manifest).unwrap()]).unwrap();
    assert!(matches!(trusted, Trusted::Signed { signer: Signer::Key { .. }, .. }), "{trusted:?}");
}

#[test]
fn the_older_name_of_the_encrypted_form_is_read() {
    let text = cosign("p256.key").replace("SIGSTORE", "COSIGN");
    assert_eq!(SigningKey::read(&text, Some(b"correct-horse")).unwrap().public().to_pem(), cosign("p256.pub"));
}

/// What is signed here is, to the byte, the statement that cosign signs: it differs from cosign's bundle in the signature
/// alone, which is another one each time.
#[test]
fn the_statement_is_the_one_that_cosign_writes() {
    let key = SigningKey::read(&cosign("p256.key"), Some(b"correct-horse")).unwrap();
    let ours: serde_json::Value = serde_json::from_slice(&sign(&key, &IMAGE.parse().unwrap()).unwrap()).unwrap();
    let theirs: serde_json::Value = serde_json::from_str(&cosign("p256-signature.json")).unwrap();
    for place in ["/mediaType", "/verificationMaterial/publicKey", "/dsseEnvelope/payload", "/dsseEnvelope/payloadType"]
    {
        assert_eq!(ours.pointer(place), theirs.pointer(place), "{place}");
    }
}
