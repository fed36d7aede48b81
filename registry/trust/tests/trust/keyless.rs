//! Keyless signatures, end to end against an authority and logs of our own (`authority.rs`).

use std::path::Path;

use lockgate_trust::{IdentityRule, Reason, Signer, TrustPolicy, TrustRule, Trusted, attest, sign};
use lockgate_trust::{PROVENANCE_PREDICATE, ProvenanceRule, SIGNATURE_PREDICATE};
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::{Value, json};

use crate::authority::{Authority, Order, SIGNED_AT_S};
use crate::support::{changed, manifest, reason, signed, verdict};

const ISSUER: &str = "https://issuer.example";
const SUBJECT: &str = "https://ci.example/team/build@refs/heads/main";
const DAY_S: i64 = 24 * 60 * 60;

fn statement(predicate_type: &str, predicate: &Value) -> Vec<u8> {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "digest": { "sha256": manifest().hex() } }],
        "predicateType": predicate_type,
        "predicate": predicate,
    })
    .to_string()
    .into_bytes()
}

fn signature() -> Vec<u8> {
    statement(SIGNATURE_PREDICATE, &json!({}))
}

fn policy_for(authority: &Authority, identity: IdentityRule, provenance: Option<ProvenanceRule>) -> TrustPolicy {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trusted_root.json"), authority.root()).unwrap();
    let rule = TrustRule {
        prefix: "registry.example/team/".to_owned(),
        identities: Some(vec![identity]),
        trusted_root: Some("trusted_root.json".into()),
        provenance,
        ..TrustRule::default()
    };
    TrustPolicy::new([rule], &folder.path().join("lockgate.toml")).unwrap()
}

fn exact(issuer: &str, subject: &str) -> IdentityRule {
    IdentityRule { issuer: issuer.to_owned(), subject: Some(subject.to_owned()), subject_regex: None }
}

fn matching(pattern: &str) -> IdentityRule {
    IdentityRule { issuer: ISSUER.to_owned(), subject: None, subject_regex: Some(pattern.to_owned()) }
}

/// Makes a bundle as ordered, and wants a refusal that says `why`.
fn check(order: &Order, why: &str) {
    let authority = Authority::new();
    let bundle = authority.bundle(order, &signature());
    let found = reason(&policy_for(&authority, exact(ISSUER, SUBJECT), None), &manifest(), &bundle).to_string();
    assert!(found.contains(why), "wanted `{why}`, found `{found}`");
}

#[test]
fn a_keyless_signature_counts() {
    let authority = Authority::new();
    let bundle = authority.bundle(&Order::default(), &signature());
    let trusted = verdict(&policy_for(&authority, exact(ISSUER, SUBJECT), None), &manifest(), &[bundle]).unwrap();
    let Trusted::Signed { signer, .. } = trusted else { panic!("{trusted:?}") };
    assert_eq!(signer, Signer::Identity { issuer: ISSUER.to_owned(), subject: SUBJECT.to_owned() });
}

#[test]
fn keyless_provenance_counts_beside_a_signature() {
    let authority = Authority::new();
    let predicate = json!({
        "buildDefinition": { "buildType": "t", "externalParameters": { "workflow": { "repository": "https://git.example/team/cargo" } } },
        "runDetails": { "builder": { "id": "https://ci.example/builder" } },
    });
    let bundles = [signature(), statement(PROVENANCE_PREDICATE, &predicate)]
        .map(|statement| authority.bundle(&Order::default(), &statement));
    let wanted = ProvenanceRule {
        builder: "https://ci.example/builder".to_owned(),
        source: "https://git.example/team/cargo".to_owned(),
        build_type: Some("t".to_owned()),
    };
    let policy = policy_for(&authority, exact(ISSUER, SUBJECT), Some(wanted));
    assert!(matches!(verdict(&policy, &manifest(), &bundles), Ok(Trusted::Signed { provenance: Some(_), .. })));
    assert!(verdict(&policy, &manifest(), &bundles[..1]).is_err());
    assert!(verdict(&policy, &manifest(), &bundles[1..]).is_err());
}

#[test]
fn whoever_the_rule_does_not_name_does_not_count() {
    let authority = Authority::new();
    let bundle = authority.bundle(&Order::default(), &signature());
    for identity in [
        exact("https://issuer.example/", SUBJECT),
        exact(ISSUER, "https://ci.example/team/build"),
        exact(SUBJECT, ISSUER),
        matching("https://ci.example/team/build"),
        matching("ci[.]example/team/.*"),
        matching("https://ci[.]example/team/build@refs/heads/(main|x)y|z"),
    ] {
        let found = reason(&policy_for(&authority, identity.clone(), None), &manifest(), &bundle);
        assert!(matches!(found, Reason::OtherIdentity { .. }), "{identity:?}: {found}");
    }
    for pattern in ["https://ci[.]example/team/.*", "x|https://ci[.]example/team/build@refs/heads/main|y"] {
        assert!(
            verdict(&policy_for(&authority, matching(pattern), None), &manifest(), &[&bundle]).is_ok(),
            "{pattern}"
        );
    }
}

#[test]
fn every_proof_is_wanted() {
    check(&Order { has_sct: false, ..Order::default() }, "signed certificate timestamp");
    check(&Order { has_entry: false, ..Order::default() }, "must have an inclusion proof");
    check(&Order { has_proof: false, ..Order::default() }, "must have an inclusion proof");
    check(&Order { has_promise: false, ..Order::default() }, "No verified timestamp");
    check(&Order { usage: ExtendedKeyUsagePurpose::ServerAuth, ..Order::default() }, "certificate chain");
}

#[test]
fn a_certificate_counts_on_its_day_only() {
    check(&Order { signed_at_s: SIGNED_AT_S + DAY_S, ..Order::default() }, "CertExpired");
    check(&Order { signed_at_s: SIGNED_AT_S - DAY_S, ..Order::default() }, "CertNotValidYet");
    // Until the year 2200 at least, this is the future.
    check(&Order { signed_at_s: 7_258_118_400, ..Order::default() }, "future");
}

#[test]
fn another_authority_does_not_count() {
    let bundle = Authority::new().bundle(&Order::default(), &signature());
    let found = reason(&policy_for(&Authority::new(), exact(ISSUER, SUBJECT), None), &manifest(), &bundle);
    assert!(matches!(found, Reason::Certificate(_)), "{found}");
}

#[test]
fn what_was_changed_after_signing_does_not_count() {
    let authority = Authority::new();
    let [bundle, other] = [(); 2].map(|()| authority.bundle(&Order::default(), &signature()));
    let other: Value = serde_json::from_slice(&other).unwrap();
    let policy = policy_for(&authority, exact(ISSUER, SUBJECT), None);
    let entry = "/verificationMaterial/tlogEntries/0";
    for place in [
        "/verificationMaterial/certificate",
        entry,
        "/verificationMaterial/tlogEntries/0/canonicalizedBody",
        "/verificationMaterial/tlogEntries/0/inclusionPromise",
        "/verificationMaterial/tlogEntries/0/inclusionProof",
        "/dsseEnvelope/signatures",
    ] {
        let mixed = changed(&bundle, |json| *json.pointer_mut(place).unwrap() = other.pointer(place).unwrap().clone());
        let found = reason(&policy, &manifest(), &mixed);
        assert!(matches!(found, Reason::Certificate(_)), "{place}: {found}");
    }
    let later = changed(&bundle, |json| {
        json.pointer_mut(entry).unwrap()["integratedTime"] = json!((SIGNED_AT_S + 1).to_string());
    });
    assert!(reason(&policy, &manifest(), &later).to_string().contains("SET verification failed"));
}

#[test]
fn keys_and_identities_do_not_stand_in_for_each_other() {
    let authority = Authority::new();
    let (key, by_key) = signed();
    let keyless = authority.bundle(&Order::default(), &signature());
    let identities = policy_for(&authority, exact(ISSUER, SUBJECT), None);
    assert_eq!(reason(&identities, &manifest(), &by_key), Reason::NoCertificate);
    assert_eq!(reason(&crate::support::rule_for(&key), &manifest(), &keyless), Reason::NoKey);
    let attested = attest(&key, &manifest(), SIGNATURE_PREDICATE, &json!({})).unwrap();
    assert!(verdict(&identities, &manifest(), &[attested, sign(&key, &manifest()).unwrap()]).is_err());
}

#[test]
fn without_a_root_of_its_own_a_rule_uses_the_public_one() {
    let rule = TrustRule {
        prefix: "registry.example/team/".to_owned(),
        identities: Some(vec![exact(ISSUER, SUBJECT)]),
        ..TrustRule::default()
    };
    let policy = TrustPolicy::new([rule], Path::new("lockgate.toml")).unwrap();
    let bundle = Authority::new().bundle(&Order::default(), &signature());
    assert!(matches!(reason(&policy, &manifest(), &bundle), Reason::Certificate(_)));
}
