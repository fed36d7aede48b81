//! The machine of a run: jobs of steps, in the order that the plan allows.

mod apply;
pub mod conclude;
mod decide;
mod evidence;
mod layout;
mod message;
pub mod perform;
mod reopen;
mod scope;
pub mod state;
mod status;
pub mod view;
pub mod wire;

use lockgate_model::event::RunEvent;
use lockgate_model::ids::{JobKey, StepId};
use lockgate_model::time::Timestamp;
use lockgate_ports::cancel::StopReason;

use crate::machine::{Decision, Effect, IllegalEvent, Machine, Wait};
pub use state::{JobPhase, JobState, RunState, StepPhase, StepState};

/// The run machine.
pub struct RunMachine;

/// What a run wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEffect {
    /// An attempt of a step.
    Perform {
        /// Which.
        key: AttemptKey,
        /// Whether it may reach outside, which it does only after the commit: it is not pure.
        is_outward: bool,
    },
    /// Ask an attempt that is under way to stop.
    Stop {
        /// Which.
        key: AttemptKey,
        /// Why.
        reason: StopReason,
    },
}

/// An attempt within its run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptKey {
    /// Index of the job in the plan.
    pub job: usize,
    /// Index of the step in its job.
    pub step: usize,
    /// Counts from 1.
    pub number: u32,
}

/// Tells effects apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunKey {
    /// Of a `Perform`.
    Perform(AttemptKey),
    /// Of a `Stop`.
    Stop(AttemptKey),
}

impl Effect for RunEffect {
    type Key = RunKey;

    fn key(&self) -> RunKey {
        match self {
            Self::Perform { key, .. } => RunKey::Perform(key.clone()),
            Self::Stop { key, .. } => RunKey::Stop(key.clone()),
        }
    }

    fn waits(&self) -> Wait {
        match self {
            Self::Perform { is_outward: false, .. } => Wait::Never,
            Self::Perform { is_outward: true, .. } => Wait::ToAct,
            // What it stops was wanted earlier, so that has begun by then; a stop that came first would be lost.
            Self::Stop { .. } => Wait::ToBegin,
        }
    }
}

impl Machine for RunMachine {
    type Event = RunEvent;
    type State = RunState;
    type Effect = RunEffect;

    fn apply(state: &mut RunState, at: Timestamp, event: &RunEvent) -> Result<(), IllegalEvent> {
        apply::apply(state, at, event)
    }

    fn decide(state: &RunState, now: Timestamp) -> Decision<RunEvent, RunEffect> {
        decide::decide(state, now)
    }

    /// An attempt that had begun and has no end is lost. One that reached nothing outside, or is idempotent, is
    /// repeated from its snapshot; any other waits for a person.
    fn recover(state: &RunState) -> Vec<RunEvent> {
        state.running_attempts().map(|(job, step, number)| lost(state, job, step, number)).collect()
    }
}

fn lost(state: &RunState, job: usize, step: usize, number: u32) -> RunEvent {
    let (job_key, step_id) = state.names(job, step);
    if state.plan_step(job, step).is_repeatable() {
        return RunEvent::AttemptLost { job: job_key, step: step_id, number };
    }
    let reason = format!(
        "attempt {number} was under way when its host went away; it may have acted outside. Look at what it did, then \
         `lockgate retry RUN --failed`; or set `effect: idempotent` on the step if a second time does no harm"
    );
    RunEvent::NeedsAttention { job: job_key, step: step_id, reason }
}

/// Why somebody cancels, at a length that an event can hold.
pub(crate) fn cancel_reason(reason: String) -> String {
    message::cut(reason, conclude::MESSAGE_BYTES_MAX)
}

/// Names a step for an error.
fn step_name(job: &JobKey, step: &StepId) -> String {
    format!("{job}/{step}")
}
