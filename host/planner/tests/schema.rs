//! The file's JSON Schema against files: it accepts what the planner reads and refuses what it does not.

use lockgate_model::Json;
use lockgate_planner::{check_config, schema};

fn json_of(text: &str) -> Json {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn check_valid(text: &str) {
    assert_eq!(check_config(&schema(), &json_of(text)), Ok(()), "{text}");
}

/// An optional key is `anyOf` its type and null, so that the error stands at the key that leads to `path`.
fn check_invalid(text: &str, path: &str) {
    let errors = check_config(&schema(), &json_of(text)).err().unwrap_or_default();
    assert!(errors.len() == 1 && path.starts_with(&errors[0].path), "{text}\n{errors:?}");
}

#[test]
fn the_samples_are_valid() {
    check_valid(include_str!("golden/sample.yaml"));
    check_valid(include_str!("golden/design.yaml"));
    check_valid(include_str!("golden/every-key.yaml"));
}

#[test]
fn wrong_files_are_not() {
    check_invalid("name: x", "");
    check_invalid("job: {}\njobs: {}", "/job");
    check_invalid("jobs: { a: { step: [] } }", "/jobs/a/step");
    check_invalid("jobs: { a: { timeout: 10 } }", "/jobs/a/timeout");
    check_invalid("jobs: { a: { timeout: 10y } }", "/jobs/a/timeout");
    check_invalid("jobs: { a: { strategy: { matrix: { os: 1 } } } }", "/jobs/a/strategy/matrix/os");
    check_invalid("jobs: { a: { steps: [{ effect: twice }] } }", "/jobs/a/steps/0/effect");
    check_invalid("jobs: { a: { steps: [{ id: 9x }] } }", "/jobs/a/steps/0/id");
    check_invalid("jobs: { a: { steps: [{ retry: 0 }] } }", "/jobs/a/steps/0/retry");
}

#[test]
fn the_schema_is_stable() {
    insta::assert_snapshot!("schema", serde_json::to_string_pretty(&schema()).unwrap());
}

/// An editor shows descriptions: every key has one.
#[test]
fn every_key_is_described() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let definitions = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    for properties in definitions.filter_map(|it| it["properties"].as_object()) {
        for (key, property) in properties.iter().filter(|(key, _)| !["include", "exclude"].contains(&key.as_str())) {
            assert!(property["description"].is_string(), "{key}: {property}");
        }
    }
}
