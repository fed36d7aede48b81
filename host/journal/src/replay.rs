//! Carrying an attempt out again from its record: no network, no native tool, no clock, no secret.

use std::sync::{Arc, Mutex, PoisonError};

use lockgate_engine::drive::history::Past;
use lockgate_engine::run::conclude::load;
use lockgate_engine::run::perform::{Means, Task, perform};
use lockgate_model::event::StepResult;
use lockgate_model::host_call::{HostCall, RecordedAnswer};
use lockgate_model::outcome::Conclusion;
use lockgate_model::time::Timestamp;
use lockgate_ports::sandbox::UNANSWERED;
use lockgate_ports::{BlobError, Blobs, Cancel, Gate, Recorder, Sandbox, Workspaces};

use crate::answers::{ANSWER_BYTES_MAX, Match, Script};
use crate::compare::{Difference, counted, first_difference};

/// What a replay needs of the world: it touches nothing else.
pub struct Bench {
    /// Components.
    pub sandbox: Arc<dyn Sandbox>,
    /// Bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Folders, apart from those of real runs.
    pub workspaces: Arc<dyn Workspaces>,
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq)]
pub enum Replayed {
    /// Everything is as it was.
    Identical {
        /// Calls that were compared.
        calls: usize,
    },
    /// A call is not.
    CallDiffers(Difference),
    /// All calls are, but not how it ended.
    EndDiffers(Vec<EndDifference>),
    /// It cannot be carried out again, and why.
    NotReplayable(String),
}

/// A part of a result that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndDifference {
    /// `conclusion`, `message`, `outputs`, `evidence`, `files`
    pub part: &'static str,
    /// In the record.
    pub recorded: String,
    /// Now.
    pub now: String,
}

/// How an attempt ended when it was carried out again.
#[derive(Debug)]
pub struct Fresh {
    /// Its end.
    pub result: StepResult,
    /// Its calls.
    pub calls: Vec<HostCall>,
}

impl Bench {
    /// Carries a task out with the answers of a record.
    #[must_use]
    pub fn carry_out(&self, task: &Task, recorded: &[HostCall], mode: Match) -> Fresh {
        let (recorder, cancel) = (Arc::new(Keeper::default()), Cancel::default());
        let means = Means {
            sandbox: &*self.sandbox,
            blobs: &*self.blobs,
            workspaces: &*self.workspaces,
            recorder: recorder.clone(),
            cancel: &cancel,
            gate: Gate::open(),
            answers: Some(Arc::new(Script::new(recorded, mode, self.blobs.clone()))),
        };
        let ended = perform(task, &means);
        self.workspaces.discard(&task.attempt.run);
        let result = ended.into_result(&*self.blobs, Timestamp(0), 0);
        Fresh { result, calls: recorder.take() }
    }

    /// Replays an attempt and compares.
    ///
    /// # Errors
    /// When evidence cannot be read.
    pub fn replay(&self, past: &Past, recorded: &[HostCall]) -> Result<Replayed, BlobError> {
        let why = cannot(&past.result).map(str::to_owned).or_else(|| self.lost_answer(recorded));
        if let Some(why) = why {
            return Ok(Replayed::NotReplayable(why));
        }
        let fresh = self.carry_out(&past.task, recorded, Match::Exact);
        if let Some(why) = broken(&fresh.result) {
            return Ok(Replayed::NotReplayable(why));
        }
        if let Some(difference) = first_difference(recorded, &fresh.calls) {
            return Ok(Replayed::CallDiffers(difference));
        }
        let ends = self.compare_ends(&past.result, &fresh.result)?;
        Ok(if ends.is_empty() { Replayed::Identical { calls: counted(recorded) } } else { Replayed::EndDiffers(ends) })
    }

    /// Why an answer of the record cannot be handed back, if one cannot.
    fn lost_answer(&self, recorded: &[HostCall]) -> Option<String> {
        recorded.iter().filter_map(HostCall::function).find_map(|function| {
            let why = match function.answer.as_ref()? {
                RecordedAnswer::Inline(_) => return None,
                RecordedAnswer::Blob(digest) => self.blobs.get(digest, ANSWER_BYTES_MAX).err()?.to_string(),
                RecordedAnswer::Lost(why) => why.clone(),
            };
            Some(format!(
                "the answer to {}.{} is not in the record any more: {why}",
                function.interface, function.function
            ))
        })
    }

    /// How two ends of an attempt differ.
    ///
    /// # Errors
    /// When evidence cannot be read.
    pub fn compare_ends(&self, recorded: &StepResult, now: &StepResult) -> Result<Vec<EndDifference>, BlobError> {
        let evidence = |result: &StepResult| {
            let all = load(&result.evidence, &*self.blobs)?;
            Ok::<_, BlobError>(serde_json::to_string_pretty(&all).unwrap_or_default())
        };
        let root = |result: &StepResult| result.tree.map(|tree| tree.root.to_string()).unwrap_or_default();
        let outputs = |result: &StepResult| format!("{:?}", result.outputs);
        let end = |result: &StepResult| format!("{} ({})", result.conclusion.name(), result.outcome);
        let parts = [
            ("conclusion", end(recorded), end(now)),
            ("message", recorded.message.clone(), now.message.clone()),
            ("outputs", outputs(recorded), outputs(now)),
            ("evidence", evidence(recorded)?, evidence(now)?),
            ("files", root(recorded), root(now)),
        ];
        let differs = parts.into_iter().filter(|(_, recorded, now)| recorded != now);
        Ok(differs.map(|(part, recorded, now)| EndDifference { part, recorded, now }).collect())
    }
}

/// What was ended from outside ends at another moment each time.
fn cannot(result: &StepResult) -> Option<&'static str> {
    match result.conclusion {
        Conclusion::TimedOut => Some("its time was up, and that depends on the machine"),
        Conclusion::Cancelled => Some("it was cancelled"),
        Conclusion::Faulted => Some("the host failed, which is no doing of the plugin"),
        _ => None,
    }
}

/// What the host lacks for the replay: a blob of the workspace, say. A question that the record has no answer to is a
/// difference.
fn broken(fresh: &StepResult) -> Option<String> {
    let is_broken = fresh.conclusion == Conclusion::Faulted && !fresh.message.contains(UNANSWERED);
    is_broken.then(|| format!("the host could not carry it out: {}", fresh.message))
}

/// Keeps calls in memory.
#[derive(Default)]
struct Keeper(Mutex<Vec<HostCall>>);

impl Keeper {
    fn take(&self) -> Vec<HostCall> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recorder for Keeper {
    fn record(&self, call: HostCall) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    fn finish(&self) -> Option<Vec<u8>> {
        None
    }
}
