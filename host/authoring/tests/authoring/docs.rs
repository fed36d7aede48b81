//! Pages of the first-party plugins, from what they really say of themselves: `data/NAME.KIND.json` was written by
//! `lockgate plugin inspect --run --json`, and lacks only their documentation, which a page takes over as it is.

use std::fs;
use std::path::Path;

use lockgate_authoring::docs;
use lockgate_model::call::Kind;
use lockgate_model::catalog::Descriptor;

fn check(name: &str, kind: Kind) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(format!("{name}.{kind}.json"));
    let descriptor: Descriptor = serde_json::from_slice(&fs::read(data).unwrap()).unwrap();
    let page = docs::markdown(&descriptor, kind, Some(&format!("registry.example/lockgate/{name}:0.1")));
    insta::assert_snapshot!(name, page);
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
