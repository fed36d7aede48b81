//! What a person reads of an attempt: counts first, then what is wrong, then what to do.

use lockgate_model::evidence::{Reason, Ruling, ScanReport, Severity, TestCase, TestReport, TestStatus, Verdict};
use lockgate_model::outcome::Failure;

/// Failed tests and reasons that a message names.
const ITEMS_MAX: usize = 20;

/// Whether a test makes its report red.
pub(super) fn is_red(case: &TestCase) -> bool {
    matches!(case.status, TestStatus::Failed | TestStatus::Errored)
}

/// `41 passed, 1 failed`, then each red test with the first line of its message.
pub(super) fn of_tests(report: &TestReport) -> String {
    let words = [
        (TestStatus::Passed, "passed"),
        (TestStatus::Failed, "failed"),
        (TestStatus::Errored, "errored"),
        (TestStatus::Skipped, "skipped"),
        (TestStatus::Flaky, "flaky"),
    ];
    let counts = words.iter().map(|(status, word)| (report.count(*status), *word));
    let shown: Vec<String> = counts
        .filter(|(count, word)| *count > 0 || *word == "passed")
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    with_items(shown.join(", "), report.cases.iter().filter(|case| is_red(case)).map(of_case).collect())
}

fn of_case(case: &TestCase) -> String {
    match case.message.as_deref().and_then(|message| message.lines().next()).filter(|line| !line.is_empty()) {
        Some(line) => format!("{}: {}: {line}", case.suite, case.name),
        None => format!("{}: {}", case.suite, case.name),
    }
}

/// `findings: 1 high, 3 low`.
pub(super) fn of_scan(report: &ScanReport) -> String {
    let levels = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let counts = levels.iter().filter_map(|level| {
        let count = report.findings.iter().filter(|finding| finding.severity == *level).count();
        (count > 0).then(|| format!("{count} {level:?}").to_lowercase())
    });
    let counts: Vec<String> = counts.collect();
    match counts.is_empty() {
        true => "no findings".to_owned(),
        false => format!("findings: {}", counts.join(", ")),
    }
}

/// The reasons that decided; where all is good, all of them.
pub(super) fn of_verdict(verdict: &Verdict) -> String {
    let shown = |reason: &&Reason| reason.ruling != Ruling::Pass || verdict.ruling == Ruling::Pass;
    let mut reasons = verdict.reasons.iter().filter(shown).map(of_reason);
    match reasons.next() {
        Some(first) => with_items(first, reasons.collect()),
        None => format!("{:?}", verdict.ruling).to_lowercase(),
    }
}

fn of_reason(reason: &Reason) -> String {
    match &reason.help {
        Some(help) => format!("{} ({help})", reason.message),
        None => reason.message.clone(),
    }
}

/// What the plugin says it could not do, where, and what would help.
pub(super) fn of_failure(failure: &Failure) -> String {
    let mut lines = vec![format!("{} [{}]", failure.message, failure.code)];
    lines.extend(failure.at.iter().take(ITEMS_MAX).map(|at| match at.line {
        Some(line) => format!("at {}:{line}", at.path),
        None => format!("at {}", at.path),
    }));
    lines.extend(failure.help.iter().map(|help| format!("help: {help}")));
    lines.join("\n")
}

fn with_items(head: String, items: Vec<String>) -> String {
    let more = items.len().saturating_sub(ITEMS_MAX);
    let mut lines: Vec<String> = std::iter::once(head).chain(items.into_iter().take(ITEMS_MAX)).collect();
    if more > 0 {
        lines.push(format!("... and {more} more"));
    }
    lines.join("\n")
}

/// An error and what caused it, in one line.
pub(super) fn with_sources(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

/// At most so many bytes of JSON, and a mark where more was.
pub(super) fn cut(mut text: String, bytes_max: usize) -> String {
    let mut bytes = 0;
    let beyond = text.char_indices().find(|(_, c)| {
        bytes += json_bytes(*c);
        bytes > bytes_max
    });
    if let Some((at, _)) = beyond {
        text.truncate(at);
        text.push_str("\n... (cut)");
    }
    text
}

/// How many bytes a character takes in a JSON string (RFC 8259, section 7).
fn json_bytes(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    }
}
