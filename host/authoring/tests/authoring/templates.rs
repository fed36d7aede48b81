//! What `plugin new` makes compiles without a warning, passes its own native tests, is formatted, and becomes a component of
//! its kind. The cases are tried in the real sandbox by the scenarios.

use std::fs;
use std::path::{Path, PathBuf};

use lockgate_authoring::build::{self, Built, Options};
use lockgate_authoring::inspect;
use lockgate_authoring::new::{self, Request, Sdk};
use lockgate_model::call::Kind;

use crate::support::{cargo, has_guest_compiler, pin_dependencies, root, shared_target};

fn make(kind: Kind, parent: &Path, sdk: Sdk<'_>) -> PathBuf {
    let name = format!("my-{kind}");
    let created = new::new(&Request { kind, name: &name, parent, sdk }).unwrap();
    pin_dependencies(&created.folder);
    created.folder
}

fn component(folder: &Path, target: &Path) -> Built {
    let options = Options { target_folder: Some(target), host: None };
    build::build(folder, &options, &|what| eprintln!("{what}")).unwrap()
}

fn passes(folder: &Path, arguments: &[&str]) {
    let output = cargo(folder).args(arguments).env("CARGO_TARGET_DIR", shared_target()).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    let shown = format!("{words}{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success() && !words.contains("warning"), "{}: {arguments:?}: {shown}", folder.display());
}

/// With the SDK of this checkout, which all kinds share, so that it is compiled once.
fn check(kind: Kind, imports: &[&str]) {
    if !has_guest_compiler() {
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    let folder = make(kind, parent.path(), Sdk::Path(&root().join("sdk/rust")));
    passes(&folder, &["fmt", "--check"]);
    passes(&folder, &["test"]);
    let built = component(&folder, &shared_target());
    assert_eq!((built.kind, built.name.as_str()), (kind, format!("my-{kind}").as_str()));
    let mut expected: Vec<String> = imports.iter().map(|name| format!("lockgate:plugin/{name}@0.1.0")).collect();
    expected.sort();
    let mut found = built.imports.lockgate;
    found.sort();
    assert_eq!(found, expected);
    let cases: Vec<_> = fs::read_dir(folder.join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(cases.len() >= 2, "{kind}: a template has at least two cases");
    assert!(cases.iter().all(|case| case.join("expected.json").is_file()), "{kind}: a case has no snapshot");
}

#[test]
fn a_build_step() {
    check(Kind::BuildStep, &["types", "exec"]);
}

#[test]
fn a_test_reporter() {
    check(Kind::TestReporter, &["types"]);
}

#[test]
fn a_scanner() {
    check(Kind::Scanner, &["types"]);
}

#[test]
fn a_quality_gate() {
    check(Kind::QualityGate, &["types"]);
}

#[test]
fn a_deploy_strategy() {
    check(Kind::DeployStrategy, &["types"]);
}

#[test]
fn a_deploy_target() {
    check(Kind::DeployTarget, &["types", "exec"]);
}

#[test]
fn an_alert_rule() {
    check(Kind::AlertRule, &["types"]);
}

#[test]
fn a_notifier() {
    check(Kind::Notifier, &["types", "log"]);
}

/// With its own copy of the SDK; in two folders, and each with a target folder of its own.
#[test]
fn the_same_source_gives_the_same_bytes_anywhere() {
    if !has_guest_compiler() {
        return;
    }
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let elsewhere = there.path().join("some folder/deeper");
    let build = |parent: &Path, target: Option<PathBuf>| {
        let folder = make(Kind::QualityGate, parent, Sdk::Vendored);
        let built = component(&folder, &target.unwrap_or_else(|| folder.join("target")));
        fs::read(built.path).unwrap()
    };
    let (one, other) = (build(here.path(), Some(shared_target())), build(&elsewhere, None));
    assert!(one == other, "{} and {} bytes", one.len(), other.len());
    let text = String::from_utf8_lossy(&one);
    for folder in [here.path().to_owned(), std::env::home_dir().unwrap()] {
        assert!(!text.contains(folder.to_str().unwrap()), "{} is in the component", folder.display());
    }
    let report = inspect::inspect(&one, None).unwrap();
    assert_eq!(report.metadata.name.as_deref(), Some("my-quality-gate"));
    assert_eq!(report.metadata.description.as_deref(), Some("Lets few findings through."));
    assert_eq!((report.metadata.version.as_deref(), report.about), (Some("0.1.0"), None));
}
