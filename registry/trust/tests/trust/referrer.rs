//! The manifest that carries a bundle.

use lockgate_model::ids::Digest;
use lockgate_registry::artifact::{Descriptor, MANIFEST_MEDIA_TYPE};
use lockgate_trust::referrer::{EMPTY_CONFIG, ReferrerError, bundle_manifest, read_bundle_manifest};
use lockgate_trust::{BUNDLE_BYTES_MAX, SIGNATURE_PREDICATE};
use serde_json::{Value, json};

use crate::support::{chain, changed, cosign, signed};

const SUBJECT: &[u8] = b"the manifest of a plugin";
const CREATED: &str = "2026-11-26T12:00:00Z";

fn subject() -> Descriptor {
    Descriptor::of(MANIFEST_MEDIA_TYPE, SUBJECT)
}

fn made() -> (Vec<u8>, Vec<u8>) {
    let (_, bundle) = signed();
    (bundle_manifest(&subject(), &bundle, CREATED).unwrap(), bundle)
}

/// Changes a manifest, and wants a refusal that says `why`.
fn check(change: impl FnOnce(&mut Value), why: &str) {
    let error = read_bundle_manifest(&changed(&made().0, change), &subject().digest).unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn what_is_made_can_be_read() {
    let (manifest, bundle) = made();
    let read = read_bundle_manifest(&manifest, &subject().digest).unwrap();
    assert_eq!((read.bundle.digest, read.bundle.size), (Digest::of(&bundle), bundle.len() as u64));
    assert_eq!(read.predicate_type.as_deref(), Some(SIGNATURE_PREDICATE));
}

#[test]
fn it_has_the_form_of_cosigns() {
    let ours: Value = serde_json::from_slice(&made().0).unwrap();
    let theirs: Value = serde_json::from_str(&cosign("p256-signature.manifest.json")).unwrap();
    for place in [
        "/schemaVersion",
        "/mediaType",
        "/artifactType",
        "/config/mediaType",
        "/config/digest",
        "/config/size",
        "/layers/0/mediaType",
        "/subject/mediaType",
        "/annotations/dev.sigstore.bundle.content",
        "/annotations/dev.sigstore.bundle.predicateType",
    ] {
        assert_eq!(ours.pointer(place), theirs.pointer(place), "{place}");
    }
    assert_eq!(ours["annotations"]["org.opencontainers.image.created"], CREATED);
    assert_eq!(ours["config"]["digest"], Digest::of(EMPTY_CONFIG).to_string());
}

#[test]
fn one_of_cosigns_can_be_read() {
    let manifest = cosign("p256-signature.manifest.json");
    let subject = "sha256:63e79918ef1e7d6298278644b6f59850ec79ca50d8d19ccbe361f03047f9d40d".parse().unwrap();
    let read = read_bundle_manifest(manifest.as_bytes(), &subject).unwrap();
    assert_eq!(read.bundle.digest, Digest::of(cosign("p256-signature.json").as_bytes()));
}

#[test]
fn another_manifest_is_refused() {
    check(|json| json["artifactType"] = json!("application/spdx+json"), "it carries a `application/spdx+json`");
    check(|json| json["layers"][0]["mediaType"] = json!("application/wasm"), "it carries a `application/wasm`");
    check(|json| json["layers"] = json!([]), "it has 0 layers");
    check(|json| json["layers"] = json!([json["layers"][0], json["layers"][0]]), "it has 2 layers");
    check(|json| json["subject"] = Value::Null, "attached to nothing");
    check(|json| json["subject"]["digest"] = json!(Digest::of(b"other").to_string()), "attached to sha256:");
    check(|json| json["schemaVersion"] = json!(1), "its schema version is 1");
    check(|json| *json = json!({}), "not an OCI image manifest");
    check(|json| json["layers"][0]["size"] = json!(BUNDLE_BYTES_MAX + 1), "its bundle has 1048577 bytes");
    check(|json| json["annotations"]["x"] = json!("x".repeat(4 * 1024 * 1024)), "its manifest has");
}

#[test]
fn only_a_bundle_about_the_subject_is_attached() {
    let (_, bundle) = signed();
    let other = Descriptor::of(MANIFEST_MEDIA_TYPE, b"another manifest");
    let error = bundle_manifest(&other, &bundle, CREATED).unwrap_err();
    assert!(
        chain(&error).starts_with("the bundle cannot be attached: it is about another manifest"),
        "{}",
        chain(&error)
    );
    assert!(matches!(bundle_manifest(&subject(), b"{}", CREATED), Err(ReferrerError::Bundle(_))));
}
