//! A test report as JUnit XML, for tools that read nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use lockgate_sdk::{Failure, TestCase, TestReport, TestStatus};
use quick_junit::{NonSuccessKind, Report, TestCase as Case, TestCaseStatus, TestSuite};

/// One `testsuite` for each suite, in order of name.
///
/// # Errors
/// `junit`, when the report cannot be written as XML.
pub fn xml(report: &TestReport) -> Result<String, Failure> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for case in &report.cases {
        suites.entry(&case.suite).or_insert_with(|| TestSuite::new(case.suite.as_str())).add_test_case(test_case(case));
    }
    for measured in report.measurements.iter().filter(|measured| measured.name == "cargo.suite.wall") {
        let suite = measured.attributes.first().and_then(|(_, suite)| suites.get_mut(suite.as_str()));
        if let (Some(suite), Ok(wall)) = (suite, Duration::try_from_secs_f64(measured.value)) {
            suite.set_time(wall);
        }
    }
    let mut xml = Report::new("cargo test");
    xml.add_test_suites(suites.into_values());
    xml.to_string()
        .map_err(|error| Failure::new("junit", format!("the report cannot be written as JUnit XML: {error}")))
}

fn test_case(case: &TestCase) -> Case {
    let mut made = Case::new(case.name.as_str(), status(case));
    made.set_classname(case.suite.as_str());
    if let Some(output) = &case.output {
        made.set_system_out(output.as_str());
    }
    if let Some(at) = &case.at {
        made.extra.insert("file".into(), at.path.as_str().into());
        made.extra.extend(at.line.map(|line| ("line".into(), line.to_string().into())));
    }
    made
}

fn status(case: &TestCase) -> TestCaseStatus {
    let mut status = match case.status {
        TestStatus::Passed | TestStatus::Flaky => return TestCaseStatus::success(),
        TestStatus::Skipped => TestCaseStatus::skipped(),
        TestStatus::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        TestStatus::Errored => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if let Some(message) = &case.message {
        status.set_message(message.as_str());
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_texts_survive() {
        let report = TestReport {
            cases: vec![
                TestCase::new("a", "good", TestStatus::Passed),
                TestCase::new("a", "bad <1>", TestStatus::Failed)
                    .message("x & y")
                    .output("\u{1b}[31mred\u{1b}[0m\u{0}"),
                TestCase::new("b", "gone", TestStatus::Errored),
                TestCase::new("b", "later", TestStatus::Skipped).message("slow"),
            ],
            ..TestReport::default()
        };
        let text = xml(&report).unwrap();
        let read = Report::deserialize_from_str(&text).unwrap();
        assert_eq!((read.tests, read.failures, read.errors), (4, 1, 1));
        assert!(
            text.contains("name=\"bad &lt;1&gt;\"") && text.contains("x &amp; y") && text.contains(">red<"),
            "{text}"
        );
        assert!(text.contains("<skipped message=\"slow\"/>"), "{text}");
    }
}
