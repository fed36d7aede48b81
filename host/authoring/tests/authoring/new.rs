//! Making plugins, without building them.

use std::fs;
use std::path::Path;

use lockgate_authoring::new::{self, NewError, Request, Sdk};
use lockgate_model::call::Kind;

use crate::support::{files_below, root};

fn request<'a>(kind: Kind, parent: &'a Path, sdk: Sdk<'a>) -> Request<'a> {
    Request { kind, name: "my-plugin", parent, sdk }
}

#[test]
fn the_copy_of_the_sdk_is_the_sdk() {
    let parent = tempfile::tempdir().unwrap();
    let created = new::new(&request(Kind::Notifier, parent.path(), Sdk::Vendored)).unwrap();
    let vendored = created.folder.join("vendor/lockgate-sdk");
    for folder in ["sdk/rust/src", "sdk/rust/macros/src", "wit"] {
        let (copy, real) = (vendored.join(folder), root().join(folder));
        assert_eq!(files_below(&copy), files_below(&real), "{folder}");
        for file in files_below(&real) {
            assert_eq!(fs::read(copy.join(&file)).unwrap(), fs::read(real.join(&file)).unwrap(), "{folder}/{file}");
        }
    }
}

#[test]
fn the_copys_manifests_stand_alone_and_keep_the_versions() {
    let parent = tempfile::tempdir().unwrap();
    let created = new::new(&request(Kind::Notifier, parent.path(), Sdk::Vendored)).unwrap();
    let workspace: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let serde = &workspace["workspace"]["dependencies"]["serde"]["version"];
    for manifest in ["Cargo.toml", "macros/Cargo.toml"] {
        let path = created.folder.join("vendor/lockgate-sdk/sdk/rust").join(manifest);
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("workspace"), "{text}");
        let manifest: toml::Table = text.parse().unwrap();
        assert_eq!(manifest["package"]["edition"], workspace["workspace"]["package"]["edition"]);
    }
    let own: toml::Table = fs::read_to_string(created.folder.join("Cargo.toml")).unwrap().parse().unwrap();
    assert_eq!(own["dependencies"]["serde"]["version"], *serde);
    assert_eq!(own["profile"]["release"]["strip"], toml::Value::from(true));
}

#[test]
fn every_kind_has_all_that_a_plugin_needs() {
    for kind in Kind::ALL {
        let parent = tempfile::tempdir().unwrap();
        let sdk = root().join("sdk/rust");
        let created = new::new(&request(kind, parent.path(), Sdk::Path(&sdk))).unwrap();
        assert_eq!(created.files, files_below(&created.folder), "{kind}");
        for file in [".gitignore", "Cargo.toml", "README.md", "rustfmt.toml", "src/lib.rs"] {
            assert!(created.files.contains(&file.to_owned()), "{kind}: {file}");
        }
        for file in &created.files {
            let text = fs::read_to_string(created.folder.join(file)).unwrap();
            assert!(!text.contains("{{"), "{kind}: a gap is left in {file}");
        }
        let readme = fs::read_to_string(created.folder.join("README.md")).unwrap();
        assert!(readme.contains("```yaml\n") && readme.contains("# my-plugin"), "{readme}");
        assert!(created.to_string().contains("lockgate plugin test"), "{created}");
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_half_made_is_left() {
    let parent = tempfile::tempdir().unwrap();
    let again = request(Kind::Scanner, parent.path(), Sdk::Vendored);
    fs::write(parent.path().join("my-plugin"), "mine").unwrap();
    assert!(matches!(new::new(&again), Err(NewError::Exists(_))));
    assert_eq!(files_below(parent.path()), ["my-plugin"]);
    assert_eq!(fs::read_to_string(parent.path().join("my-plugin")).unwrap(), "mine");
}

#[test]
fn an_sdk_that_is_none_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    for folder in [root(), root().join("sdk"), root().join("sdk/rust/macros")] {
        let made = new::new(&request(Kind::Scanner, parent.path(), Sdk::Path(&folder)));
        assert!(matches!(made, Err(NewError::NoSdk(_))), "{}", folder.display());
    }
    assert_eq!(files_below(parent.path()), [""; 0]);
}
