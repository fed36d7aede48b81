//! From a reference and from a lock entry to bytes.

use std::path::Path;

use lockgate_model::call::Kind;
use lockgate_model::catalog::PluginPin;
use lockgate_model::ids::Digest;
use lockgate_registry::layout::{BlobProblem, LayoutError};
use lockgate_registry::{Layout, LockEntry, Mirror, Mirrors, Registry, RegistryError, Resolved};

use crate::support::{plugin, reference};

const GATE: &str = "registry.example/lockgate/gate:0.1";

fn registry(folder: &Path) -> Registry {
    let mirror = Mirror { prefix: "registry.example/".to_owned(), location: "oci-layout:plugins".parse().unwrap() };
    Registry::new(Mirrors::new([mirror], folder).unwrap())
}

fn stored() -> (tempfile::TempDir, Registry, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(&folder.path().join("plugins")).unwrap();
    layout.push(&reference(GATE), &plugin("quality-gate"), None).unwrap();
    let registry = registry(folder.path());
    (folder, registry, layout)
}

fn entry(resolved: &Resolved) -> LockEntry {
    let reference = resolved.reference.to_string();
    let pin =
        PluginPin { reference, digest: resolved.component, kind: Kind::QualityGate, contract: "0.1.0".to_owned() };
    LockEntry { pin, manifest: resolved.manifest, asks: Vec::new() }
}

#[test]
fn a_reference_is_resolved_and_fetched() {
    let (_folder, registry, _) = stored();
    let resolved = registry.resolve(&reference(GATE)).unwrap();
    assert_eq!(resolved.component, Digest::of(&plugin("quality-gate")));
    assert_eq!(resolved.size_bytes, plugin("quality-gate").len() as u64);
    assert_eq!(registry.fetch(&resolved).unwrap(), plugin("quality-gate"));
}

#[test]
fn a_locked_plugin_stays_when_its_tag_moves() {
    let (_folder, registry, layout) = stored();
    let locked = entry(&registry.resolve(&reference(GATE)).unwrap());
    layout.push(&reference(GATE), &plugin("scanner"), None).unwrap();
    assert_eq!(registry.component(&locked).unwrap(), plugin("quality-gate"));
}

#[test]
fn a_component_that_is_not_the_locked_one_is_refused() {
    let (_folder, registry, _) = stored();
    let mut locked = entry(&registry.resolve(&reference(GATE)).unwrap());
    locked.pin.digest = Digest::of(b"what was reviewed");
    let error = registry.component(&locked).unwrap_err();
    assert!(matches!(error, RegistryError::Mismatch { .. }) && error.to_string().contains("lock the pipeline again"));
}

#[test]
fn a_lost_manifest_is_named() {
    let (_folder, registry, _) = stored();
    let mut locked = entry(&registry.resolve(&reference(GATE)).unwrap());
    locked.manifest = Digest::of(b"lost");
    let error = registry.component(&locked).unwrap_err();
    let RegistryError::Layout(LayoutError::Blob { problem, .. }) = error else { panic!("{error}") };
    assert_eq!(problem, BlobProblem::Missing);
}

#[test]
fn a_mirror_whose_folder_is_not_there_says_how_to_fill_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = registry(folder.path()).resolve(&reference(GATE)).unwrap_err();
    assert!(matches!(error, RegistryError::Unopened { .. }) && error.to_string().contains("cargo xtask plugins"));
}

#[test]
fn a_foreign_registry_is_not_asked() {
    let (_folder, registry, _) = stored();
    let foreign = reference("other.example/lockgate/gate:0.1");
    assert!(matches!(registry.resolve(&foreign), Err(RegistryError::Mirror(_))));
}
