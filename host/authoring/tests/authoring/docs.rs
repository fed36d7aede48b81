//! Pages of the first-party plugins, from what they really say of themselves: `data/NAME.KIND.json` was written by the plugins,
//! without their documentation, which the page takes over as it is. With `UPDATE_GOLDEN` set, pages are written rather than
//! compared.

use std::path::Path;
use std::{env, fs};

use lockgate_authoring::docs;
use lockgate_model::call::Kind;
use lockgate_model::catalog::Descriptor;

fn check(name: &str, kind: Kind) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let descriptor = fs::read(data.join(format!("{name}.{kind}.json"))).unwrap();
    let descriptor: Descriptor = serde_json::from_slice(&descriptor).unwrap();
    let found = docs::markdown(&descriptor, kind, Some(&format!("registry.example/lockgate/{name}:0.1")));
    let path = data.join(format!("{name}.md"));
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let diff = similar::TextDiff::from_lines(&expected, &found).unified_diff().to_string();
    assert!(diff.is_empty(), "{}: UPDATE_GOLDEN=1 writes it anew\n{diff}", path.display());
}

#[test]
fn burn_rate() {
    check("burn-rate", Kind::AlertRule);
}

#[test]
fn canary() {
    check("canary", Kind::DeployStrategy);
}

#[test]
fn cargo() {
    check("cargo", Kind::BuildStep);
}

#[test]
fn exec() {
    check("exec", Kind::BuildStep);
}

#[test]
fn junit() {
    check("junit", Kind::TestReporter);
}

#[test]
fn secrets() {
    check("secrets", Kind::Scanner);
}

#[test]
fn threshold() {
    check("threshold", Kind::QualityGate);
}
