//! Attestations that are checked without a policy, against keys that somebody names.

use lockgate_model::ids::Digest;
use lockgate_trust::{
    PROVENANCE_PREDICATE, PublicKey, Reason, SIGNATURE_PREDICATE, STATEMENT_BYTES_MAX, SignError, Signer, SigningKey,
    attest_statement, verify_attestation,
};
use serde_json::{Value, json};

use crate::support::{changed, cosign, manifest, signed};

/// The file with the line `hello`, of which cosign has attested something.
const HELLO: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

fn statement(subjects: &Value) -> Vec<u8> {
    let statement = json!({ "_type": "https://in-toto.io/Statement/v1", "subject": subjects,
        "predicateType": PROVENANCE_PREDICATE, "predicate": { "x": 1 } });
    serde_json::to_vec(&statement).unwrap()
}

fn subject(name: &str, of: &Digest) -> Value {
    json!({ "name": name, "digest": { "sha256": of.hex() } })
}

/// What is said of `manifest()` in a statement with these subjects.
fn reason(subjects: &Value) -> Option<Reason> {
    let key = SigningKey::generate().unwrap();
    let bundle = attest_statement(&key, statement(subjects)).unwrap();
    verify_attestation(&bundle, &[key.public().clone()], &manifest(), PROVENANCE_PREDICATE).err()
}

#[test]
fn what_cosign_attests_of_a_file_is_read() {
    let keys = ["p384.pub", "rsa.pub"].map(|name| PublicKey::from_pem(name, &cosign(name)).unwrap());
    for (name, key) in ["p384", "rsa"].iter().zip(&keys) {
        let bundle = cosign(&format!("{name}-provenance.json"));
        let found =
            verify_attestation(bundle.as_bytes(), &keys, &HELLO.parse().unwrap(), PROVENANCE_PREDICATE).unwrap();
        assert_eq!(found.signer, Signer::Key { name: key.name().to_owned(), id: key.id() });
        assert!(found.predicate["buildDefinition"].is_object(), "{}", found.predicate);
    }
}

#[test]
fn the_statement_is_signed_as_it_is_given() {
    let key = SigningKey::generate().unwrap();
    let given = statement(&json!([subject("a.tar", &manifest())]));
    let bundle = attest_statement(&key, given.clone()).unwrap();
    let found = verify_attestation(&bundle, &[key.public().clone()], &manifest(), PROVENANCE_PREDICATE).unwrap();
    assert_eq!((found.statement, found.name.as_str()), (given, "a.tar"));
}

#[test]
fn each_subject_stands_there_once() {
    let other = Digest::of(b"another file");
    assert_eq!(reason(&json!([subject("other", &other), subject("it", &manifest())])), None);
    let twice = json!([subject("it", &manifest()), subject("by another name", &manifest())]);
    assert_eq!(reason(&twice), Some(Reason::DuplicateSubject));
    assert_eq!(reason(&json!([subject("other", &other)])), Some(Reason::OtherSubject { found: Some(other) }));
    assert_eq!(reason(&json!([])), Some(Reason::OtherSubject { found: None }));
}

#[test]
fn the_signature_is_looked_at_before_the_subject() {
    let (key, bundle) = signed();
    let other = SigningKey::generate().unwrap();
    let reason = |bundle: &[u8], key: &SigningKey, subject: &Digest| {
        verify_attestation(bundle, &[key.public().clone()], subject, SIGNATURE_PREDICATE).unwrap_err()
    };
    let elsewhere = Digest::of(b"another file");
    assert!(matches!(reason(&bundle, &other, &elsewhere), Reason::OtherKey { .. }));
    assert!(matches!(reason(&bundle, &key, &elsewhere), Reason::OtherSubject { .. }));
    let other_bundle: Value = serde_json::from_slice(&lockgate_trust::sign(&other, &elsewhere).unwrap()).unwrap();
    let exchanged =
        changed(&bundle, |json| json["dsseEnvelope"]["payload"] = other_bundle["dsseEnvelope"]["payload"].clone());
    assert!(matches!(reason(&exchanged, &key, &elsewhere), Reason::InvalidSignature { .. }));
}

#[test]
fn only_the_type_that_was_asked_for_counts() {
    let (key, bundle) = signed();
    let refused = verify_attestation(&bundle, &[key.public().clone()], &manifest(), PROVENANCE_PREDICATE);
    assert!(matches!(refused, Err(Reason::OtherPredicate { found, .. }) if found == SIGNATURE_PREDICATE));
}

#[test]
fn what_nobody_would_accept_is_not_signed() {
    let key = SigningKey::generate().unwrap();
    assert!(matches!(attest_statement(&key, b"{}".to_vec()), Err(SignError::Refused(_))));
    let mut fits = statement(&json!([subject("it", &manifest())]));
    fits.resize(STATEMENT_BYTES_MAX, b' ');
    attest_statement(&key, fits.clone()).unwrap();
    fits.push(b' ');
    assert!(matches!(attest_statement(&key, fits), Err(SignError::TooLarge { .. })));
}
