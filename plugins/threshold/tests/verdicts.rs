//! The table of the gate: what was proved, what must hold, what is ruled and why.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of a test may stop it and say why")]

use lockgate_plugin_threshold::Threshold;
use lockgate_sdk::testing::call;
use lockgate_sdk::{
    Evidence, EvidenceBody, FileCoverage, Finding, GateRequest, Location, Measurement, Ruling, ScanReport, Severity,
    TestCase, TestReport, TestStatus, Verdict,
};

fn tests(statuses: &[TestStatus]) -> EvidenceBody {
    let case = |(index, status): (usize, &TestStatus)| TestCase::new("suite", format!("t{index}"), *status);
    EvidenceBody::Tests(TestReport { cases: statuses.iter().enumerate().map(case).collect(), ..TestReport::default() })
}

fn coverage(files: &[(&str, u32, u32)]) -> EvidenceBody {
    let file = |(path, covered_lines, total_lines): &(&str, u32, u32)| FileCoverage {
        path: (*path).to_owned(),
        covered_lines: *covered_lines,
        total_lines: *total_lines,
        missed: vec![(7, 9)],
    };
    EvidenceBody::Tests(TestReport { coverage: files.iter().map(file).collect(), ..TestReport::default() })
}

fn findings(severities: &[Severity]) -> EvidenceBody {
    let finding = |severity: &Severity| Finding::new("rule", *severity, "found").at(Location::file("a.rs").line(3));
    EvidenceBody::Scan(ScanReport { findings: severities.iter().map(finding).collect(), ..ScanReport::default() })
}

fn measured(values: &[(&str, f64, &str)]) -> EvidenceBody {
    let one = |(name, value, unit): &(&str, f64, &str)| Measurement::new(*name, *value, *unit).attribute("os", "linux");
    EvidenceBody::Measurements(values.iter().map(one).collect())
}

fn judge(config: &str, bodies: &[EvidenceBody]) -> Verdict {
    let evidence = bodies.iter().map(|body| Evidence::new("build", "unit", body.clone())).collect();
    call::judge::<Threshold>(config, GateRequest { evidence, baseline: Vec::new() }).unwrap()
}

fn check(config: &str, bodies: &[EvidenceBody], ruling: Ruling, words: &str) {
    let verdict = judge(config, bodies);
    assert_eq!(verdict.ruling, ruling, "{config}: {verdict:?}");
    assert!(verdict.reasons.iter().any(|reason| reason.message == words), "{config}: {verdict:?}");
}

use Ruling::{Fail, Inconclusive, Pass, Warn};
use TestStatus::{Errored, Failed, Flaky, Passed, Skipped};

#[test]
fn tests_are_counted_over_all_reports() {
    let two = [tests(&[Passed, Passed]), tests(&[Passed, Failed, Errored])];
    check(r#"{"tests": {"failed": 0}}"#, &two[..1], Pass, "0 of 2 tests failed");
    check(r#"{"tests": {"failed": 1}}"#, &two, Fail, "2 of 5 tests failed (suite t1, suite t2), at most 1 allowed");
    check(r#"{"tests": {"failed": 2}}"#, &two, Pass, "2 of 5 tests failed (suite t1, suite t2)");
    check(
        r#"{"tests": {"skipped": {"warn": 0, "fail": 2}}}"#,
        &[tests(&[Passed, Skipped])],
        Warn,
        "1 of 2 tests were skipped (suite t1), at most 0 allowed",
    );
    check(
        r#"{"tests": {"flaky": 0}}"#,
        &[tests(&[Flaky])],
        Fail,
        "1 of 1 tests were flaky (suite t0), at most 0 allowed",
    );
    check(r#"{"tests": {"minimum": 3}}"#, &two[..1], Fail, "2 tests were carried out, at least 3 required");
}

#[test]
fn long_lists_of_names_end() {
    let many = [tests(&[Failed; 7])];
    check(
        r#"{"tests": {"failed": 0}}"#,
        &many,
        Fail,
        "7 of 7 tests failed (suite t0, suite t1, suite t2, suite t3, suite t4 and 2 more), at most 0 allowed",
    );
}

#[test]
fn absent_evidence_is_inconclusive() {
    check(r#"{"tests": {"failed": 0}}"#, &[], Inconclusive, "there is no test report");
    check(r#"{"tests": {"failed": 0}}"#, &[tests(&[])], Inconclusive, "no test was carried out");
    check(r#"{"tests": {"failed": 0}}"#, &[tests(&[Skipped])], Inconclusive, "no test was carried out");
    check(r#"{"tests": {"failed": 0, "minimum": 0}}"#, &[tests(&[])], Pass, "0 of 0 tests failed");
    check(r#"{"coverage": {"lines": 0}}"#, &[tests(&[Passed])], Inconclusive, "no report says which lines ran");
    check(r#"{"coverage": {"lines": 0}}"#, &[coverage(&[("a", 0, 0)])], Inconclusive, "no report says which lines ran");
    check(r#"{"findings": {"high": 0}}"#, &[tests(&[Passed])], Inconclusive, "nothing was scanned");
    check(r#"{"measurements": [{"name": "x", "at-most": 1}]}"#, &[], Inconclusive, "`x` was not measured");
}

#[test]
fn a_failure_outweighs_what_is_missing() {
    let config = r#"{"tests": {"failed": 0}, "findings": {"high": 0}}"#;
    assert_eq!(judge(config, &[tests(&[Failed])]).ruling, Fail);
    assert_eq!(judge(config, &[tests(&[Passed])]).ruling, Inconclusive);
}

#[test]
fn coverage_is_of_lines_and_of_the_worst_file() {
    let files = [coverage(&[("a.rs", 90, 100), ("b.rs", 10, 20)]), coverage(&[("a.rs", 50, 100)])];
    check(r#"{"coverage": {"lines": 83.3}}"#, &files, Pass, "83.33% of 120 lines ran");
    check(r#"{"coverage": {"lines": {"warn": 90}}}"#, &files, Warn, "83.33% of 120 lines ran, at least 90 required");
    check(
        r#"{"coverage": {"per-file": 60}}"#,
        &files,
        Fail,
        "the least covered file has 50% of its lines run (b.rs), at least 60 required",
    );
    let verdict = judge(r#"{"coverage": {"per-file": 60}}"#, &files);
    assert_eq!(verdict.reasons[0].at, Some(Location::file("b.rs").line(7)));
}

#[test]
fn a_limit_for_a_severity_holds_for_worse_ones() {
    let found = [findings(&[Severity::Critical, Severity::Medium, Severity::Low])];
    check(
        r#"{"findings": {"high": 0}}"#,
        &found,
        Fail,
        "1 findings are high or worse (rule in a.rs), at most 0 allowed",
    );
    check(r#"{"findings": {"medium": 2, "high": 1}}"#, &found, Pass, "1 findings are high or worse (rule in a.rs)");
    check(r#"{"findings": {"info": 0}}"#, &[findings(&[])], Pass, "0 findings");
}

#[test]
fn every_measurement_of_a_name_must_hold() {
    let numbers = [measured(&[("t", 5.0, "ms"), ("t", 9.0, "ms"), ("nan", f64::NAN, "1")])];
    let rule = |rule: &str| format!(r#"{{"measurements": [{rule}]}}"#);
    check(&rule(r#"{"name": "t", "unit": "ms", "at-most": 9}"#), &numbers, Pass, "`t` is 9 ms");
    check(&rule(r#"{"name": "t", "at-most": 8}"#), &numbers, Fail, "`t` is 9 ms, at most 8 allowed");
    check(&rule(r#"{"name": "t", "at-least": 6}"#), &numbers, Fail, "`t` is 5 ms, at least 6 required");
    check(&rule(r#"{"name": "t", "unit": "s", "at-most": 9}"#), &numbers, Inconclusive, "`t` was measured in `ms`");
    check(&rule(r#"{"name": "nan", "at-most": 9}"#), &numbers, Inconclusive, "`nan` is no finite number");
    check(&rule(r#"{"name": "t"}"#), &numbers, Inconclusive, "the rule for `t` has no limit");
    let elsewhere = rule(r#"{"name": "t", "attributes": {"os": "mac"}, "at-most": 9}"#);
    check(&elsewhere, &numbers, Inconclusive, "`t` was not measured");
}

#[test]
fn filters_choose_what_is_judged() {
    let evidence = [("build", "unit", Passed), ("build", "slow", Failed), ("other", "unit", Failed)];
    let evidence = evidence.map(|(job, step, status)| Evidence::new(job, step, tests(&[status]))).to_vec();
    let ruling = |config: &str| {
        call::judge::<Threshold>(config, GateRequest { evidence: evidence.clone(), baseline: vec![] }).unwrap().ruling
    };
    assert_eq!(ruling(r#"{"tests": {"failed": 0}, "jobs": ["build"], "steps": ["unit"]}"#), Pass);
    assert_eq!(ruling(r#"{"tests": {"failed": 0}, "jobs": ["build"]}"#), Fail);
    assert_eq!(ruling(r#"{"tests": {"failed": 0}, "steps": ["unti"]}"#), Inconclusive);
}

#[test]
fn mistakes_in_the_configuration_are_failures() {
    let code = |config: &str| call::judge::<Threshold>(config, GateRequest::default()).unwrap_err().code;
    assert_eq!(code("{}"), "bad-config");
    assert_eq!(code(r#"{"tests": {"fialed": 0}}"#), "bad-config");
    assert_eq!(code(r#"{"coverage": {"lines": "80"}}"#), "bad-config");
}
