//! A component's outer face and its OCI form.

use std::collections::BTreeMap;

use lockgate_model::call::Kind;
use lockgate_model::limits::COMPONENT_BYTES_MAX;
use lockgate_registry::artifact::{LAYER_MEDIA_TYPE, Manifest, PackError, WasmConfig, pack};
use lockgate_registry::component::{ComponentError, Face};

use crate::support::{component, plugin};

fn check_kind(exports: &[&str], expected: Result<(Kind, &str), &str>) {
    let face = Face::of(&component(&[], exports)).unwrap();
    let kind = face.kind();
    assert_eq!(kind.as_ref().map_err(ToString::to_string), expected.as_ref().map_err(|text| (*text).to_owned()));
}

#[test]
fn a_face_tells_imports_exports_and_kind() {
    let face = Face::of(&plugin("quality-gate")).unwrap();
    assert_eq!(face.imports, ["lockgate:plugin/log@0.1.0"]);
    assert_eq!(face.exports, ["lockgate:plugin/about@0.1.0", "lockgate:plugin/quality-gate@0.1.0"]);
    assert_eq!(face.kind(), Ok((Kind::QualityGate, "0.1.0")));
}

#[test]
fn a_plugin_is_of_exactly_one_kind() {
    check_kind(&["lockgate:plugin/scanner@0.2.1"], Ok((Kind::Scanner, "0.2.1")));
    let must = "it must export exactly one kind of plugin, it exports";
    check_kind(&[], Err(&format!("{must} none; see the contract in wit/")));
    check_kind(&["wasi:cli/run@0.2.0"], Err(&format!("{must} none; see the contract in wit/")));
    check_kind(
        &["lockgate:plugin/scanner@0.1.0", "lockgate:plugin/notifier@0.1.0"],
        Err(&format!("{must} scanner and notifier; see the contract in wit/")),
    );
}

#[test]
fn what_is_no_component_is_named() {
    assert_eq!(Face::of(b"\0asm\x01\0\0\0"), Err(ComponentError::CoreModule));
    for wrong in [&b""[..], b"#!/bin/sh\n", b"\0asm", &plugin("scanner")[..30]] {
        assert!(matches!(Face::of(wrong), Err(ComponentError::Malformed(_))), "{wrong:?}");
    }
}

#[test]
fn a_manifest_follows_the_wasm_artifact_layout() {
    let bytes = plugin("scanner");
    let packed = pack(&bytes, Some("Somebody"), &BTreeMap::new()).unwrap();
    let manifest = Manifest::parse(&packed.manifest).unwrap();
    let layer = manifest.component().unwrap();
    assert_eq!((layer.media_type.as_str(), layer.size), (LAYER_MEDIA_TYPE, bytes.len() as u64));
    assert_eq!(manifest.config.media_type, "application/vnd.wasm.config.v0+json");
    let config: WasmConfig = serde_json::from_slice(&packed.config).unwrap();
    assert_eq!((config.architecture.as_str(), config.os.as_str()), ("wasm", "wasip2"));
    assert_eq!((config.author.as_deref(), config.layer_digests.as_slice()), (Some("Somebody"), &[layer.digest][..]));
    let face = config.component.unwrap();
    assert_eq!(face.target.as_deref(), Some("lockgate:plugin/scanner-plugin@0.1.0"));
    assert_eq!(face.imports, ["lockgate:plugin/log@0.1.0"]);
}

#[test]
fn one_component_has_one_manifest() {
    assert_eq!(
        pack(&plugin("scanner"), None, &BTreeMap::new()).unwrap(),
        pack(&plugin("scanner"), None, &BTreeMap::new()).unwrap()
    );
    assert_ne!(
        pack(&plugin("scanner"), None, &BTreeMap::new()).unwrap(),
        pack(&plugin("notifier"), None, &BTreeMap::new()).unwrap()
    );
}

#[test]
fn annotations_stand_in_the_manifest() {
    let notes = BTreeMap::from([("org.opencontainers.image.title".to_owned(), "gate".to_owned())]);
    let packed = pack(&plugin("scanner"), None, &notes).unwrap();
    assert_eq!(Manifest::parse(&packed.manifest).unwrap().annotations, notes);
}

#[test]
fn a_component_is_limited() {
    let giant = vec![0; usize::try_from(COMPONENT_BYTES_MAX).unwrap() + 1];
    assert!(matches!(pack(&giant, None, &BTreeMap::new()), Err(PackError::TooLarge { .. })));
}
