//! Driving runs against the real ports: how one is begun, read back, and stopped from elsewhere.

mod error;
pub mod history;
mod live;
mod observer;
mod timer;
mod worker;

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lockgate_model::event::{RunCommand, RunEvent};
use lockgate_model::ids::RunId;
use lockgate_model::plan::{PLAN_VERSION, Plan};
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;
use lockgate_ports::{Blobs, Clock, EventLog, Journal, Lease, LogError, Sandbox, Workspaces};

use crate::driver::Driver;
use crate::machine::{IllegalEvent, Machine};
use crate::run::{RunMachine, RunState, wire};
use crate::workers::Lane;
pub use error::DriveError;
use live::Live;
pub use observer::Observer;

/// Events of one stream that are read at a time.
const READ_EVENTS_MAX: usize = 10_000;
/// How long an append that nobody waits for may wait for company: commits are what a quick step costs most.
const LINGER_US: u64 = 5_000;
/// A plan as JSON.
const PLAN_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The ports of an engine.
#[derive(Clone)]
pub struct World {
    /// Truth.
    pub log: Arc<dyn EventLog>,
    /// Components.
    pub sandbox: Arc<dyn Sandbox>,
    /// Bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Folders.
    pub workspaces: Arc<dyn Workspaces>,
    /// Host calls.
    pub journal: Arc<dyn Journal>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// How to begin.
#[derive(Debug, Clone, PartialEq)]
pub enum Begin {
    /// A new run of this plan, each job's workspace starting from this tree.
    New {
        /// What to run.
        plan: Arc<Plan>,
        /// Where workspaces start.
        tree: TreeRef,
    },
    /// Go on from the last event.
    Resume,
    /// Open what did not end well again.
    Retry {
        /// Who wants it, and why.
        reason: String,
    },
}

/// Wishes from inside the process: a signal handler's.
#[derive(Debug, Clone)]
pub struct Control {
    wishes: Sender<RunCommand>,
    inbox: Receiver<RunCommand>,
}

impl Default for Control {
    fn default() -> Self {
        let (wishes, inbox) = unbounded();
        Self { wishes, inbox }
    }
}

impl Control {
    /// Asks the run to stop; cleanup steps still run.
    pub fn cancel(&self, reason: &str) {
        let _ = self.wishes.send(RunCommand::Cancel { reason: reason.to_owned() });
    }
}

/// Drives runs.
pub struct Engine {
    world: World,
    owner: String,
    pure: Lane,
    outward: Lane,
    linger_us: u64,
}

impl Engine {
    /// An engine that claims streams as `owner`, with so many threads for pure calls and for all others.
    #[must_use]
    pub fn new(world: World, owner: String, pure_threads: usize, outward_threads: usize) -> Self {
        let (pure, outward) = (Lane::new("pure", pure_threads), Lane::new("outward", outward_threads));
        Self { world, owner, pure, outward, linger_us: LINGER_US }
    }

    /// The same where what was decided, and nothing waits for, lingers so many microseconds before it is handed to the
    /// log; 0 for a commit of its own each time.
    #[must_use]
    pub fn lingering(self, linger_us: u64) -> Self {
        Self { linger_us, ..self }
    }

    /// Drives a run to its end and gives its last state.
    ///
    /// # Errors
    /// When the log or the plan fails, or somebody else drives the run. It can be resumed then.
    pub fn run(
        &self,
        run: &RunId,
        begin: Begin,
        control: &Control,
        observer: &Arc<dyn Observer>,
    ) -> Result<RunState, DriveError> {
        let now = self.world.clock.now();
        let lease = self.world.log.claim(&run.stream(), &self.owner, now, now.plus_ms(live::LEASE_MS))?;
        let driver = self.begin(run, begin, &lease, now);
        let driven = driver.and_then(|driver| Live::new(self, driver, lease.clone(), now, control, observer).run());
        self.world.log.release(&lease);
        driven
    }

    fn begin(
        &self,
        run: &RunId,
        begin: Begin,
        lease: &Lease,
        now: Timestamp,
    ) -> Result<Driver<RunMachine>, DriveError> {
        match begin {
            Begin::New { plan, tree } => {
                let bytes = serde_json::to_vec(&*plan).map_err(DriveError::PlanFormat)?;
                let digest = self.world.blobs.put(&bytes).map_err(DriveError::Plan)?;
                let mut driver = Driver::new(RunState::new(plan), 0);
                let started = RunEvent::RunStarted { run: run.clone(), plan: digest, tree };
                driver.happened(now, started).map_err(illegal)?;
                Ok(driver)
            }
            Begin::Resume => {
                let (state, seq) = load(&*self.world.log, &*self.world.blobs, run)?;
                let mut driver = Driver::new(state, seq);
                driver.recover(now).map_err(illegal)?;
                Ok(driver)
            }
            Begin::Retry { reason } => {
                let (state, seq) = load(&*self.world.log, &*self.world.blobs, run)?;
                if state.conclusion.is_none() {
                    return Err(DriveError::NotEnded(run.clone()));
                }
                // A wish that came too late for the run as it was is not meant for what is tried again.
                self.world.log.receive(lease)?;
                let mut driver = Driver::new(state, seq);
                driver.happened(now, RunEvent::RunReopened { reason }).map_err(illegal)?;
                Ok(driver)
            }
        }
    }
}

/// A run as its events tell it; gives the stream's end too.
///
/// # Errors
/// When there is no such run, or its stream or plan cannot be read.
pub fn load(log: &dyn EventLog, blobs: &dyn Blobs, run: &RunId) -> Result<(RunState, u64), DriveError> {
    let mut last = 0;
    let state = fold(log, blobs, run, |_, seq, _| {
        last = seq;
        true
    })?;
    Ok((state, last))
}

/// Folds a run's events; `visit` sees each with the state before it, and ends the fold by saying false.
fn fold(
    log: &dyn EventLog,
    blobs: &dyn Blobs,
    run: &RunId,
    mut visit: impl FnMut(&RunState, u64, &RunEvent) -> bool,
) -> Result<RunState, DriveError> {
    let mut recorded = log.read(&run.stream(), 0, READ_EVENTS_MAX)?;
    let first = recorded.first().ok_or_else(|| DriveError::Unknown(run.clone()))?;
    let RunEvent::RunStarted { plan, .. } = decode(first.seq, &first.body)? else {
        let source = IllegalEvent { event: "first event".to_owned(), reason: "is not run-started".to_owned() };
        return Err(DriveError::Illegal { seq: first.seq, source });
    };
    let plan = blobs.get(&plan, PLAN_BYTES_MAX).map_err(DriveError::Plan)?;
    let mut state = RunState::new(Arc::new(read_plan(&plan)?));
    while let Some(last) = recorded.last().map(|event| event.seq) {
        for event in &recorded {
            let decoded = decode(event.seq, &event.body)?;
            if !visit(&state, event.seq, &decoded) {
                return Ok(state);
            }
            RunMachine::apply(&mut state, event.at, &decoded)
                .map_err(|source| DriveError::Illegal { seq: event.seq, source })?;
        }
        recorded = log.read(&run.stream(), last, READ_EVENTS_MAX)?;
    }
    Ok(state)
}

/// Asks whoever drives a run to stop it.
///
/// # Errors
/// When the log cannot be written.
pub fn cancel(log: &dyn EventLog, run: &RunId, now: Timestamp, reason: &str) -> Result<(), LogError> {
    let command = RunCommand::Cancel { reason: reason.to_owned() };
    let body = serde_json::to_vec(&command).map_err(|error| LogError::Other(error.to_string()))?;
    log.send(&run.stream(), now, body)
}

fn read_plan(bytes: &[u8]) -> Result<Plan, DriveError> {
    #[derive(serde::Deserialize)]
    struct Version {
        version: u32,
    }
    let Version { version } = serde_json::from_slice(bytes).map_err(DriveError::PlanFormat)?;
    if version > PLAN_VERSION {
        return Err(DriveError::NewerPlan(version));
    }
    serde_json::from_slice(bytes).map_err(DriveError::PlanFormat)
}

fn decode(seq: u64, body: &[u8]) -> Result<RunEvent, DriveError> {
    wire::decode(body).map_err(|source| DriveError::Event { seq, source })
}

fn illegal(source: IllegalEvent) -> DriveError {
    DriveError::Illegal { seq: 0, source }
}
