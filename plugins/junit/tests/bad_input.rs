//! Whatever bytes come, the answer is cases or a failure: no panic, no expansion, no end of memory.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of a test may stop it and say why")]

use lockgate_plugin_junit::Junit;
use lockgate_sdk::testing::call;
use lockgate_sdk::{Failure, ReportFile, TestReport};

const SEEDS: u64 = 4_000;

fn read(content: impl Into<Vec<u8>>) -> Result<TestReport, Failure> {
    call::report::<Junit>("{}", ReportFile { path: "report.xml".to_owned(), content: content.into() })
}

fn check(content: &str, code: &str, line: u32) {
    let failure = read(content).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.at[0].line), (code, Some(line)), "{}", failure.message);
}

#[test]
fn what_is_no_report_is_refused_by_name() {
    check("", "not-junit", 1);
    check("no xml here", "not-junit", 1);
    check("<?xml version='1.0'?>\n<test-run id='2'/>", "not-junit", 2);
    check("<testsuites>\n<testsuite>\n<testcase name='a'>", "bad-xml", 3);
    check("<testsuites>\n</testsuite>", "bad-xml", 2);
}

#[test]
fn entity_bombs_are_refused_and_foreign_doctypes_ignored() {
    check("<!DOCTYPE t [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>\n<testsuite name='&b;'/>", "doctype", 1);
    check("<!DOCTYPE t [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><testsuite/>", "doctype", 1);
    assert!(read("<!DOCTYPE testsuite SYSTEM 'junit.dtd'><testsuite/>").unwrap().cases.is_empty());
}

#[test]
fn depth_and_count_are_bounded() {
    let nested = |depth: usize| format!("{}{}", "<testsuite>".repeat(depth), "</testsuite>".repeat(depth));
    assert!(read(nested(64)).is_ok());
    assert_eq!(read(nested(65)).unwrap_err().code, "too-deep");
    let cases = |count: usize| format!("<testsuite>{}</testsuite>", "<testcase/>".repeat(count));
    assert_eq!(read(cases(100_000)).unwrap().cases.len(), 100_000);
    assert_eq!(read(cases(100_001)).unwrap_err().code, "too-many-cases");
    assert_eq!(read(vec![b' '; 32 * 1024 * 1024 + 1]).unwrap_err().code, "too-large");
}

/// xorshift64: enough to reach odd bytes, and the same ones each time.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn mutate(bytes: &mut Vec<u8>, state: &mut u64) {
    for _ in 0..=next(state) % 8 {
        let at = usize::try_from(next(state)).unwrap() % bytes.len().max(1);
        match next(state) % 4 {
            0 => bytes.truncate(at.max(1)),
            1 => bytes.insert(at, b"<>&\"'/\0]!-"[usize::try_from(next(state) % 10).unwrap()]),
            2 => drop(bytes.remove(at)),
            _ => bytes[at] = u8::try_from(next(state) & 0xFF).unwrap(),
        }
        if bytes.is_empty() {
            bytes.push(b'<');
        }
    }
}

#[test]
fn mutated_reports_never_panic() {
    let files = ["pytest.xml", "surefire.xml", "nested.xml", "gtest.xml"]
        .map(|file| std::fs::read(format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap());
    let (mut readable, mut refused) = (0, 0);
    for seed in 1..=SEEDS {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut bytes = files[usize::try_from(seed).unwrap() % files.len()].clone();
        mutate(&mut bytes, &mut state);
        match read(bytes) {
            Ok(_) => readable += 1,
            Err(failure) => {
                assert!(
                    ["bad-xml", "not-junit", "doctype"].contains(&failure.code.as_str()),
                    "seed {seed}: {failure:?}"
                );
                refused += 1;
            }
        }
    }
    assert!(readable > 100 && refused > 100, "the mutations are too weak or too strong: {readable}, {refused}");
}
