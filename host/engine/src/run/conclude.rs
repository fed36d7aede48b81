//! From the outcome of a call to what the run remembers: conclusion, message, outputs, evidence.

use std::collections::BTreeMap;

use lockgate_model::call::{Answer, Product};
use lockgate_model::event::{EvidenceRef, StepResult};
use lockgate_model::evidence::{EvidenceBody, Ruling, TestReport};
use lockgate_model::ids::AttemptId;
use lockgate_model::limits::PRODUCT_BYTES_MAX;
use lockgate_model::outcome::{Conclusion, Limit, Outcome, Returned};
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;
use lockgate_ports::cancel::StopReason;
use lockgate_ports::{BlobError, Blobs, Cancel};

use super::message::{self, cut, with_sources};

/// Evidence up to this size stands in the event itself, as JSON.
pub(super) const EVIDENCE_INLINE_BYTES_MAX: usize = 16 * 1024;
/// A message in an event, as JSON.
pub(super) const MESSAGE_BYTES_MAX: usize = 8 * 1024;
/// All outputs of a step, or of a job, together, as JSON. With evidence and message in place an event stays within
/// `EVENT_BYTES_MAX`, whatever characters a plugin chooses: those that JSON escapes count as what they become.
pub(super) const OUTPUTS_BYTES_MAX: usize = 24 * 1024;
/// The outcome of what was never begun, because of what stands in the pipeline.
pub(super) const REFUSED: &str = "refused";

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
        let evidence = store(self.evidence, blobs);
        let outputs = within_limit(self.outputs.into_iter().collect());
        let mut result = StepResult {
            started_at,
            duration_ms,
            conclusion: self.conclusion,
            outcome: self.outcome.to_owned(),
            message: cut(self.message, MESSAGE_BYTES_MAX),
            retryable: self.retryable,
            outputs: BTreeMap::new(),
            evidence: EvidenceRef::None,
            tree: self.tree,
            cached_from: self.cached_from,
        };
        match evidence {
            Ok(evidence) => result.evidence = evidence,
            Err(problem) => problem.mark(&mut result),
        }
        match outputs {
            Ok(outputs) => result.outputs = outputs,
            Err(problem) => problem.mark(&mut result),
        }
        result
    }
}

fn within_limit(outputs: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, StoreProblem> {
    let bytes = if outputs.is_empty() { 0 } else { serde_json::json!(outputs).to_string().len() };
    if bytes <= OUTPUTS_BYTES_MAX {
        return Ok(outputs);
    }
    let message = format!(
        "the step's outputs have {bytes} bytes as JSON; at most {OUTPUTS_BYTES_MAX} are kept, publish an artifact instead"
    );
    Err(StoreProblem::Limit(message))
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

fn store(evidence: Vec<EvidenceBody>, blobs: &dyn Blobs) -> Result<EvidenceRef, StoreProblem> {
    if evidence.is_empty() {
        return Ok(EvidenceRef::None);
    }
    let bytes = serde_json::to_vec(&evidence).map_err(|error| StoreProblem::Fault(error.to_string()))?;
    if bytes.len() <= EVIDENCE_INLINE_BYTES_MAX {
        return Ok(EvidenceRef::Inline(evidence));
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
pub(super) fn conclude(returned: Returned, cancel: &Cancel) -> Ended {
    let name = returned.outcome.name();
    let ended = match returned.outcome {
        Outcome::Answered(answer) => answered(answer, name),
        Outcome::Failed(failure) => Ended {
            retryable: failure.retryable,
            ..Ended::new(Conclusion::Failed, name, message::of_failure(&failure))
        },
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
    Ended { cached_from: returned.cached_from, ..ended }
}

fn stopped(cancel: &Cancel, name: &'static str) -> Ended {
    match cancel.reason() {
        Some(StopReason::JobTimedOut) => Ended::new(Conclusion::TimedOut, name, "the job's time is up"),
        _ => Ended::new(Conclusion::Cancelled, name, "cancelled"),
    }
}

fn answered(answer: Answer, name: &'static str) -> Ended {
    match answer {
        Answer::Product(product) => of_product(product, name),
        Answer::Tests(report) => of_tests(report, name),
        Answer::Scan(report) => {
            let message = message::of_scan(&report);
            Ended { evidence: vec![EvidenceBody::Scan(report)], ..Ended::new(Conclusion::Passed, name, message) }
        }
        Answer::Verdict(verdict) => Ended::new(of_ruling(verdict.ruling), name, message::of_verdict(&verdict)),
        _ => Ended::new(Conclusion::Passed, name, ""),
    }
}

fn of_product(product: Product, name: &'static str) -> Ended {
    let summary = product.summary.unwrap_or_default();
    let ended = Ended::new(of_ruling(product.conclusion), name, summary);
    Ended { outputs: product.outputs, evidence: product.evidence, ..ended }
}

fn of_ruling(ruling: Ruling) -> Conclusion {
    match ruling {
        Ruling::Pass => Conclusion::Passed,
        Ruling::Warn => Conclusion::Warned,
        Ruling::Fail => Conclusion::Failed,
        Ruling::Inconclusive => Conclusion::Inconclusive,
    }
}

fn of_tests(report: TestReport, name: &'static str) -> Ended {
    let red = report.cases.iter().any(message::is_red);
    let conclusion = if red { Conclusion::Failed } else { Conclusion::Passed };
    let message = message::of_tests(&report);
    Ended { evidence: vec![EvidenceBody::Tests(report)], ..Ended::new(conclusion, name, message) }
}

/// The step was not run, for a reason that stands in the pipeline.
pub(super) fn refused(why: &str) -> Ended {
    Ended::new(Conclusion::Failed, REFUSED, why)
}

/// No file matches: nothing was proved, and that is no pass.
pub(super) fn no_files(globs: &[String]) -> Ended {
    let message = format!("no file of the workspace matches {}; does the step before it write one?", globs.join(", "));
    Ended::new(Conclusion::Inconclusive, "answered", message)
}

/// The host could not do its part.
pub(crate) fn fault(error: &dyn std::error::Error) -> Ended {
    fault_because(&with_sources(error))
}

/// The same, said in words.
pub(crate) fn fault_because(why: &str) -> Ended {
    let message = format!("the host failed: {why}");
    Ended { retryable: true, ..Ended::new(Conclusion::Faulted, "faulted", message) }
}
