//! Tests, all reports together.

use lockgate_sdk::{EvidenceBody, Reason, TestCase, TestStatus};

use super::{inconclusive, with_names};
use crate::config::TestRules;
use crate::limit::{Limit, Side};

pub(super) fn judge(rules: &TestRules, bodies: &[&EvidenceBody]) -> Vec<Reason> {
    let reports: Vec<_> = bodies
        .iter()
        .filter_map(|body| match body {
            EvidenceBody::Tests(report) => Some(report),
            _ => None,
        })
        .collect();
    if reports.is_empty() {
        return inconclusive("there is no test report", "let a step before the gate report its tests");
    }
    let cases: Vec<&TestCase> = reports.iter().flat_map(|report| &report.cases).collect();
    let ran = cases.iter().filter(|case| case.status != TestStatus::Skipped).count();
    if ran == 0 && rules.minimum.is_none() {
        return inconclusive("no test was carried out", "set `tests.minimum: 0` where that is right");
    }
    counts(rules, &cases, ran)
}

fn counts(rules: &TestRules, cases: &[&TestCase], ran: usize) -> Vec<Reason> {
    let minimum = rules.minimum.map(|limit| {
        limit.judge(
            Side::AtLeast,
            ran as f64,
            &format!("{ran} tests were carried out"),
            "run more tests, or fewer rules",
        )
    });
    let at_most = [
        (rules.failed, "failed", "mend the tests or what they test", &[TestStatus::Failed, TestStatus::Errored][..]),
        (rules.skipped, "were skipped", "carry them out or take them away", &[TestStatus::Skipped]),
        (rules.flaky, "were flaky", "find out why they are not always green", &[TestStatus::Flaky]),
    ];
    let count = |(limit, what, help, statuses): (Option<Limit>, &str, &str, &[TestStatus])| {
        limit.map(|limit| at_most_of(limit, what, help, statuses, cases))
    };
    minimum.into_iter().chain(at_most.into_iter().filter_map(count)).collect()
}

fn at_most_of(limit: Limit, what: &str, help: &str, statuses: &[TestStatus], cases: &[&TestCase]) -> Reason {
    let hits: Vec<_> = cases.iter().filter(|case| statuses.contains(&case.status)).collect();
    let names: Vec<_> = hits.iter().map(|case| format!("{} {}", case.suite, case.name).trim().to_owned()).collect();
    let message = with_names(&format!("{} of {} tests {what}", hits.len(), cases.len()), &names);
    let mut reason = limit.judge(Side::AtMost, hits.len() as f64, &message, help);
    reason.at = hits.iter().find_map(|case| case.at.clone());
    reason
}
