//! What cargo and libtest of Rust 1.95 really wrote, read again: interleaved raw output, one thread, shown output, dying processes.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as its body may")]

use std::collections::BTreeMap;
use std::fs;

use lockgate_plugin_cargo::places::Places;
use lockgate_plugin_cargo::report::{self, Tests};
use lockgate_plugin_cargo::stream::Stream;
use lockgate_sdk::{TestCase, TestStatus};

fn read(name: &str) -> Tests {
    let file = |ending: &str| format!("{}/tests/data/{name}.{ending}", env!("CARGO_MANIFEST_DIR"));
    let stream = Stream::read(&fs::read(file("stdout")).unwrap()[..]).unwrap();
    let stderr = fs::read_to_string(file("stderr")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[package]\nname = \"tiny\"\n[[test]]\nname = \"custom\"\nharness = false\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    report::read(&stream, &stderr, &Places::new(folder.path().to_owned(), None))
}

/// Passed, failed, errored and skipped cases of each suite.
fn counts(tests: &Tests) -> BTreeMap<&str, [usize; 4]> {
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for case in &tests.report.cases {
        let place = match case.status {
            TestStatus::Passed | TestStatus::Flaky => 0,
            TestStatus::Failed => 1,
            TestStatus::Errored => 2,
            TestStatus::Skipped => 3,
        };
        counts.entry(&case.suite).or_default()[place] += 1;
    }
    counts
}

fn check(name: &str, expected: &[(&str, [usize; 4])], unaccounted: usize) {
    let tests = read(name);
    assert_eq!(counts(&tests), expected.iter().copied().collect(), "{name}");
    assert_eq!(tests.unaccounted, unaccounted, "{name}: {:?}", tests.warnings);
}

fn case<'a>(tests: &'a Tests, name: &str) -> &'a TestCase {
    tests.report.cases.iter().find(|case| case.name == name).unwrap()
}

const TINY: [(&str, [usize; 4]); 4] = [
    ("tiny", [4, 6, 0, 2]),
    ("tiny::bin/tiny-bin", [1, 0, 0, 0]),
    ("tiny::doc", [4, 1, 0, 1]),
    ("tiny::integ", [2, 0, 0, 0]),
];

#[test]
fn counts_are_those_of_libtest() {
    check("mixed", &TINY, 0);
    check("one-thread", &TINY, 0);
    check("show-output", &TINY, 0);
}

#[test]
fn a_process_that_dies_is_told_with_the_tests_it_took_along() {
    check("dead", &[("dead", [0, 0, 1, 0]), ("dead::quits", [0, 0, 1, 0])], 5);
    let tests = read("dead");
    let expected = "the test process ended early (signal: 6, SIGABRT: process abort signal): 0 of 3 tests had reported";
    assert_eq!(case(&tests, "dies").message.as_deref(), Some(expected));
    assert_eq!(case(&tests, "leaves").status, TestStatus::Errored);
}

#[test]
fn a_harness_of_its_own_is_known_by_the_manifest() {
    assert_eq!(read("mixed").warnings, [""; 0]);
}

#[test]
fn red_tests_have_message_place_and_output() {
    for name in ["mixed", "show-output"] {
        let tests = read(name);
        let bad = case(&tests, "tests::bad");
        assert_eq!(bad.message.as_deref(), Some("assertion `left == right` failed: one and one\n  left: 2\n right: 3"));
        let at = bad.at.as_ref().unwrap();
        assert_eq!((at.path.as_str(), at.line, at.column), ("src/lib.rs", Some(31), Some(74)));
        assert!(bad.output.as_ref().unwrap().starts_with("some output\nerr output\n\nthread 'tests::bad'"));
        assert_eq!(case(&tests, "tests::res").message.as_deref(), Some("Error: \"no luck\""));
        let multi = case(&tests, "tests::multi");
        assert!(multi.output.as_ref().unwrap().contains("second\n---- tests::good stdout ----\nfailures:\n    x"));
        assert!(case(&tests, "tests::pan2").message.as_ref().unwrap().contains("expected substring: \"foo\""));
    }
}

#[test]
fn shown_output_of_green_tests_is_theirs_alone() {
    let tests = read("show-output");
    assert_eq!(case(&tests, "tests::good").output.as_deref(), Some("noise"));
    assert!(case(&tests, "tests::pan").output.as_ref().unwrap().ends_with("expected"));
}

#[test]
fn documentation_tests_stand_at_their_line() {
    let tests = read("mixed");
    let doc = case(&tests, "src/lib.rs - add (line 24)");
    assert_eq!(doc.at.as_ref().map(|at| (at.path.as_str(), at.line)), Some(("src/lib.rs", Some(24))));
    assert_eq!(doc.message.as_deref(), Some("assertion `left == right` failed\n  left: 3\n right: 4"));
}

#[test]
fn reasons_for_ignoring_are_kept() {
    let tests = read("mixed");
    assert_eq!(case(&tests, "tests::slow").message.as_deref(), Some("slow one"));
    assert_eq!(case(&tests, "tests::slow2").message, None);
}
