//! What is written, to the letter, and that it stays within bounds whatever a pipeline or a plugin does.

use lockgate_journal::provenance::{BUILD_TYPE, EMBEDDED_BYTES_MAX, LISTED_MAX, PEERS_MAX, TEXT_BYTES_MAX, sign};
use lockgate_model::Json;
use lockgate_model::ids::Digest;
use lockgate_model::plan::Trust;
use lockgate_trust::{STATEMENT_BYTES_MAX, SigningKey};
use serde_json::json;

use crate::support::{ARTIFACT, Facts, call, contact, digest};

/// Hex digits of the digest of a text.
fn hex(text: &str) -> String {
    digest(text).hex()
}

fn expected_dependencies() -> Json {
    let plugin = |alias: &str| {
        json!({ "lockgate_component": digest(alias).to_string(),
        "lockgate_reference": format!("registry.example/team/{alias}:0.1"), "lockgate_role": "plugin" })
    };
    let manifest = hex("manifest");
    let purl = format!("pkg:oci/cargo@sha256%3A{manifest}?repository_url=registry.example/team/cargo&tag=0.1");
    json!([
        { "annotations": { "lockgate_role": "source" }, "digest": { "sha256": hex("tree") },
          "mediaType": "application/x-protobuf;messageType=\"build.bazel.remote.execution.v2.Directory\"",
          "name": "source" },
        { "annotations": { "lockgate_role": "pipeline" }, "digest": { "sha256": hex("name: service") },
          "mediaType": "application/yaml", "name": "pipeline" },
        { "annotations": plugin("cargo"), "digest": { "sha256": manifest },
          "mediaType": "application/vnd.oci.image.manifest.v1+json", "name": "cargo", "uri": purl },
        { "annotations": plugin("shell"), "digest": { "sha256": hex("shell") },
          "mediaType": "application/wasm", "name": "shell" },
        { "annotations": { "lockgate_role": "tool", "lockgate_started": true },
          "digest": { "lockgateToolV1": hex("cargo 1.95") }, "name": "cargo", "uri": "pkg:generic/cargo" },
        { "annotations": { "lockgate_role": "tool", "lockgate_started": false },
          "digest": { "lockgateToolV1": hex("cc 12") }, "name": "cc", "uri": "pkg:generic/cc" },
        { "annotations": { "lockgate_role": "tool", "lockgate_started": true }, "name": "git", "uri": "pkg:generic/git" },
        { "annotations": { "lockgate_role": "artifact" }, "digest": { "sha256": hex("earlier") } },
    ])
}

fn expected_details(journal: &Json) -> Json {
    json!({
        "builder": { "id": "https://lockgate.example/builders/host/v1", "version": { "lockgate": "0.1.0" } },
        "byproducts": [{ "digest": { "sha256": journal }, "mediaType": "application/x-ndjson", "name": "journal" }],
        "metadata": {
            "finishedOn": "2026-11-18T11:07:40Z",
            "invocationId": "01jdrun00000aa",
            "lockgate_attempt":
                { "job": "build[profile=release]", "number": 2, "plugin": "cargo", "step": "compile" },
            "lockgate_cached": [{ "from": "01jdrun000000a/build/compile#1", "tool": "cargo" }],
            "lockgate_contacts": [
                { "host": "https://api.example:443", "peers": [] },
                { "host": "https://registry.example:443", "peers": ["192.0.2.7:443", "192.0.2.8:443"] },
            ],
            "lockgate_exposedSecrets": ["token"],
            "startedOn": "2026-11-18T11:06:40Z",
        },
    })
}

#[test]
fn the_statement_is_this_one() {
    let (facts, written) = (Facts::new(), Facts::new().json());
    let journal = &written["predicate"]["runDetails"]["byproducts"][0]["digest"]["sha256"];
    let expected = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://lockgate.example/buildtypes/pipeline/v1",
                "externalParameters": {
                    "event": { "branch": "main", "type": "push" },
                    "inputs": { "count": 9_007_199_254_740_993_u64, "level": "patch" },
                    "pipeline": { "file": "lockgate.yaml", "name": "service" },
                },
                "internalParameters": { "grants": { "exec": ["cargo"], "expose": ["token"] }, "trust": "trusted" },
                "resolvedDependencies": expected_dependencies(),
            },
            "runDetails": expected_details(journal),
        },
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{ "annotations": { "lockgate_sizeBytes": 13 }, "digest": { "sha256": Digest::of(ARTIFACT).hex() },
            "mediaType": "application/x-tar", "name": "service.tar" }],
    });
    assert_same(facts.statement().as_bytes(), expected);
}

/// Compares what a person can read first, then the very bytes.
fn assert_same(found: &[u8], mut expected: Json) {
    let read: Json = serde_json::from_slice(found).unwrap();
    let lines =
        |json: &Json| serde_json::to_string_pretty(json).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    expected.sort_all_objects();
    for (found, expected) in lines(&read).iter().zip(lines(&expected)) {
        assert_eq!(*found, expected);
    }
    assert_eq!(str::from_utf8(found).unwrap(), expected.to_string());
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let facts = Facts::new();
    let mut other = Facts::new();
    other.run.plugins.reverse();
    assert_eq!(facts.statement(), other.statement());
    let text = String::from_utf8(facts.statement().as_bytes().to_vec()).unwrap();
    assert!(
        text.starts_with(r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{"buildDefinition":"#),
        "{text}"
    );
    other.step.calls.pop();
    assert_ne!(facts.statement(), other.statement(), "the journal's digest tells");
}

#[test]
fn a_value_over_the_limit_is_named_by_its_digest() {
    let mut facts = Facts::new();
    // With its two quotation marks.
    facts.run.event = Json::from("x".repeat(EMBEDDED_BYTES_MAX - 2));
    let fits = facts.json();
    assert_eq!(fits.pointer("/predicate/buildDefinition/externalParameters/event"), Some(&facts.run.event));
    facts.run.event = Json::from("x".repeat(EMBEDDED_BYTES_MAX - 1));
    facts.step.grants.read = Some(vec!["x".repeat(EMBEDDED_BYTES_MAX)]);
    facts.run.inputs =
        [("b".to_owned(), Json::from("x".repeat(EMBEDDED_BYTES_MAX))), ("a".to_owned(), json!(1))].into();
    let json = facts.json();
    let external = &json["predicate"]["buildDefinition"]["externalParameters"];
    assert_eq!(external["eventDigest"], Digest::of(facts.run.event.to_string().as_bytes()).to_string());
    let inputs = format!(r#"{{"a":1,"b":"{}"}}"#, "x".repeat(EMBEDDED_BYTES_MAX));
    assert_eq!(external["inputsDigest"], digest(&inputs).to_string());
    assert!(external["event"].is_null() && external["inputs"].is_null());
    let internal = &json["predicate"]["buildDefinition"]["internalParameters"];
    assert!(internal["grants"].is_null() && internal["grantsDigest"].is_string(), "{internal}");
}

#[test]
fn a_plugin_that_does_very_much_cannot_prevent_its_provenance() {
    let mut facts = Facts::new();
    let long = "x".repeat(200);
    for number in 0..LISTED_MAX + 10 {
        facts.step.calls.push(contact(&format!("a{number}.{long}.example"), "192.0.2.7:443"));
        facts.step.calls.push(contact("many.example", &format!("192.0.2.7:{number}")));
        let key = format!("{long}/{long}#{number}");
        let argv = json!({ "argv": [format!("tool{number}")], "secret-env": [["X", format!("{number}{long}")]] });
        facts.step.calls.push(call("exec", "run", &argv, &json!({ "cached-from": key })));
        let mut plugin = facts.run.plugins[1].clone();
        (plugin.alias, plugin.reference) = (format!("p{number}").parse().unwrap(), format!("{long}{number}/{long}"));
        facts.run.plugins.push(plugin);
    }
    let large = || Json::from("\u{1}".repeat(EMBEDDED_BYTES_MAX / 6 - 10));
    facts.run.event = large();
    facts.run.inputs = [("x".to_owned(), large())].into();
    facts.artifact.name = "\u{1}".repeat(1_000_000);
    let statement = facts.statement();
    assert!(statement.as_bytes().len() <= STATEMENT_BYTES_MAX, "{}", statement.as_bytes().len());
    sign(&statement, &SigningKey::generate().unwrap()).unwrap();
    let json = facts.json();
    let omitted = &json["predicate"]["runDetails"]["metadata"]["lockgate_omitted"];
    assert_eq!(omitted["contacts"], 13);
    assert_eq!(omitted["plugins"], 12);
    assert_eq!(omitted["exposedSecrets"], 11);
    let name = json["subject"][0]["name"].as_str().unwrap();
    assert!(name.len() <= TEXT_BYTES_MAX && name.ends_with("..."), "{name}");
}

#[test]
fn addresses_beyond_the_limit_are_counted() {
    let mut facts = Facts::new();
    facts.step.calls = (0..PEERS_MAX + 3).map(|port| contact("a.example", &format!("192.0.2.7:{port}"))).collect();
    let metadata = &facts.json()["predicate"]["runDetails"]["metadata"];
    assert_eq!(metadata["lockgate_contacts"][0]["peers"].as_array().unwrap().len(), PEERS_MAX);
    assert_eq!(metadata["lockgate_omitted"], json!({ "peers": 3 }));
}

#[test]
fn the_work_of_a_stranger_has_another_builder() {
    let mut facts = Facts::new();
    facts.run.trust = Trust::Untrusted;
    let json = facts.json();
    assert_eq!(json["predicate"]["runDetails"]["builder"]["id"], "https://lockgate.example/builders/host/v1/untrusted");
    assert_eq!(json["predicate"]["buildDefinition"]["internalParameters"]["trust"], "untrusted");
    assert_eq!(json["predicate"]["buildDefinition"]["buildType"], BUILD_TYPE);
}

#[test]
fn an_instant_beyond_the_calendar_is_left_out() {
    let mut facts = Facts::new();
    facts.run.finished_at.0 = u64::MAX;
    assert!(facts.json()["predicate"]["runDetails"]["metadata"]["finishedOn"].is_null());
}
