//! The loop that connects the driver of a run to the real ports: log, clock, sandbox, workspaces.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lockgate_model::event::{RunCommand, RunEvent, StepResult};
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, RunId};
use lockgate_model::plan::Plan;
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;
use lockgate_ports::cancel::StopReason;
use lockgate_ports::{
    Append, BlobError, Blobs, Cancel, Clock, EventLog, Journal, Lease, LogError, Recorder, Sandbox, Workspaces,
};

use crate::driver::{Driver, Stamped, Todo};
use crate::machine::IllegalEvent;
use crate::run::perform::{Means, Task, perform};
use crate::run::view::RunRow;
use crate::run::wire::{self, WireError};
use crate::run::{AttemptKey, RunEffect, RunKey, RunMachine, RunState, conclude};
use crate::workers::Lane;

/// Events of one stream that are read at a time.
const READ_EVENTS_MAX: usize = 10_000;
/// A plan as JSON.
const PLAN_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long a lease lasts unless it is renewed.
const LEASE_MS: u64 = 15_000;
/// How often it is renewed.
const LEASE_RENEW_MS: u64 = 5_000;
/// How often wishes from outside are looked for.
const WISHES_MS: u64 = 250;
/// How long abandoned work may take to notice.
const ABANDON_MS: u64 = 5_000;

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

/// Watches runs. Called after the commit, from the engine's threads: must return at once and cannot fail.
pub trait Observer: Send + Sync {
    /// An event is on disk.
    fn event(&self, at: Timestamp, event: &RunEvent, state: &RunState);

    /// A plugin called the host. Not yet on disk, perhaps never: for showing only.
    fn call(&self, attempt: &AttemptId, call: &HostCall);

    /// An attempt is handed to a worker.
    fn started(&self, attempt: &AttemptId);
}

/// Why a run could not be driven. What was committed stays, and the run can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// There is no such run.
    #[error("there is no run {0}")]
    Unknown(RunId),
    /// The run has not ended, so nothing can be retried.
    #[error("run {0} has not ended; resume it first")]
    NotEnded(RunId),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The plan's blob.
    #[error("the plan of the run cannot be read")]
    Plan(#[source] BlobError),
    /// The plan's blob is no plan.
    #[error("the plan of the run cannot be understood")]
    PlanFormat(#[source] serde_json::Error),
    /// An event of the log.
    #[error("event {seq} of the run cannot be read")]
    Event {
        /// Its place in the stream.
        seq: u64,
        /// Why.
        #[source]
        source: WireError,
    },
    /// An event does not fit what came before.
    #[error("event {seq} of the run does not fit what came before it")]
    Illegal {
        /// Its place in the stream; 0 for one that was being added.
        seq: u64,
        /// Why.
        #[source]
        source: IllegalEvent,
    },
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
}

impl Engine {
    /// An engine that claims streams as `owner`, with so many threads for pure calls and for all others.
    #[must_use]
    pub fn new(world: World, owner: String, pure_threads: usize, outward_threads: usize) -> Self {
        let (pure, outward) = (Lane::new("pure", pure_threads), Lane::new("outward", outward_threads));
        Self { world, owner, pure, outward }
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
        let lease = self.world.log.claim(&run.stream(), &self.owner, now, now.plus_ms(LEASE_MS))?;
        let driven = self.begin(run, begin, now).and_then(|driver| {
            let (outbox, inbox) = unbounded();
            let live = Live {
                engine: self,
                driver,
                lease: lease.clone(),
                inbox,
                outbox,
                control,
                observer,
                cancels: BTreeMap::new(),
                journals: Vec::new(),
                renew_at: now.plus_ms(LEASE_RENEW_MS),
                wishes_at: now.plus_ms(WISHES_MS),
            };
            live.run()
        });
        self.world.log.release(&lease);
        driven
    }

    fn begin(&self, run: &RunId, begin: Begin, now: Timestamp) -> Result<Driver<RunMachine>, DriveError> {
        let illegal = |source| DriveError::Illegal { seq: 0, source };
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
    let mut recorded = log.read(&run.stream(), 0, READ_EVENTS_MAX)?;
    let first = recorded.first().ok_or_else(|| DriveError::Unknown(run.clone()))?;
    let RunEvent::RunStarted { plan, .. } = decode(first.seq, &first.body)? else {
        let source = IllegalEvent { event: "first event".to_owned(), reason: "is not run-started".to_owned() };
        return Err(DriveError::Illegal { seq: first.seq, source });
    };
    let plan = blobs.get(&plan, PLAN_BYTES_MAX).map_err(DriveError::Plan)?;
    let mut state = RunState::new(Arc::new(serde_json::from_slice(&plan).map_err(DriveError::PlanFormat)?));
    let mut seq = 0;
    while !recorded.is_empty() {
        for event in &recorded {
            let decoded = decode(event.seq, &event.body)?;
            <RunMachine as crate::Machine>::apply(&mut state, event.at, &decoded)
                .map_err(|source| DriveError::Illegal { seq: event.seq, source })?;
            seq = event.seq;
        }
        recorded = log.read(&run.stream(), seq, READ_EVENTS_MAX)?;
    }
    Ok((state, seq))
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

fn decode(seq: u64, body: &[u8]) -> Result<RunEvent, DriveError> {
    wire::decode(body).map_err(|source| DriveError::Event { seq, source })
}

enum Message {
    Ended { key: AttemptKey, attempt: AttemptId, result: Box<StepResult>, journal: Option<Vec<u8>> },
    Committed { seq: u64, result: Result<(), LogError> },
}

/// A run that is being driven.
struct Live<'a> {
    engine: &'a Engine,
    driver: Driver<RunMachine>,
    lease: Lease,
    inbox: Receiver<Message>,
    outbox: Sender<Message>,
    control: &'a Control,
    observer: &'a Arc<dyn Observer>,
    cancels: BTreeMap<AttemptKey, Cancel>,
    journals: Vec<(AttemptId, Vec<u8>)>,
    renew_at: Timestamp,
    wishes_at: Timestamp,
}

impl Live<'_> {
    fn run(mut self) -> Result<RunState, DriveError> {
        let driven = self.turn_until_done();
        if driven.is_err() {
            self.abandon();
        }
        driven.map(|()| self.driver.state().clone())
    }

    fn turn_until_done(&mut self) -> Result<(), DriveError> {
        loop {
            let now = self.now();
            self.keep_lease(now)?;
            self.take_wishes(now)?;
            let todo = self.driver.poll(now).map_err(illegal)?;
            let wake_at = todo.wake_at;
            self.carry_out(now, todo)?;
            if self.driver.state().conclusion.is_some() && self.driver.is_settled() {
                return Ok(());
            }
            self.wait(now, wake_at)?;
        }
    }

    fn carry_out(&mut self, now: Timestamp, todo: Todo<RunMachine>) -> Result<(), DriveError> {
        if !todo.append.is_empty() {
            self.append(now, todo.expected_seq, &todo.append)?;
        }
        for key in todo.abandon {
            if let RunKey::Perform(key) = key {
                self.stop(&key, StopReason::Abandoned);
            }
        }
        for effect in todo.start {
            match effect {
                RunEffect::Perform { key, .. } => self.start(key),
                RunEffect::Stop { key, reason } => self.stop(&key, reason),
            }
        }
        Ok(())
    }

    fn stop(&self, key: &AttemptKey, reason: StopReason) {
        if let Some(cancel) = self.cancels.get(key) {
            cancel.raise(reason);
        }
    }

    fn append(&mut self, now: Timestamp, expected_seq: u64, events: &[Stamped<RunEvent>]) -> Result<(), DriveError> {
        let bodies: Result<Vec<Vec<u8>>, _> = events.iter().map(|stamped| wire::encode(&stamped.event)).collect();
        let shows = events.iter().any(|stamped| changes_row(&stamped.event));
        let row = shows.then(|| RunRow::of(self.driver.state())).flatten();
        let append = Append {
            stream: self.lease.stream.clone(),
            expected_seq,
            epoch: self.lease.epoch,
            at: now,
            events: bodies.map_err(|error| LogError::Other(error.to_string()))?,
            view_rows: row.and_then(|row| row.view_row()).into_iter().collect(),
            journals: std::mem::take(&mut self.journals),
        };
        let (outbox, seq) = (self.outbox.clone(), expected_seq + events.len() as u64);
        let committed = move |result| drop(outbox.send(Message::Committed { seq, result }));
        self.engine.world.log.append(append, Box::new(committed));
        Ok(())
    }

    fn start(&mut self, key: AttemptKey) {
        let Some(task) = Task::new(self.driver.state(), &key) else { return };
        let cancel = Cancel::default();
        self.cancels.insert(key.clone(), cancel.clone());
        self.observer.started(&task.attempt);
        let lane = if task.is_live() { &self.engine.outward } else { &self.engine.pure };
        let worker = Worker {
            world: self.engine.world.clone(),
            observer: self.observer.clone(),
            outbox: self.outbox.clone(),
            key,
            task,
            cancel,
        };
        lane.submit(Box::new(move || worker.work()));
    }

    /// Waits for something to happen, then takes all that has.
    fn wait(&mut self, now: Timestamp, wake_at: Option<Timestamp>) -> Result<(), DriveError> {
        let until = self.renew_at.min(self.wishes_at);
        let until = wake_at.map_or(until, |wake_at| until.min(wake_at));
        let time = Duration::from_millis(until.since_ms(now).max(1));
        let first = crossbeam_channel::select! {
            recv(self.inbox) -> message => message.ok(),
            recv(self.control.inbox) -> wish => {
                if let Ok(RunCommand::Cancel { reason }) = wish {
                    self.cancel(reason)?;
                }
                None
            }
            default(time) => None,
        };
        let more: Vec<Message> = first.into_iter().chain(self.inbox.try_iter()).collect();
        more.into_iter().try_for_each(|message| self.take(message))
    }

    fn take(&mut self, message: Message) -> Result<(), DriveError> {
        match message {
            Message::Ended { key, attempt, result, journal } => {
                self.cancels.remove(&key);
                let (job, step) = self.driver.state().names(key.job, key.step);
                let event = RunEvent::AttemptFinished { job, step, number: key.number, result };
                let now = self.now();
                let news = self.driver.ended(now, &RunKey::Perform(key), event).map_err(illegal)?;
                self.journals.extend(journal.filter(|_| news).map(|journal| (attempt, journal)));
            }
            Message::Committed { seq, result } => {
                result?;
                for Stamped { at, event } in self.driver.committed(seq) {
                    self.observer.event(at, &event, self.driver.state());
                }
            }
        }
        Ok(())
    }

    fn keep_lease(&mut self, now: Timestamp) -> Result<(), DriveError> {
        if now >= self.renew_at {
            self.engine.world.log.renew(&self.lease, now.plus_ms(LEASE_MS))?;
            self.renew_at = now.plus_ms(LEASE_RENEW_MS);
        }
        Ok(())
    }

    fn take_wishes(&mut self, now: Timestamp) -> Result<(), DriveError> {
        if now < self.wishes_at {
            return Ok(());
        }
        self.wishes_at = now.plus_ms(WISHES_MS);
        for body in self.engine.world.log.receive(&self.lease)? {
            // A wish that cannot be read is of a newer host; it is nobody's loss but the sender's.
            if let Ok(RunCommand::Cancel { reason }) = serde_json::from_slice(&body) {
                self.cancel(reason)?;
            }
        }
        Ok(())
    }

    fn cancel(&mut self, reason: String) -> Result<(), DriveError> {
        let state = self.driver.state();
        if state.cancel.is_some() || state.conclusion.is_some() {
            return Ok(());
        }
        let now = self.now();
        self.driver.happened(now, RunEvent::CancelRequested { reason }).map_err(illegal)
    }

    /// The run is not ours any more, or cannot be written: nothing of it may go on.
    fn abandon(&mut self) {
        for cancel in self.cancels.values() {
            cancel.raise(StopReason::Abandoned);
        }
        let deadline = self.now().plus_ms(ABANDON_MS);
        while !self.cancels.is_empty() && self.now() < deadline {
            if let Ok(Message::Ended { key, .. }) = self.inbox.recv_timeout(Duration::from_millis(50)) {
                self.cancels.remove(&key);
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.engine.world.clock.now()
    }
}

fn illegal(source: IllegalEvent) -> DriveError {
    DriveError::Illegal { seq: 0, source }
}

fn changes_row(event: &RunEvent) -> bool {
    !matches!(
        event,
        RunEvent::AttemptStarted { .. }
            | RunEvent::AttemptFinished { .. }
            | RunEvent::AttemptLost { .. }
            | RunEvent::RetryScheduled { .. }
            | RunEvent::StepSkipped { .. }
            | RunEvent::JobStarted { .. }
    )
}

/// An attempt on its way through a worker's thread.
struct Worker {
    world: World,
    observer: Arc<dyn Observer>,
    outbox: Sender<Message>,
    key: AttemptKey,
    task: Task,
    cancel: Cancel,
}

impl Worker {
    fn work(self) {
        let attempt = self.task.attempt.clone();
        let journal = self.world.journal.open(&attempt, self.task.is_live());
        let recorder = Arc::new(Shown { journal, observer: self.observer.clone(), attempt: attempt.clone() });
        let (started_at, began_us) = (self.world.clock.now(), self.world.clock.monotonic_us());
        let ended = self.perform(recorder.clone());
        let duration_ms = self.world.clock.monotonic_us().saturating_sub(began_us) / 1000;
        let result = Box::new(ended.into_result(&*self.world.blobs, started_at, duration_ms));
        let journal = recorder.finish();
        // Nobody listens any more when the run was abandoned.
        let _ = self.outbox.send(Message::Ended { key: self.key, attempt, result, journal });
    }

    /// A panic of ours is a fault of the host, not the end of it.
    fn perform(&self, recorder: Arc<dyn Recorder>) -> conclude::Ended {
        let means = Means {
            sandbox: &*self.world.sandbox,
            blobs: &*self.world.blobs,
            workspaces: &*self.world.workspaces,
            recorder,
            cancel: &self.cancel,
        };
        let performed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| perform(&self.task, &means)));
        performed.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string);
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            let error: Box<dyn std::error::Error> =
                format!("a thread of the host panicked: {text}; please report this").into();
            conclude::fault(&*error)
        })
    }
}

/// A recorder that also shows what passes.
struct Shown {
    journal: Arc<dyn Recorder>,
    observer: Arc<dyn Observer>,
    attempt: AttemptId,
}

impl Recorder for Shown {
    fn record(&self, call: HostCall) {
        self.observer.call(&self.attempt, &call);
        self.journal.record(call);
    }

    fn finish(&self) -> Option<Vec<u8>> {
        self.journal.finish()
    }
}
