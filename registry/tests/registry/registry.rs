//! From a reference and from a lock entry to bytes.

use std::collections::BTreeMap;
use std::path::Path;

use lockgate_model::call::Kind;
use lockgate_model::catalog::PluginPin;
use lockgate_model::ids::Digest;
use lockgate_registry::artifact::{Descriptor, MANIFEST_MEDIA_TYPE, Manifest};
use lockgate_registry::layout::{BlobProblem, LayoutError};
use lockgate_registry::{Attachment, Layout, LockEntry, Mirror, Mirrors, Registry, RegistryError, Resolved};

use crate::support::{plugin, reference, registry_of};

const GATE: &str = "registry.example/lockgate/gate:0.1";
const KIND: &str = "text/attached";

fn registry(folder: &Path) -> Registry {
    mirrored(folder, &["oci-layout:plugins"])
}

fn mirrored(folder: &Path, locations: &[&str]) -> Registry {
    let locations = locations.iter().map(|location| location.parse().unwrap()).collect();
    let mirror = Mirror { prefix: "registry.example/".to_owned(), locations };
    registry_of(Mirrors::new([mirror], folder).unwrap(), &folder.join("cache"))
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
    let pin = PluginPin {
        reference,
        digest: resolved.component.digest,
        kind: Kind::QualityGate,
        contract: "0.1.0".to_owned(),
    };
    LockEntry { pin, manifest: resolved.manifest, asks: Vec::new() }
}

#[test]
fn a_reference_is_resolved_and_fetched() {
    let (_folder, registry, _) = stored();
    let resolved = registry.resolve(&reference(GATE)).unwrap();
    assert_eq!(resolved.component.digest, Digest::of(&plugin("quality-gate")));
    assert_eq!(resolved.component.size, plugin("quality-gate").len() as u64);
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
fn places_are_tried_in_order() {
    let (folder, _, _) = stored();
    let found =
        mirrored(folder.path(), &["oci-layout:nowhere", "oci-layout:plugins"]).resolve(&reference(GATE)).unwrap();
    assert_eq!(found.component.digest, Digest::of(&plugin("quality-gate")));
    let lost =
        mirrored(folder.path(), &["oci-layout:nowhere", "oci-layout:lost"]).resolve(&reference(GATE)).unwrap_err();
    let RegistryError::Nowhere { errors, .. } = &lost else { panic!("{lost}") };
    assert_eq!(errors.len(), 2);
    for part in ["none of the 2 places", "nowhere: ", "lost: ", "there is no `oci-layout` file"] {
        assert!(lost.to_string().contains(part), "{lost}");
    }
}

#[test]
fn what_is_pushed_to_a_layout_is_pulled_from_it() {
    let (_folder, registry, _) = stored();
    let name = reference("registry.example/team/scan:2");
    let packed = registry.push(&name, &plugin("scanner"), None, &BTreeMap::new()).unwrap();
    let resolved = registry.resolve(&name).unwrap();
    assert_eq!((resolved.manifest, registry.fetch(&resolved).unwrap()), (packed.descriptor.digest, plugin("scanner")));
    let pinned = reference(&format!("registry.example/team/scan:2@{}", packed.descriptor.digest));
    assert_eq!(registry.resolve(&pinned).unwrap().manifest, packed.descriptor.digest);
    let moved = reference(&format!("registry.example/team/scan:2@{}", Digest::of(b"reviewed")));
    let error = registry.resolve(&moved).unwrap_err().to_string();
    assert!(
        error.contains(&packed.descriptor.digest.to_string()) && error.contains(&Digest::of(b"reviewed").to_string()),
        "{error}"
    );
}

#[test]
fn what_is_attached_is_found_again_and_remembered() {
    let (_folder, registry, _) = stored();
    let subject = registry.resolve(&reference(GATE)).unwrap().manifest;
    assert!(registry.attachments(&reference(GATE), &subject, KIND).unwrap().is_empty());
    for content in [&b"one"[..], b"two"] {
        registry.attach(&reference(GATE), &attachment(&registry, content)).unwrap();
    }
    assert_eq!(registry.attachments(&reference(GATE), &subject, KIND).unwrap(), [b"one", b"two"]);
    assert_eq!(registry.remembered_attachments(&subject, KIND), [b"one", b"two"]);
    assert!(registry.attachments(&reference(GATE), &subject, "text/other").unwrap().is_empty());
    assert!(registry.attachments(&reference(GATE), &Digest::of(b"other"), KIND).unwrap().is_empty());
}

fn attachment(registry: &Registry, content: &[u8]) -> Attachment {
    let subject = registry.manifest(&reference(GATE)).unwrap();
    let manifest = serde_json::to_vec(&Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST_MEDIA_TYPE.to_owned()),
        artifact_type: Some(KIND.to_owned()),
        config: Descriptor::of("application/vnd.oci.empty.v1+json", b"{}"),
        layers: vec![Descriptor::of(KIND, content)],
        subject: Some(Descriptor::of(&subject.media_type, &subject.bytes)),
        annotations: BTreeMap::new(),
    });
    Attachment { manifest: manifest.unwrap(), blobs: vec![content.to_vec(), b"{}".to_vec()] }
}
