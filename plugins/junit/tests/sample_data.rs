//! Sample data, where it is present: real reports of many tools, with the counts that another reader found in them.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of a test may stop it and say why")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use lockgate_plugin_junit::Junit;
use lockgate_sdk::testing::call;
use lockgate_sdk::{Failure, ReportFile, TestReport, TestStatus};

/// Reports whose suites count tests without listing them; another reader believes the count.
const COUNTS_WITHOUT_CASES: &str = "no-cases-but-tests";

/// A report whose own totals say `disabled='5'`; another reader takes those for passed, this one for skipped.
const DISABLED: (&str, usize) = ("tst/disabled", 5);

fn sample_data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = env::var_os("LOCKGATE_SAMPLE_DATA").map_or_else(beside, PathBuf::from).join("03-test-reports");
    if !root.is_dir() {
        eprintln!("skipped: there is no sample data; LOCKGATE_SAMPLE_DATA may name its folder");
        return None;
    }
    Some(root)
}

fn files_below(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, extension, found);
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
    found.sort();
}

fn read(path: &Path) -> Result<TestReport, Failure> {
    let file = ReportFile { path: path.display().to_string(), content: fs::read(path).unwrap() };
    call::report::<Junit>("{}", file)
}

/// The text without comments, in which a report may hide whole suites.
fn without_comments(text: &str) -> String {
    let mut parts = text.split("<!--");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once("-->").map_or("", |(_, rest)| rest))
}

#[test]
fn every_real_report_is_read_or_refused_by_name() {
    let Some(root) = sample_data() else { return };
    let mut files = Vec::new();
    files_below(&root, "xml", &mut files);
    files_below(&root, "multi", &mut files);
    assert!(files.len() > 50, "{} files below {}", files.len(), root.display());
    for path in files {
        let text = without_comments(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        let is_junit = text.contains("<testsuite") || text.contains("<testrun");
        let listed = text.matches("<testcase ").count();
        match read(&path) {
            Ok(report) => assert!(is_junit && report.cases.len() >= listed, "{}", path.display()),
            Err(failure) => assert!(!is_junit && failure.code == "not-junit", "{}: {failure:?}", path.display()),
        }
    }
}

#[test]
fn counts_agree_with_another_reader() {
    let Some(root) = sample_data() else { return };
    let mut compared = 0;
    let mut files = Vec::new();
    files_below(&root.join("enricomi/junit-xml"), "xml", &mut files);
    for path in files {
        let Ok(expected) = fs::read_to_string(path.with_extension("results.json")) else { continue };
        let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
        let Ok(report) = read(&path) else { continue };
        if path.display().to_string().contains(COUNTS_WITHOUT_CASES) {
            assert_eq!(report.count(TestStatus::Errored), 1);
            continue;
        }
        let count = |name: &str| usize::try_from(expected["stats"][name].as_u64().unwrap()).unwrap();
        let ours = [TestStatus::Passed, TestStatus::Skipped, TestStatus::Failed, TestStatus::Errored];
        let mut theirs = ["runs_succ", "runs_skip", "runs_fail", "runs_error"].map(count);
        if path.display().to_string().contains(DISABLED.0) {
            theirs[0] -= DISABLED.1;
            theirs[1] += DISABLED.1;
        }
        assert_eq!(ours.map(|status| report.count(status)), theirs, "{}", path.display());
        compared += 1;
    }
    assert!(compared > 5, "{compared} reports compared");
}
