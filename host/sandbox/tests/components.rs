//! Components that cannot be used, and what is kept of those that can.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::fs;

use common::{World, attempt, gate, reasons, world};
use lockgate_model::call::{Call, Kind};
use lockgate_model::host_call::LogSource;
use lockgate_model::ids::Digest;
use lockgate_model::outcome::{Outcome, RefusalCode};
use lockgate_ports::{Blobs as _, Sandbox as _};
use serde_json::json;

fn check(component: &[u8], expected: RefusalCode, words: &[&str]) {
    let digest = world().blobs.put(component).unwrap();
    let error = world().sandbox.inspect(&digest).expect_err("refused");
    assert_eq!(error.code, expected, "{error}");
    for word in words {
        assert!(error.message.contains(word), "`{word}` in `{error}`");
    }
}

/// A component with these imports and exports, all of them empty instances.
fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let imports = imports.iter().map(|name| format!(r#"(import "{name}" (instance))"#));
    let exports = exports.iter().map(|name| format!(r#"(export "{name}" (instance $empty))"#));
    let text: String = imports.chain(["(instance $empty)".to_owned()]).chain(exports).collect();
    wat::parse_str(format!("(component {text})")).expect("a component")
}

const ABOUT: &str = "lockgate:plugin/about@0.1.0";
const GATE: &str = "lockgate:plugin/quality-gate@0.1.0";

#[test]
fn what_is_no_component_is_refused() {
    check(b"", RefusalCode::NotAComponent, &["end-of-file"]);
    check(b"#!/bin/sh", RefusalCode::NotAComponent, &[]);
    check(&wat::parse_str("(module)").unwrap(), RefusalCode::NotAComponent, &["core module"]);
    let whole = common::guest("neighbour");
    check(&whole[..whole.len() / 2], RefusalCode::NotAComponent, &[]);
}

#[test]
fn a_plugin_has_one_kind() {
    check(&component(&[], &[]), RefusalCode::UnknownKind, &["none of the kinds"]);
    check(&component(&[], &["wasi:cli/run@0.2.6"]), RefusalCode::UnknownKind, &["none of the kinds"]);
    check(&component(&[], &[ABOUT]), RefusalCode::UnknownKind, &["none of the kinds"]);
    check(&component(&[], &[GATE]), RefusalCode::UnknownKind, &["about"]);
    check(&component(&[], &[ABOUT, GATE, "lockgate:plugin/scanner@0.1.0"]), RefusalCode::UnknownKind, &["2 kinds"]);
}

#[test]
fn another_contract_is_refused() {
    let other = component(&[], &["lockgate:plugin/about@0.2.0", "lockgate:plugin/quality-gate@0.2.0"]);
    check(&other, RefusalCode::UnknownContract, &["0.2.0", "0.1."]);
    let import = component(&["lockgate:plugin/log@1.0.0"], &[ABOUT, GATE]);
    check(&import, RefusalCode::UnknownContract, &["log@1.0.0"]);
}

#[test]
fn a_foreign_import_is_refused_by_name() {
    let exec = component(&["lockgate:plugin/exec@0.1.0"], &[ABOUT, GATE]);
    check(&exec, RefusalCode::ForeignImport, &["quality-gate", "lockgate:plugin/exec@0.1.0"]);
    let other = component(&["other:package/thing@1.0.0"], &[ABOUT, GATE]);
    check(&other, RefusalCode::ForeignImport, &["other:package/thing@1.0.0"]);
}

#[test]
fn what_this_host_does_not_offer_is_refused() {
    let config = component(&["wasi:config/store@0.2.0"], &[ABOUT, GATE]);
    check(&config, RefusalCode::NotSupported, &["wasi:config/store"]);
    let newer = component(&["wasi:clocks/wall-clock@0.3.0"], &[ABOUT, GATE]);
    check(&newer, RefusalCode::NotSupported, &["0.3.0"]);
}

#[test]
fn exports_of_the_wrong_type_are_refused() {
    check(&component(&[], &[ABOUT, GATE]), RefusalCode::UnknownContract, &["types"]);
}

#[test]
fn a_component_that_is_not_there_is_a_fault() {
    let mut invocation = world().invocation("neighbour", gate(json!({})));
    invocation.component = Digest::of(b"nowhere");
    let (returned, _) = world().invoke(invocation);
    assert!(
        matches!(&returned.outcome, Outcome::Faulted { message } if message.contains("not in the store")),
        "{returned:?}"
    );
}

#[test]
fn a_call_of_another_kind_is_refused() {
    let (returned, _) = world().call("neighbour", Call::Scanner { config: json!({}), files: Vec::new() });
    assert!(matches!(returned.outcome, Outcome::Refused { code: RefusalCode::WrongKind, .. }), "{returned:?}");
}

#[test]
fn a_plugin_says_what_it_is() {
    let digest = world().guest("runner");
    let inspection = world().sandbox.inspect(&digest).unwrap();
    assert_eq!((inspection.kind, inspection.contract.as_str()), (Kind::BuildStep, "0.1.0"));
    assert!(inspection.imports.iter().any(|import| import == "lockgate:plugin/exec@0.1.0"));
    let descriptor = world().sandbox.describe(&digest).unwrap();
    assert_eq!((descriptor.name.as_str(), descriptor.version.as_str()), ("runner", "0.1.0"));
    assert!(descriptor.config_schema["properties"]["argv"].is_object());
}

#[test]
fn the_same_input_is_answered_from_the_cache_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(1, folder.path().join("compiled"));
    let (first, log) = world.call("neighbour", gate(json!({})));
    let mut invocation = world.invocation("neighbour", gate(json!({})));
    invocation.attempt = attempt(2);
    let (second, replayed) = world.invoke(invocation);
    assert_eq!((first.cached_from, second.cached_from.clone()), (None, Some(attempt(1))));
    assert_eq!(first.outcome, second.outcome);
    assert_eq!(log.lines(LogSource::Log), replayed.lines(LogSource::Log));
    let (other, _) = world.call("neighbour", gate(json!({ "fails": false })));
    assert_eq!(other.cached_from, None);
}

#[test]
fn failures_are_not_kept() {
    let fail = || world().call("neighbour", gate(json!({ "fails": true }))).0;
    assert_eq!((fail().cached_from, fail().cached_from), (None, None));
}

#[test]
fn damaged_code_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let compiled = folder.path().join("compiled");
    let judge = || reasons(&World::new(1, compiled.clone()).call("neighbour", gate(json!({}))).0);
    assert_eq!(judge(), ["all is well"]);
    let code = find(&compiled, "cwasm");
    let whole = fs::read(&code).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    for broken in [&damaged[..], &whole[..whole.len() / 2], b""] {
        fs::write(&code, broken).unwrap();
        assert_eq!(judge(), ["all is well"]);
        assert_eq!(fs::read(&code).unwrap(), whole);
    }
}

#[test]
fn compiled_code_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let compiled = folder.path().join("compiled");
    World::new(1, compiled.clone()).call("neighbour", gate(json!({})));
    let code = find(&compiled, "cwasm");
    for private in [&compiled, code.parent().unwrap()] {
        assert_eq!(fs::metadata(private).unwrap().permissions().mode() & 0o777, 0o700, "{}", private.display());
    }
}

fn find(compiled: &std::path::Path, extension: &str) -> std::path::PathBuf {
    let folders = fs::read_dir(compiled).unwrap().map(|entry| entry.unwrap().path());
    let mut files = folders.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|found| found == extension)).expect("kept")
}

#[test]
fn bare_wasmtime_gives_the_same_answer() {
    let call = gate(json!({}));
    let bare = lockgate_sandbox::bare::Bare::new(&common::guest("neighbour"), 1).expect("a component");
    let (returned, _) = world().call("neighbour", call.clone());
    assert_eq!(returned.outcome, Outcome::Answered(bare.call(&call).expect("an answer")));
    assert!(lockgate_sandbox::bare::Bare::new(&common::guest("runner"), 1).is_err(), "it imports exec");
}
