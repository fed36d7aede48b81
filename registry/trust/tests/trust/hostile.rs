//! Bundles that somebody made, cut, swelled or changed: none counts, and each says why.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_model::ids::Digest;
use lockgate_trust::{
    BUNDLE_BYTES_MAX, BUNDLES_MAX, PublicKey, Reason, STATEMENT_BYTES_MAX, SUBJECTS_MAX, SignError, SigningKey,
    Trusted, Untrusted, attest, sign,
};
use serde_json::{Value, json};

use crate::support::{changed, manifest, reason, rule, rule_for, signed, verdict};

const PAYLOAD: &str = "/dsseEnvelope/payload";
const SIGNATURE: &str = "/dsseEnvelope/signatures/0/sig";
const TYPE: &str = "application/vnd.in-toto+json";

/// Changes a signed bundle, and wants a refusal that says `why`.
fn check(change: impl FnOnce(&mut Value), why: &str) {
    let (key, bundle) = signed();
    let found = reason(&rule_for(&key), &manifest(), &changed(&bundle, change)).to_string();
    assert!(found.contains(why), "{found}");
}

fn set(place: &'static str, to: impl FnOnce(&str) -> String) -> impl FnOnce(&mut Value) {
    move |json| {
        let value = json.pointer_mut(place).unwrap();
        *value = Value::String(to(value.as_str().unwrap()));
    }
}

fn statement(change: impl FnOnce(&mut Value)) -> impl FnOnce(&str) -> String {
    move |payload| STANDARD.encode(changed(&STANDARD.decode(payload).unwrap(), change))
}

#[test]
fn a_signature_of_the_right_key_counts() {
    let (key, bundle) = signed();
    let trusted = verdict(&rule_for(&key), &manifest(), &[bundle]).unwrap();
    assert!(matches!(trusted, Trusted::Signed { .. }), "{trusted:?}");
}

#[test]
fn a_key_of_somebody_else_does_not_count() {
    let (_, bundle) = signed();
    let (key, _) = signed();
    let found = reason(&rule_for(&key), &manifest(), &bundle);
    assert!(matches!(found, Reason::OtherKey { .. }), "{found}");
}

#[test]
fn who_claims_a_key_must_have_it() {
    let (key, _) = signed();
    let (_, forged) = signed();
    let hint = key.public().hint();
    let forged = changed(&forged, set("/verificationMaterial/publicKey/hint", |_| hint));
    let found = reason(&rule_for(&key), &manifest(), &forged);
    assert!(matches!(found, Reason::InvalidSignature { .. }), "{found}");
}

#[test]
fn a_wrong_hint_does_no_harm() {
    let (key, bundle) = signed();
    let bundle = changed(&bundle, set("/verificationMaterial/publicKey/hint", |_| "whoever".to_owned()));
    assert!(verdict(&rule_for(&key), &manifest(), &[bundle]).is_ok());
}

#[test]
fn what_was_changed_after_signing_does_not_count() {
    check(set(PAYLOAD, statement(|json| json["predicate"]["note"] = json!("x"))), "its signature is invalid");
    check(set(PAYLOAD, statement(|json| json["predicateType"] = json!("x"))), "its signature is invalid");
    let flip = |signature: &str| {
        let mut bytes = STANDARD.decode(signature).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        STANDARD.encode(bytes)
    };
    check(set(SIGNATURE, flip), "its signature is invalid");
    check(set(SIGNATURE, |_| String::new()), "its signature is invalid");
}

#[test]
fn a_signature_of_another_manifest_does_not_count() {
    let (key, bundle) = signed();
    let found = reason(&rule_for(&key), &Digest::of(b"another manifest"), &bundle);
    assert_eq!(found, Reason::OtherSubject { found: Some(manifest()) });
    // Moved to this manifest by hand, it is not what was signed any more.
    let hex = Digest::of(b"another manifest").hex();
    let moved = changed(&bundle, set(PAYLOAD, statement(|json| json["subject"][0]["digest"]["sha256"] = json!(hex))));
    let found = reason(&rule_for(&key), &Digest::of(b"another manifest"), &moved);
    assert!(matches!(found, Reason::InvalidSignature { .. }), "{found}");
}

#[test]
fn another_predicate_does_not_count() {
    let (key, _) = signed();
    let bundle = attest(&key, &manifest(), "https://cosign.sigstore.dev/attestation/vuln/v1", &json!({})).unwrap();
    let found = reason(&rule_for(&key), &manifest(), &bundle);
    assert!(matches!(found, Reason::OtherPredicate { .. }), "{found}");
}

#[test]
fn another_shape_is_malformed() {
    check(set("/mediaType", |_| "application/vnd.dev.sigstore.bundle+json;version=0.1".to_owned()), "malformed");
    check(set("/mediaType", |_| "text/plain".to_owned()), "malformed");
    check(set("/dsseEnvelope/payloadType", |_| "text/plain".to_owned()), "its envelope holds `text/plain`");
    check(set(PAYLOAD, |_| STANDARD.encode("{}")), "malformed: its statement");
    check(set(PAYLOAD, |_| "no base64!".to_owned()), "malformed");
    check(set(PAYLOAD, statement(|json| json["_type"] = json!("https://in-toto.io/Statement/v9"))), "is of type");
    check(set(PAYLOAD, statement(|json| json["subject"] = json!([]))), "it is about another manifest");
    check(|json| json["dsseEnvelope"]["signatures"] = json!([]), "exactly one signature");
    check(|json| json["verificationMaterial"] = json!({}), "malformed");
    check(|json| *json = json!([]), "malformed");
}

#[test]
fn a_signature_of_bare_bytes_does_not_count() {
    let message = json!({"messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(manifest().as_bytes())}, "signature": "AAAA"});
    let to_message = |json: &mut Value| {
        json.as_object_mut().unwrap().remove("dsseEnvelope");
        json["messageSignature"] = message;
    };
    check(to_message, "it signs a file and holds no statement");
}

#[test]
fn a_bundle_cut_anywhere_is_malformed() {
    let (key, bundle) = signed();
    let policy = rule_for(&key);
    for end in 0..bundle.len() {
        let found = reason(&policy, &manifest(), &bundle[..end]);
        assert!(matches!(found, Reason::Malformed(_)), "cut at {end}: {found}");
    }
    assert!(matches!(reason(&policy, &manifest(), b"\xff\xfe"), Reason::Malformed(_)));
    assert!(matches!(reason(&policy, &manifest(), "[".repeat(100_000).as_bytes()), Reason::Malformed(_)));
}

#[test]
fn a_bundle_has_a_limit() {
    let (key, bundle) = signed();
    let padded = |bytes: usize| [bundle.clone(), vec![b' '; bytes - bundle.len()]].concat();
    assert!(verdict(&rule_for(&key), &manifest(), &[padded(BUNDLE_BYTES_MAX)]).is_ok());
    let found = reason(&rule_for(&key), &manifest(), &padded(BUNDLE_BYTES_MAX + 1));
    assert_eq!(
        found,
        Reason::TooLarge { what: "bundle", size_bytes: BUNDLE_BYTES_MAX + 1, max_bytes: BUNDLE_BYTES_MAX }
    );
}

#[test]
fn a_statement_has_a_limit() {
    let (key, _) = signed();
    let with = |bytes: usize| attest(&key, &manifest(), "x", &json!("x".repeat(bytes)));
    let empty: Value = serde_json::from_slice(&with(0).unwrap()).unwrap();
    let frame = STANDARD.decode(empty.pointer(PAYLOAD).unwrap().as_str().unwrap()).unwrap().len();
    let largest = with(STATEMENT_BYTES_MAX - frame).unwrap();
    assert!(matches!(reason(&rule_for(&key), &manifest(), &largest), Reason::OtherPredicate { .. }));
    let error = with(STATEMENT_BYTES_MAX - frame + 1).unwrap_err();
    assert!(matches!(error, SignError::TooLarge { size_bytes } if size_bytes == STATEMENT_BYTES_MAX + 1), "{error}");
    let larger = STANDARD.encode(vec![b' '; STATEMENT_BYTES_MAX + 1]);
    check(set(PAYLOAD, |_| larger), "its statement has 524289 bytes");
}

#[test]
fn subjects_have_a_limit() {
    let many = |count: usize| {
        set(PAYLOAD, statement(move |json| json["subject"] = json!(vec![json["subject"][0].clone(); count])))
    };
    check(many(SUBJECTS_MAX), "its signature is invalid");
    check(many(SUBJECTS_MAX + 1), "its statement has 1025 subjects");
}

#[test]
fn of_a_thousand_bundles_only_the_first_are_looked_at() {
    let (key, good) = signed();
    let (_, foreign) = signed();
    let mut bundles = vec![foreign; 1000];
    bundles[BUNDLES_MAX - 1] = good.clone();
    assert!(verdict(&rule_for(&key), &manifest(), &bundles).is_ok());
    bundles.swap(BUNDLES_MAX - 1, BUNDLES_MAX);
    let Err(Untrusted::Refused(refusal)) = verdict(&rule_for(&key), &manifest(), &bundles) else { panic!() };
    assert_eq!((refusal.findings.len(), refusal.not_looked_at), (BUNDLES_MAX, 1000 - BUNDLES_MAX));
}

#[test]
fn a_good_signature_counts_among_bad_ones() {
    let (key, good) = signed();
    let bundles = [b"{}".to_vec(), signed().1, good, Vec::new()];
    assert!(verdict(&rule_for(&key), &manifest(), &bundles).is_ok());
}

#[test]
fn any_one_of_the_keys_is_enough() {
    let (one, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let policy = rule(&format!("keys = ['''{}''', '''{}''']", one.public().to_pem(), other.public().to_pem()));
    for key in [one, other] {
        let trusted = verdict(&policy, &manifest(), &[sign(&key, &manifest()).unwrap()]).unwrap();
        let Trusted::Signed { signer, .. } = trusted else { panic!("{trusted:?}") };
        assert!(signer.to_string().contains(&key.public().id().short()), "{signer}");
    }
}

#[test]
fn ed25519_signs_the_message_itself() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let spki = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", pair.public_key().as_ref()].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(spki));
    let key = PublicKey::from_pem("ed25519.pub", &pem).unwrap();
    assert_eq!(key.to_pem(), pem);
    let (_, bundle) = signed();
    let bundle = changed(&bundle, |json| {
        let payload = STANDARD.decode(json.pointer(PAYLOAD).unwrap().as_str().unwrap()).unwrap();
        let message = [format!("DSSEv1 {} {TYPE} {} ", TYPE.len(), payload.len()).as_bytes(), &payload].concat();
        *json.pointer_mut(SIGNATURE).unwrap() = json!(STANDARD.encode(pair.sign(&message)));
    });
    assert!(verdict(&rule(&format!("keys = ['''{pem}''']")), &manifest(), &[bundle]).is_ok());
}
