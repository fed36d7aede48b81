//! Bundles: those that were made here, and those that somebody has changed, exchanged or made to deceive.

use lockgate_journal::provenance::{CachedTool, Contact, Embedded, VerifyError, sign, verify};
use lockgate_model::Json;
use lockgate_model::ids::Digest;
use lockgate_model::plan::Trust;
use lockgate_trust::{PROVENANCE_PREDICATE, PublicKey, Signer, SigningKey, attest, attest_statement};
use serde_json::json;

use crate::support::{ARTIFACT, Facts, digest};

fn artifact() -> Digest {
    Digest::of(ARTIFACT)
}

fn public(key: &SigningKey) -> [PublicKey; 1] {
    [key.public().clone()]
}

/// A key, and a bundle of the usual facts.
fn signed() -> (SigningKey, Vec<u8>) {
    let key = SigningKey::generate().unwrap();
    let bundle = sign(&Facts::new().statement(), &key).unwrap();
    (key, bundle)
}

/// Changes a statement before it is signed, and gives what is then said of it.
fn refusal_of(change: impl FnOnce(&mut Json)) -> VerifyError {
    let key = SigningKey::generate().unwrap();
    let mut json = Facts::new().json();
    change(&mut json);
    let bundle = attest_statement(&key, serde_json::to_vec(&json).unwrap()).unwrap();
    verify(&bundle, &public(&key), &artifact()).unwrap_err()
}

#[test]
fn what_is_signed_is_read_back() {
    let (key, bundle) = signed();
    let other = SigningKey::generate().unwrap();
    let keys = [other.public().clone(), key.public().clone()];
    let found = verify(&bundle, &keys, &artifact()).unwrap();
    assert_eq!(found.signer, Signer::Key { name: "signing key".to_owned(), id: key.public().id() });
    assert_eq!((found.artifact, found.name.as_str(), found.size_bytes), (artifact(), "service.tar", Some(13)));
    assert_eq!(
        (found.run.as_str(), found.made_by.step.as_str(), found.made_by.attempt),
        ("01jdrun00000aa", "compile", 2)
    );
    assert_eq!((found.tree, found.pipeline_digest), (Some(digest("tree")), Some(digest("name: service"))));
    assert_eq!(found.inputs, Embedded::Whole(json!({ "level": "patch", "count": 9_007_199_254_740_993_u64 })));
    assert_eq!(found.trust, Some(Trust::Trusted));
    let plugins: Vec<_> = found.plugins.iter().map(|it| (it.alias.as_str(), it.component, it.manifest)).collect();
    assert_eq!(
        plugins,
        [("cargo", Some(digest("cargo")), Some(digest("manifest"))), ("shell", Some(digest("shell")), None)]
    );
    let tools: Vec<_> =
        found.tools.iter().map(|it| (it.name.as_str(), it.fingerprint.clone(), it.is_command)).collect();
    let prints = ["cargo 1.95", "cc 12"].map(|text| Some(digest(text).hex()));
    let [cargo, cc] = prints;
    assert_eq!(tools, [("cargo", cargo, true), ("cc", cc, false), ("git", None, true)]);
    assert_eq!(found.fetched, [digest("earlier")]);
    assert_eq!(found.exposed_secrets, ["token"]);
    let peers = ["192.0.2.7:443", "192.0.2.8:443"].map(str::to_owned).to_vec();
    assert_eq!(found.contacts[1], Contact { host: "https://registry.example:443".to_owned(), peers });
    assert!(found.journal.is_some() && found.omitted.is_empty());
}

#[test]
fn a_result_from_the_cache_names_where_it_was_made() {
    let (key, bundle) = signed();
    let found = verify(&bundle, &public(&key), &artifact()).unwrap();
    let from = "01jdrun000000a/build/compile#1".to_owned();
    assert_eq!(found.cached, [CachedTool { tool: "cargo".to_owned(), from }]);
}

#[test]
fn another_key_does_not_count() {
    let (_, bundle) = signed();
    let other = SigningKey::generate().unwrap();
    for keys in [Vec::new(), public(&other).to_vec()] {
        let refusal = verify(&bundle, &keys, &artifact()).unwrap_err();
        assert!(matches!(refusal, VerifyError::OtherKey { .. }), "{refusal}");
        assert!(refusal.to_string().contains("name the public key of the host"), "{refusal}");
    }
}

#[test]
fn a_changed_artifact_is_another_one() {
    let (key, bundle) = signed();
    let changed = Digest::of(b"the artifact, changed\n");
    let refusal = verify(&bundle, &public(&key), &changed).unwrap_err();
    assert!(
        matches!(refusal, VerifyError::OtherArtifact { artifact: asked, found: Some(found) }
            if asked == changed && found == artifact()),
        "{refusal}"
    );
}

#[test]
fn a_changed_statement_is_refused_before_it_is_read() {
    let (key, bundle) = signed();
    let mut json: Json = serde_json::from_slice(&bundle).unwrap();
    let mut facts = Facts::new();
    // About another artifact: were it believed, it would be said to be about something else.
    facts.artifact.digest = digest("another");
    let other = sign(&facts.statement(), &SigningKey::generate().unwrap()).unwrap();
    let other: Json = serde_json::from_slice(&other).unwrap();
    json["dsseEnvelope"]["payload"] = other["dsseEnvelope"]["payload"].clone();
    let refusal = verify(&serde_json::to_vec(&json).unwrap(), &public(&key), &artifact()).unwrap_err();
    assert!(matches!(refusal, VerifyError::Changed { .. }), "{refusal}");
}

#[test]
fn a_subject_that_stands_there_twice_is_refused() {
    let twice = refusal_of(|json| {
        let mut again = json["subject"][0].clone();
        again["name"] = json!("another-name.tar");
        json["subject"] = json!([json["subject"][0], again]);
    });
    assert!(
        matches!(&twice, VerifyError::Bundle(reason) if reason.to_string().contains("the same subject twice")),
        "{twice}"
    );

    let key = SigningKey::generate().unwrap();
    let text = String::from_utf8(Facts::new().statement().as_bytes().to_vec()).unwrap();
    let member = format!(r#"{{"subject":[{{"digest":{{"sha256":"{}"}}}}],"#, digest("another").hex());
    let doubled = text.replacen('{', &member, 1);
    assert!(attest_statement(&key, doubled.into_bytes()).is_err(), "a member that stands there twice");
}

#[test]
fn other_subjects_beside_it_do_no_harm() {
    let key = SigningKey::generate().unwrap();
    let mut json = Facts::new().json();
    let other = json!({ "name": "other.tar", "digest": { "sha256": digest("other").hex() } });
    json["subject"] = json!([other, json["subject"][0]]);
    let bundle = attest_statement(&key, serde_json::to_vec(&json).unwrap()).unwrap();
    assert_eq!(verify(&bundle, &public(&key), &artifact()).unwrap().name, "service.tar");
}

#[test]
fn what_is_no_provenance_is_refused() {
    let key = SigningKey::generate().unwrap();
    for other in ["https://cyclonedx.org/bom", "https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1.1"] {
        let predicate = &Facts::new().json()["predicate"];
        let bundle = attest(&key, &artifact(), other, predicate).unwrap();
        let refusal = verify(&bundle, &public(&key), &artifact()).unwrap_err();
        assert!(matches!(&refusal, VerifyError::OtherPredicate { found } if found == other), "{refusal}");
    }
    let bundle = lockgate_trust::sign(&key, &artifact()).unwrap();
    let refusal = verify(&bundle, &public(&key), &artifact()).unwrap_err();
    assert!(matches!(refusal, VerifyError::OtherPredicate { .. }), "a signature is no provenance: {refusal}");
}

#[test]
fn provenance_of_another_form_is_refused() {
    let other =
        refusal_of(|json| json["predicate"]["buildDefinition"]["buildType"] = json!("https://ci.example/\u{1b}[2J"));
    assert!(matches!(&other, VerifyError::OtherBuildType { found } if found == "https://ci.example/[2J"), "{other}");
    let unknown = refusal_of(|json| json["predicate"]["buildDefinition"]["externalParameters"]["more"] = json!(1));
    assert!(matches!(unknown, VerifyError::Statement(_)), "an external parameter that nobody checks: {unknown}");
    let none = refusal_of(|json| json["predicate"] = json!({}));
    assert!(matches!(none, VerifyError::OtherBuildType { .. }), "{none}");
}

#[test]
fn what_newer_hosts_add_elsewhere_is_passed_over() {
    let key = SigningKey::generate().unwrap();
    let mut json = Facts::new().json();
    json["predicate"]["runDetails"]["metadata"]["lockgate_more"] = json!([1]);
    json["predicate"]["buildDefinition"]["internalParameters"]["more"] = json!({});
    let bundle = attest(&key, &artifact(), PROVENANCE_PREDICATE, &json["predicate"]).unwrap();
    let found = verify(&bundle, &public(&key), &artifact()).unwrap();
    assert_eq!((found.name.as_str(), found.size_bytes), ("", None), "this statement names its subject by digest alone");
}

#[test]
fn what_is_no_bundle_is_refused() {
    let (key, bundle) = signed();
    for bytes in [b"".as_slice(), b"{}", &bundle[..bundle.len() / 2], &vec![b' '; 2 * 1024 * 1024]] {
        let refusal = verify(bytes, &public(&key), &artifact()).unwrap_err();
        assert!(matches!(refusal, VerifyError::Bundle(_)), "{refusal}");
    }
}

#[test]
fn what_is_no_statement_is_not_signed() {
    let key = SigningKey::generate().unwrap();
    for text in ["", "{}", r#"{"_type":"https://in-toto.io/Statement/v2","subject":[],"predicateType":"x"}"#] {
        assert!(attest_statement(&key, text.as_bytes().to_vec()).is_err(), "{text}");
    }
}
