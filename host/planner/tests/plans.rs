//! Golden plans and diagnostics.

mod common;

use common::{catalog, planned, source};
use lockgate_planner::{Params, plan, references};

const SAMPLE: &str = include_str!("golden/sample.yaml");
const EVERY_KEY: &str = include_str!("golden/every-key.yaml");
const DESIGN: &str = include_str!("golden/design.yaml");
const TEN_MISTAKES: &str = include_str!("../../../tests/golden/ten-mistakes.yaml");

#[test]
fn the_sample_has_this_plan() {
    let planned = planned(SAMPLE).unwrap_or_else(|it| panic!("{}", it.render(&source(SAMPLE), false)));
    insta::assert_snapshot!("sample-plan", serde_json::to_string_pretty(&planned.plan).unwrap());
    assert!(planned.warnings.is_empty(), "{}", planned.warnings);
}

#[test]
fn every_key_has_its_place_in_the_plan() {
    let planned = planned(EVERY_KEY).unwrap_or_else(|it| panic!("{}", it.render(&source(EVERY_KEY), false)));
    insta::assert_snapshot!("every-key-plan", serde_json::to_string_pretty(&planned.plan).unwrap());
    insta::assert_snapshot!("every-key-warnings", planned.warnings.render(&source(EVERY_KEY), false));
}

#[test]
fn outputs_of_a_job_that_is_not_needed_are_told() {
    let diagnostics = planned(DESIGN).unwrap_err();
    insta::assert_snapshot!("design", diagnostics.render(&source(DESIGN), false));
}

#[test]
fn ten_mistakes_are_told_in_one_go() {
    let source = source(TEN_MISTAKES);
    for catalog in [catalog(), Default::default()] {
        let diagnostics = plan(&source, &catalog, &Params::default()).unwrap_err();
        insta::assert_snapshot!("ten-mistakes", diagnostics.render(&source, false));
        assert_eq!(diagnostics.len(), 10);
    }
}

#[test]
fn related_places_and_warnings_are_shown() {
    let text = "plugins: { gate: registry.example/lockgate/gate:0.1 }\njobs:\n  a: { steps: [{ run: x }] }\n  b: { steps: [{ id: \"x\\e[31m\", run: y }] }\n  a: {}\n";
    let diagnostics = planned(text).unwrap_err();
    insta::assert_snapshot!("related", diagnostics.render(&source(text), false));
    insta::assert_snapshot!("related-json", serde_json::to_string_pretty(&diagnostics.to_json()).unwrap());
}

#[test]
fn colour_is_asked_for() {
    let source = source("jobs: 1");
    let diagnostics = planned(&source.text).unwrap_err();
    assert!(diagnostics.render(&source, true).contains("\u{1b}["));
    assert!(!diagnostics.render(&source, false).contains('\u{1b}'));
}

#[test]
fn references_do_not_mind_other_mistakes() {
    let found = references(&source("jobs: 5\nplugins:\n  a: x/a:1\n  9: x/b:1\n  c: [1]\n  d: x/d:1\n")).unwrap();
    let found: Vec<_> = found.iter().map(|it| (it.alias.as_str(), it.reference.as_str(), it.line)).collect();
    assert_eq!(found, [("a", "x/a:1", 3), ("d", "x/d:1", 6)]);
    assert!(references(&source("jobs: [")).is_err());
}
