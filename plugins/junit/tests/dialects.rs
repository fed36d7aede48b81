//! Reports in the words of the tools that write them, read case by case.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of a test may stop it and say why")]

use lockgate_plugin_junit::Junit;
use lockgate_sdk::testing::call;
use lockgate_sdk::{ReportFile, TestCase, TestReport};

fn report(config: &str, file: &str) -> TestReport {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let content = std::fs::read(&path).unwrap();
    call::report::<Junit>(config, ReportFile { path: file.to_owned(), content }).unwrap()
}

/// `suite name status attempts ms place message`, where `-` is absent.
fn line(case: &TestCase) -> String {
    let ms = case.duration_ms.map_or("-".to_owned(), |ms| format!("{ms}"));
    let at = case
        .at
        .as_ref()
        .map_or("-".to_owned(), |at| at.line.map_or_else(|| at.path.clone(), |line| format!("{}:{line}", at.path)));
    let message = case.message.as_deref().unwrap_or("-").replace('\n', "|");
    let status = format!("{:?}", case.status);
    let status = status.rsplit("::").next().unwrap_or_default().to_ascii_lowercase();
    format!("{} / {} / {status} / {} / {ms} / {at} / {message}", case.suite, case.name, case.attempts)
}

fn check(config: &str, file: &str, expected: &[&str]) {
    let lines: Vec<_> = report(config, file).cases.iter().map(line).collect();
    assert_eq!(lines, expected, "{file}");
}

#[test]
fn pytest_counts_lines_from_zero() {
    check(
        "{}",
        "pytest.xml",
        &[
            "tests.test_cart / test_total[2-EUR] / passed / 1 / 1 / tests/test_cart.py:12 / -",
            "tests.test_cart / test_discount / failed / 1 / 2 / tests/test_cart.py:20 / AssertionError: assert 90 == 80",
            "tests.test_cart / test_stock / errored / 1 / 0 / tests/test_cart.py:30 / failed on setup with \"OSError: no database\"",
            "tests.test_cart / test_tax / skipped / 1 / 0 / tests/test_cart.py:40 / not in this country",
        ],
    );
}

#[test]
fn surefire_tells_flaky_from_failed_again() {
    check(
        "{}",
        "surefire.xml",
        &[
            "shop.OrderTest / pays / flaky / 2 / 500 / - / expected:<200> but was:<503>",
            "shop.OrderTest / ships / failed / 3 / 1200000 / - / too late",
            "shop.OrderTest / returns / passed / 1 / - / - / -",
        ],
    );
}

#[test]
fn suites_nest_break_by_themselves_and_come_in_several_documents() {
    check(
        "{}",
        "nested.xml",
        &[
            "inner / works / passed / 1 / 4 / spec/all_spec.rb / -",
            "inner / breaks / failed / 1 / 0 / spec/inner_spec.rb:7 / expected true",
            "lost / (outside any test) / errored / 1 / - / - / the suite counts 2 red tests and lists none",
            "all / (outside any test) / errored / 1 / - / - / before(:all) failed",
            "doc / two &unknown; a & b / passed / 1 / - / - / -",
        ],
    );
}

#[test]
fn googletest_says_by_attributes_what_did_not_run() {
    check(
        r#"{"root": "/build"}"#,
        "gtest.xml",
        &[
            "Queue / Pops / passed / 1 / 1 / queue_test.cc:12 / -",
            "Queue / Pushes / failed / 1 / 2 / queue_test.cc:20 / /build/queue_test.cc:23|Expected equality",
            "Queue / DISABLED_Grows / skipped / 1 / 0 / queue_test.cc:30 / -",
            "Queue / Waits / skipped / 1 / 0 / queue_test.cc:40 / no clock",
        ],
    );
}

fn check_output(config: &str, expected: Option<&str>) {
    let output = report(config, "pytest.xml").cases[1].output.clone();
    assert_eq!(output.as_deref().map(|text| text.lines().last().unwrap()), expected, "{config}");
}

#[test]
fn output_is_kept_as_configured() {
    check_output("{}", Some("discount & more"));
    check_output(r#"{"output": "none"}"#, None);
    check_output(r#"{"output-bytes-max": 10}"#, Some("[126 more bytes]"));
    assert_eq!(report(r#"{"output": "all"}"#, "pytest.xml").cases[0].output, None);
}
