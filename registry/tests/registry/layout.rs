use std::fs;
use std::path::{Path, PathBuf};

use lockgate_model::ids::Digest;
use lockgate_model::limits::COMPONENT_BYTES_MAX;
use lockgate_registry::Layout;
use lockgate_registry::artifact::{CONFIG_MEDIA_TYPE, Descriptor, LAYER_MEDIA_TYPE, MANIFEST_BYTES_MAX, Packed};
use lockgate_registry::layout::{BlobProblem, INDEX_BYTES_MAX, LayoutError};
use serde_json::{Value, json};

use crate::support::{chain, component, plugin, reference};

const CARGO: &str = "registry.example/lockgate/cargo:0.1";

/// A layout that holds one plugin.
struct Stored {
    folder: tempfile::TempDir,
    layout: Layout,
    packed: Packed,
}

fn stored() -> Stored {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let packed = layout.push(&reference(CARGO), &plugin("build-step"), None).unwrap();
    Stored { folder, layout, packed }
}

impl Stored {
    fn blob(&self, digest: &Digest) -> PathBuf {
        self.folder.path().join("blobs/sha256").join(digest.hex())
    }

    /// Stores a manifest as somebody else would, and looks for its component.
    fn component_of(&self, manifest: &Value) -> Result<Descriptor, LayoutError> {
        let bytes = serde_json::to_vec(manifest).unwrap();
        let digest = Digest::of(&bytes);
        fs::write(self.blob(&digest), bytes).unwrap();
        self.layout.component_of(&digest)
    }
}

fn problem(result: Result<impl Sized, LayoutError>) -> BlobProblem {
    match result.map(|_| ()).unwrap_err() {
        LayoutError::Blob { problem, .. } => problem,
        other => panic!("not a blob's problem: {other}"),
    }
}

fn check_not_a_layout(folder: &Path, reason: &str) {
    let result = Layout::open(folder).and_then(|layout| layout.resolve(&reference(CARGO)));
    let error = result.unwrap_err();
    assert!(matches!(error, LayoutError::NotALayout { .. }) && error.to_string().contains(reason), "{error}");
}

#[test]
fn what_was_pushed_is_resolved_and_read() {
    let stored = stored();
    let manifest = stored.layout.resolve(&reference(CARGO)).unwrap();
    assert_eq!(manifest, stored.packed.descriptor.digest);
    let described = stored.layout.component_of(&manifest).unwrap();
    assert_eq!(stored.layout.described_blob(&described).unwrap(), plugin("build-step"));
    let reopened = Layout::open(stored.folder.path()).unwrap();
    assert_eq!(reopened.resolve(&reference(CARGO)).unwrap(), manifest);
}

#[test]
fn the_folder_follows_the_image_layout() {
    let stored = stored();
    let read =
        |name: &str| -> Value { serde_json::from_slice(&fs::read(stored.folder.path().join(name)).unwrap()).unwrap() };
    assert_eq!(read("oci-layout"), json!({ "imageLayoutVersion": "1.0.0" }));
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": stored.packed.descriptor.digest,
            "size": stored.packed.manifest.len(),
            "annotations": { "org.opencontainers.image.ref.name": "lockgate/cargo:0.1" },
        }],
    });
    assert_eq!(read("index.json"), expected);
}

#[test]
fn a_tag_is_moved_by_the_next_push_and_a_digest_is_not() {
    let stored = stored();
    let old = stored.packed.descriptor.digest;
    let new = stored.layout.push(&reference(CARGO), &plugin("scanner"), None).unwrap().descriptor.digest;
    assert_eq!(stored.layout.resolve(&reference(CARGO)).unwrap(), new);
    assert_eq!(stored.layout.resolve(&reference(&format!("{CARGO}@{new}"))).unwrap(), new);
    let moved = stored.layout.resolve(&reference(&format!("{CARGO}@{old}"))).unwrap_err();
    assert!(matches!(moved, LayoutError::Moved { found, wanted, .. } if found == new && wanted == old), "{moved}");
    assert!(stored.layout.component_of(&old).is_ok(), "who has locked the old one still gets it");
}

#[test]
fn a_reference_by_digest_alone_is_resolved() {
    let stored = stored();
    let digest = stored.packed.descriptor.digest;
    let by_digest = |digest: Digest| reference(&format!("registry.example/lockgate/cargo@{digest}"));
    assert_eq!(stored.layout.resolve(&by_digest(digest)).unwrap(), digest);
    assert!(matches!(stored.layout.resolve(&by_digest(Digest::of(b""))), Err(LayoutError::Unknown { .. })));
    let pushed = stored.layout.push(&by_digest(digest), &plugin("scanner"), None).unwrap_err();
    assert!(matches!(pushed, LayoutError::Untagged { .. }), "{pushed}");
}

#[test]
fn an_unknown_name_comes_with_the_known_ones() {
    let error = stored().layout.resolve(&reference("registry.example/lockgate/cargo:0.2")).unwrap_err().to_string();
    assert!(error.contains("has no `lockgate/cargo:0.2`; it has lockgate/cargo:0.1"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    let error = Layout::create(empty.path()).unwrap().resolve(&reference(CARGO)).unwrap_err().to_string();
    assert!(error.ends_with("it is empty"), "{error}");
}

#[test]
fn a_truncated_or_grown_blob_is_refused_by_its_size() {
    let stored = stored();
    let path = stored.blob(&stored.packed.component.digest);
    let whole = plugin("build-step");
    let wanted_bytes = whole.len() as u64;
    fs::write(&path, &whole[..10]).unwrap();
    let expected = BlobProblem::WrongSize { found_bytes: 10, wanted_bytes };
    assert_eq!(problem(stored.layout.described_blob(&stored.packed.component)), expected);
    fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    let expected = BlobProblem::WrongSize { found_bytes: wanted_bytes + 4, wanted_bytes };
    assert_eq!(problem(stored.layout.described_blob(&stored.packed.component)), expected);
}

#[test]
fn a_damaged_blob_is_refused_by_its_digest() {
    let stored = stored();
    for digest in [stored.packed.component.digest, stored.packed.descriptor.digest] {
        let path = stored.blob(&digest);
        let mut bytes = fs::read(&path).unwrap();
        bytes[9] ^= 1;
        let found = Digest::of(&bytes);
        fs::write(&path, bytes).unwrap();
        assert_eq!(problem(stored.layout.blob(&digest, MANIFEST_BYTES_MAX)), BlobProblem::WrongDigest { found });
    }
}

#[test]
fn a_missing_blob_is_named_and_pushing_again_mends_it() {
    let stored = stored();
    let digest = stored.packed.component.digest;
    fs::remove_file(stored.blob(&digest)).unwrap();
    assert_eq!(problem(stored.layout.described_blob(&stored.packed.component)), BlobProblem::Missing);
    fs::create_dir(stored.blob(&Digest::of(b"folder"))).unwrap();
    assert_eq!(problem(stored.layout.blob(&Digest::of(b"folder"), 100)), BlobProblem::Missing);
    fs::write(stored.blob(&digest), b"damaged").unwrap();
    stored.layout.push(&reference(CARGO), &plugin("build-step"), None).unwrap();
    assert!(stored.layout.described_blob(&stored.packed.component).is_ok());
}

#[test]
fn a_giant_manifest_is_never_read() {
    let stored = stored();
    let digest = stored.packed.descriptor.digest;
    let file = fs::File::options().write(true).open(stored.blob(&digest)).unwrap();
    file.set_len(MANIFEST_BYTES_MAX + 1).unwrap();
    let expected = BlobProblem::TooLarge { size_bytes: MANIFEST_BYTES_MAX + 1, max_bytes: MANIFEST_BYTES_MAX };
    assert_eq!(problem(stored.layout.component_of(&digest)), expected);
    file.set_len(MANIFEST_BYTES_MAX).unwrap();
    assert!(matches!(problem(stored.layout.component_of(&digest)), BlobProblem::WrongDigest { .. }));
}

#[test]
fn a_giant_index_is_never_read() {
    let stored = stored();
    let file = fs::File::options().write(true).open(stored.folder.path().join("index.json")).unwrap();
    file.set_len(INDEX_BYTES_MAX + 1).unwrap();
    check_not_a_layout(stored.folder.path(), "over the limit");
    file.set_len(INDEX_BYTES_MAX).unwrap();
    check_not_a_layout(stored.folder.path(), "`index.json` cannot be read");
}

#[test]
fn a_manifest_of_something_else_is_refused() {
    let stored = stored();
    let layer =
        |media_type: &str, size: u64| json!({ "mediaType": media_type, "digest": Digest::of(b""), "size": size });
    let manifest =
        |config: &str, layers: Value| json!({ "schemaVersion": 2, "config": layer(config, 2), "layers": layers });
    let check = |manifest: &Value, reason: &str| {
        let error = stored.component_of(manifest).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    };
    let image = "application/vnd.oci.image.config.v1+json";
    let one = |size: u64| json!([layer(LAYER_MEDIA_TYPE, size)]);
    check(&manifest(image, one(1)), "it is not a WebAssembly component but `application/vnd.oci.image.config.v1+json`");
    check(&manifest(CONFIG_MEDIA_TYPE, json!([])), "an artifact of 0 layers");
    check(&manifest(CONFIG_MEDIA_TYPE, json!([layer("text/plain", 1)])), "a layer of type `text/plain`");
    check(&manifest(CONFIG_MEDIA_TYPE, one(COMPONENT_BYTES_MAX + 1)), "at most 67108864 are taken");
    check(&json!({ "schemaVersion": 1 }), "it is not an OCI image manifest");
    let mut old = manifest(CONFIG_MEDIA_TYPE, one(1));
    old["schemaVersion"] = json!(1);
    check(&old, "schema version is 1");
    assert!(stored.component_of(&manifest(CONFIG_MEDIA_TYPE, one(COMPONENT_BYTES_MAX))).is_ok());
}

#[test]
fn a_digest_never_leaves_the_folder() {
    let stored = stored();
    let index = stored.folder.path().join("index.json");
    let text = fs::read_to_string(&index).unwrap();
    let digest = stored.packed.descriptor.digest.to_string();
    fs::write(&index, text.replace(&digest, "sha256:../../../../etc/passwd")).unwrap();
    check_not_a_layout(stored.folder.path(), "is not a digest");
}

#[test]
fn what_is_no_layout_says_so() {
    let folder = tempfile::tempdir().unwrap();
    check_not_a_layout(folder.path(), "there is no `oci-layout` file in it");
    check_not_a_layout(&folder.path().join("absent"), "there is no `oci-layout` file in it");
    fs::write(folder.path().join("oci-layout"), "{}").unwrap();
    check_not_a_layout(folder.path(), "`oci-layout` file cannot be read");
    fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    check_not_a_layout(folder.path(), "its version is 2.0.0");
}

#[test]
fn what_is_no_component_is_not_stored() {
    let stored = stored();
    let error = stored.layout.push(&reference(CARGO), b"\0asm\x01\0\0\0", None).unwrap_err();
    assert!(chain(&error).contains("lockgate/cargo:0.1 cannot be stored: it is a core module"), "{}", chain(&error));
    assert_eq!(stored.layout.resolve(&reference(CARGO)).unwrap(), stored.packed.descriptor.digest);
}

#[test]
fn two_writers_lose_nothing() {
    const NAMES_EACH: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let write = |writer: usize| {
        let layout = Layout::create(folder.path()).unwrap();
        for number in 0..NAMES_EACH {
            let name = reference(&format!("registry.example/writer{writer}/plugin{number}:1"));
            layout.push(&name, &component(&[], &[&format!("x:y/z{writer}@0.1.{number}")]), None).unwrap();
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|writer| drop(scope.spawn(move || write(writer)))));
    let layout = Layout::open(folder.path()).unwrap();
    for writer in 0..4 {
        for number in 0..NAMES_EACH {
            let name = reference(&format!("registry.example/writer{writer}/plugin{number}:1"));
            let manifest = layout.resolve(&name).unwrap();
            assert!(layout.described_blob(&layout.component_of(&manifest).unwrap()).is_ok(), "{name}");
        }
    }
}
