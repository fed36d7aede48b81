//! Packages that become no plugin: each says why, and what to do.

use std::fs;

use lockgate_authoring::build::{self, BuildError, Options};

use crate::support::{has_guest_compiler, shared_target};

const COMPONENT: &str = "[lib]\ncrate-type = [\"cdylib\"]\n";

/// Builds a package without dependencies.
fn check(manifest: &str, source: &str, expected: fn(&BuildError) -> bool, remedy: Option<&str>) {
    if !has_guest_compiler() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let package = "[package]\nname = \"odd\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.path().join("Cargo.toml"), format!("{package}{manifest}")).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), source).unwrap();
    let options = Options { target_folder: Some(&shared_target()), host: None };
    let error = build::build(folder.path(), &options, &|what| eprintln!("{what}")).unwrap_err();
    assert!(expected(&error), "{error:?}");
    assert_eq!(error.remedy().is_some(), remedy.is_some(), "{error:?}");
    assert!(error.remedy().unwrap_or_default().contains(remedy.unwrap_or_default()), "{:?}", error.remedy());
}

#[test]
fn a_folder_without_a_package_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = build::build(folder.path(), &Options::default(), &|_| {}).unwrap_err();
    assert!(matches!(error, BuildError::NoPackage(_)), "{error:?}");
    assert!(error.remedy().unwrap().contains("plugin new"));
}

#[test]
fn what_does_not_compile_is_no_plugin() {
    check(COMPONENT, "fn f() -> u8 { \"\" }", |error| matches!(error, BuildError::Compile), None);
}

#[test]
fn a_library_is_no_component() {
    check("", "", |error| matches!(error, BuildError::NoComponent), Some("cdylib"));
}

#[test]
fn a_component_without_a_kind_is_refused() {
    check(COMPONENT, "", |error| matches!(error, BuildError::Refused(_)), Some("export!"));
}

#[test]
fn a_manifest_that_is_none_keeps_cargos_words() {
    let is_it =
        |error: &BuildError| matches!(error, BuildError::Manifest { detail, .. } if detail.contains("inherits = 5"));
    check("[lib]\ncrate-type = [\"cdylib\"]\n[profile.colour]\ninherits = 5\n", "", is_it, None);
}
