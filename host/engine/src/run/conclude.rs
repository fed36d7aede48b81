//! From the outcome of a call to what the run remembers: conclusion, message, outputs, evidence.

use std::collections::BTreeMap;

use lockgate_model::call::{Answer, Product};
use lockgate_model::event::{EvidenceRef, StepResult};
use lockgate_model::evidence::{
    EvidenceBody, Reason, Ruling, ScanReport, Severity, TestCase, TestReport, TestStatus, Verdict,
};
use lockgate_model::ids::AttemptId;
use lockgate_model::limits::PRODUCT_BYTES_MAX;
use lockgate_model::outcome::{Conclusion, Failure, Limit, Outcome, Returned};
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;
use lockgate_ports::cancel::StopReason;
use lockgate_ports::{BlobError, Blobs, Cancel};

/// Evidence up to this size stands in the event itself.
const EVIDENCE_INLINE_BYTES_MAX: usize = 16 * 1024;
/// A message in an event.
const MESSAGE_BYTES_MAX: usize = 8 * 1024;
/// All outputs of a step, or of a job, together, names included.
pub(super) const OUTPUTS_BYTES_MAX: usize = 24 * 1024;
/// Failed tests and reasons that a message names.
const MESSAGE_ITEMS_MAX: usize = 20;

/// How an attempt ended, before it has a time and a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// How.
    pub conclusion: Conclusion,
    /// The outcome's name.
    pub outcome: &'static str,
    /// For people.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
    /// Named values.
    pub outputs: Vec<(String, String)>,
    /// What it proves.
    pub evidence: Vec<EvidenceBody>,
    /// The workspace as it left it.
    pub tree: Option<TreeRef>,
    /// The attempt that first gave this answer.
    pub cached_from: Option<AttemptId>,
}

impl Ended {
    fn new(conclusion: Conclusion, outcome: &'static str, message: impl Into<String>) -> Self {
        Self {
            conclusion,
            outcome,
            message: message.into(),
            retryable: false,
            outputs: Vec::new(),
            evidence: Vec::new(),
            tree: None,
            cached_from: None,
        }
    }

    /// The event's form. Large evidence goes to the blobs first, so that the event never names what is not there.
    #[must_use]
    pub fn into_result(self, blobs: &dyn Blobs, started_at: Timestamp, duration_ms: u64) -> StepResult {
        let oversized =
            self.outputs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > OUTPUTS_BYTES_MAX;
        let evidence = store(&self.evidence, blobs);
        let mut result = StepResult {
            started_at,
            duration_ms,
            conclusion: self.conclusion,
            outcome: self.outcome.to_owned(),
            message: cut(self.message, MESSAGE_BYTES_MAX),
            retryable: self.retryable,
            outputs: if oversized { BTreeMap::new() } else { self.outputs.into_iter().collect() },
            evidence: EvidenceRef::None,
            tree: self.tree,
            cached_from: self.cached_from,
        };
        match evidence {
            Ok(evidence) => result.evidence = evidence,
            Err(problem) => problem.mark(&mut result),
        }
        if oversized {
            let message = format!(
                "the step's outputs are over the limit of {OUTPUTS_BYTES_MAX} bytes; publish an artifact instead"
            );
            StoreProblem::Limit(message).mark(&mut result);
        }
        result
    }
}

enum StoreProblem {
    Limit(String),
    Fault(String),
}

impl StoreProblem {
    fn mark(self, result: &mut StepResult) {
        let (conclusion, outcome, message) = match self {
            Self::Limit(message) => (Conclusion::Failed, "limited", message),
            Self::Fault(message) => (Conclusion::Faulted, "faulted", message),
        };
        result.conclusion = conclusion;
        result.outcome = outcome.to_owned();
        result.message = message;
        result.retryable = conclusion == Conclusion::Faulted;
    }
}

fn store(evidence: &[EvidenceBody], blobs: &dyn Blobs) -> Result<EvidenceRef, StoreProblem> {
    if evidence.is_empty() {
        return Ok(EvidenceRef::None);
    }
    let bytes = serde_json::to_vec(evidence).map_err(|error| StoreProblem::Fault(error.to_string()))?;
    if bytes.len() <= EVIDENCE_INLINE_BYTES_MAX {
        return Ok(EvidenceRef::Inline(evidence.to_vec()));
    }
    if bytes.len() > PRODUCT_BYTES_MAX {
        let message = format!("the step's evidence has {} bytes; at most {PRODUCT_BYTES_MAX} are kept", bytes.len());
        return Err(StoreProblem::Limit(message));
    }
    blobs.put(&bytes).map(EvidenceRef::Blob).map_err(|error| StoreProblem::Fault(with_sources(&error)))
}

/// Evidence of an event.
///
/// # Errors
/// When its blob is missing, damaged, or not what was written.
pub fn load(evidence: &EvidenceRef, blobs: &dyn Blobs) -> Result<Vec<EvidenceBody>, BlobError> {
    match evidence {
        EvidenceRef::None => Ok(Vec::new()),
        EvidenceRef::Inline(bodies) => Ok(bodies.clone()),
        EvidenceRef::Blob(digest) => {
            let bytes = blobs.get(digest, PRODUCT_BYTES_MAX as u64)?;
            serde_json::from_slice(&bytes)
                .map_err(|error| BlobError::Corrupt { digest: *digest, detail: error.to_string() })
        }
    }
}

/// What an outcome means for the step.
pub(super) fn conclude(returned: &Returned, cancel: &Cancel) -> Ended {
    let name = returned.outcome.name();
    let ended = match &returned.outcome {
        Outcome::Answered(answer) => answered(answer, name),
        Outcome::Failed(failure) => failed(failure, name),
        Outcome::Trapped { message } => Ended::new(Conclusion::Failed, name, format!("the plugin trapped: {message}")),
        Outcome::Limited { limit: Limit::Time, message } => Ended::new(Conclusion::TimedOut, name, message),
        Outcome::Limited { message, .. } | Outcome::Refused { message, .. } => {
            Ended::new(Conclusion::Failed, name, message)
        }
        Outcome::Faulted { message } => {
            Ended { retryable: true, ..Ended::new(Conclusion::Faulted, name, format!("the host failed: {message}")) }
        }
        Outcome::Cancelled => stopped(cancel, name),
    };
    Ended { cached_from: returned.cached_from.clone(), ..ended }
}

fn stopped(cancel: &Cancel, name: &'static str) -> Ended {
    match cancel.reason() {
        Some(StopReason::JobTimedOut) => Ended::new(Conclusion::TimedOut, name, "the job's time is up"),
        _ => Ended::new(Conclusion::Cancelled, name, "cancelled"),
    }
}

fn answered(answer: &Answer, name: &'static str) -> Ended {
    let evidence = super::perform::bodies_of(answer);
    let ended = match answer {
        Answer::Product(product) => of_product(product, name),
        Answer::Tests(report) => of_tests(report, name),
        Answer::Scan(report) => Ended::new(Conclusion::Passed, name, scan_line(report)),
        Answer::Verdict(verdict) => Ended::new(of_ruling(verdict.ruling), name, verdict_lines(verdict)),
        _ => Ended::new(Conclusion::Passed, name, ""),
    };
    Ended { evidence, ..ended }
}

fn of_product(product: &Product, name: &'static str) -> Ended {
    let summary = product.summary.clone().unwrap_or_default();
    Ended { outputs: product.outputs.clone(), ..Ended::new(of_ruling(product.conclusion), name, summary) }
}

fn of_ruling(ruling: Ruling) -> Conclusion {
    match ruling {
        Ruling::Pass => Conclusion::Passed,
        Ruling::Warn => Conclusion::Warned,
        Ruling::Fail => Conclusion::Failed,
        Ruling::Inconclusive => Conclusion::Inconclusive,
    }
}

fn of_tests(report: &TestReport, name: &'static str) -> Ended {
    let red = report.cases.iter().any(is_red);
    let conclusion = if red { Conclusion::Failed } else { Conclusion::Passed };
    Ended::new(conclusion, name, tests_message(report))
}

fn is_red(case: &TestCase) -> bool {
    matches!(case.status, TestStatus::Failed | TestStatus::Errored)
}

/// `41 passed, 1 failed`, then each red test with the first line of its message.
fn tests_message(report: &TestReport) -> String {
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
    let red = report.cases.iter().filter(|case| is_red(case)).map(|case| {
        let message = case.message.as_deref().and_then(|message| message.lines().next()).unwrap_or_default();
        format!("{}: {}{}{message}", case.suite, case.name, if message.is_empty() { "" } else { ": " })
    });
    with_items(shown.join(", "), red.collect())
}

fn scan_line(report: &ScanReport) -> String {
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

fn verdict_lines(verdict: &Verdict) -> String {
    let shown = |reason: &&Reason| reason.ruling != Ruling::Pass || verdict.ruling == Ruling::Pass;
    let reasons: Vec<String> = verdict.reasons.iter().filter(shown).map(reason_line).collect();
    match reasons.as_slice() {
        [] => format!("{:?}", verdict.ruling).to_lowercase(),
        [only] => only.clone(),
        [first, rest @ ..] => with_items(first.clone(), rest.to_vec()),
    }
}

fn reason_line(reason: &Reason) -> String {
    match &reason.help {
        Some(help) => format!("{} ({help})", reason.message),
        None => reason.message.clone(),
    }
}

fn with_items(head: String, items: Vec<String>) -> String {
    let more = items.len().saturating_sub(MESSAGE_ITEMS_MAX);
    let mut lines: Vec<String> = std::iter::once(head).chain(items.into_iter().take(MESSAGE_ITEMS_MAX)).collect();
    if more > 0 {
        lines.push(format!("... and {more} more"));
    }
    lines.join("\n")
}

fn failed(failure: &Failure, name: &'static str) -> Ended {
    let mut lines = vec![format!("{} [{}]", failure.message, failure.code)];
    lines.extend(failure.at.iter().map(|at| match at.line {
        Some(line) => format!("at {}:{line}", at.path),
        None => format!("at {}", at.path),
    }));
    lines.extend(failure.help.iter().map(|help| format!("help: {help}")));
    Ended { retryable: failure.retryable, ..Ended::new(Conclusion::Failed, name, lines.join("\n")) }
}

/// The step was not run, for a reason that stands in the pipeline.
pub(super) fn refused(why: &str) -> Ended {
    Ended::new(Conclusion::Failed, "refused", why)
}

/// No file matches: nothing was proved, and that is no pass.
pub(super) fn no_files(globs: &[String]) -> Ended {
    let message = format!("no file of the workspace matches {}; does the step before it write one?", globs.join(", "));
    Ended::new(Conclusion::Inconclusive, "answered", message)
}

/// The host could not do its part.
pub(crate) fn fault(error: &dyn std::error::Error) -> Ended {
    let message = format!("the host failed: {}", with_sources(error));
    Ended { retryable: true, ..Ended::new(Conclusion::Faulted, "faulted", message) }
}

/// An error and what caused it, in one line.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push_str("\n... (cut)");
    }
    text
}
