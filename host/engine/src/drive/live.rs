//! A run that is being driven: the loop between its driver, the log and the workers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lockgate_model::event::{RunCommand, RunEvent, StepResult};
use lockgate_model::ids::AttemptId;
use lockgate_model::time::Timestamp;
use lockgate_ports::cancel::StopReason;
use lockgate_ports::{Append, Cancel, Gate, Lease, LogError};

use super::observer::Guarded;
use super::timer::Timer;
use super::worker::Worker;
use super::{Control, DriveError, Engine, Observer, illegal};
use crate::driver::{Driver, Stamped, Todo};
use crate::run::perform::Task;
use crate::run::view::RunRow;
use crate::run::{AttemptKey, RunEffect, RunKey, RunMachine, RunState, cancel_reason, wire};

/// How long a lease lasts unless it is renewed.
pub(super) const LEASE_MS: u64 = 15_000;
/// How often it is renewed.
const LEASE_RENEW_MS: u64 = 5_000;
/// How often wishes from outside are looked for.
const WISHES_MS: u64 = 250;
/// How long abandoned work may take to notice.
const ABANDON_MS: u64 = 5_000;
/// Messages of one turn: all that they bring fits in one append.
const TURN_MESSAGES_MAX: usize = 100;
/// Appends that wait for company at most.
const LINGERING_MAX: usize = 64;

/// What reaches the loop from other threads.
pub(super) enum Message {
    /// An attempt ended, with its small journal.
    Ended { key: AttemptKey, attempt: AttemptId, result: Box<StepResult>, journal: Option<Vec<u8>> },
    /// An append is on disk, or not.
    Committed { seq: u64, result: Result<(), LogError> },
    /// An attempt waits at its gate for what was decided before it.
    AtGate,
}

/// What an attempt on a worker's thread is told by.
struct UnderWay {
    cancel: Cancel,
    gate: Gate,
}

/// Appends that were not handed to the log yet.
#[derive(Default)]
struct Lingering {
    appends: Vec<(u64, Append)>,
    /// When the first of them came, by the monotonic clock.
    since_us: u64,
    /// Somebody waits for them.
    is_urgent: bool,
}

/// A run that is being driven.
pub(super) struct Live<'a> {
    engine: &'a Engine,
    driver: Driver<RunMachine>,
    lease: Lease,
    /// The instant of this turn: all that it decides and appends has the same one, so that the log replays to the very
    /// state in memory.
    now: Timestamp,
    inbox: Receiver<Message>,
    outbox: Sender<Message>,
    control: &'a Control,
    observer: Arc<Guarded>,
    under_way: BTreeMap<AttemptKey, UnderWay>,
    journals: Vec<(AttemptId, Vec<u8>)>,
    lingering: Lingering,
    renewal: Timer,
    wishes: Timer,
}

impl<'a> Live<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        driver: Driver<RunMachine>,
        lease: Lease,
        now: Timestamp,
        control: &'a Control,
        observer: &Arc<dyn Observer>,
    ) -> Self {
        let (outbox, inbox) = unbounded();
        Self {
            engine,
            driver,
            lease,
            now,
            inbox,
            outbox,
            control,
            observer: Arc::new(Guarded::new(observer.clone())),
            under_way: BTreeMap::new(),
            journals: Vec::new(),
            lingering: Lingering::default(),
            renewal: Timer::served(LEASE_RENEW_MS, now),
            wishes: Timer::new(WISHES_MS),
        }
    }

    /// Drives to the end.
    pub(super) fn run(mut self) -> Result<RunState, DriveError> {
        let driven = self.turn_until_done();
        if driven.is_err() {
            // What has happened has happened, whatever ended this: as much of it as can be is kept.
            self.hand_over();
            self.abandon();
        }
        driven.map(|()| self.driver.into_state())
    }

    fn turn_until_done(&mut self) -> Result<(), DriveError> {
        loop {
            self.keep_lease()?;
            self.take_wishes()?;
            let todo = self.driver.poll(self.now).map_err(illegal)?;
            let wake_at = todo.wake_at;
            self.carry_out(todo)?;
            if self.driver.state().conclusion.is_some() && self.driver.is_settled() {
                return Ok(());
            }
            self.wait(wake_at)?;
        }
    }

    fn carry_out(&mut self, todo: Todo<RunMachine>) -> Result<(), DriveError> {
        if !todo.append.is_empty() {
            self.append(todo.expected_seq, &todo.append)?;
        }
        for key in todo.abandon {
            if let RunKey::Perform(key) = key {
                self.stop(&key, StopReason::Abandoned);
            }
        }
        for effect in todo.start {
            match effect {
                RunEffect::Perform { key, is_outward } => self.start(key, is_outward),
                RunEffect::Stop { key, reason } => self.stop(&key, reason),
            }
        }
        for key in todo.open {
            if let RunKey::Perform(key) = key
                && let Some(attempt) = self.under_way.get(&key)
            {
                attempt.gate.let_through();
            }
        }
        if !self.may_linger() {
            self.hand_over();
        }
        Ok(())
    }

    fn stop(&self, key: &AttemptKey, reason: StopReason) {
        if let Some(attempt) = self.under_way.get(key) {
            attempt.cancel.raise(reason);
        }
    }

    fn append(&mut self, expected_seq: u64, events: &[Stamped<RunEvent>]) -> Result<(), DriveError> {
        let bodies: Result<Vec<Vec<u8>>, _> = events.iter().map(|stamped| wire::encode(&stamped.event)).collect();
        let shows = events.iter().any(|stamped| changes_row(&stamped.event));
        let row = shows.then(|| RunRow::of(self.driver.state())).flatten();
        let append = Append {
            stream: self.lease.stream.clone(),
            expected_seq,
            epoch: self.lease.epoch,
            at: self.now,
            events: bodies.map_err(|error| LogError::Other(error.to_string()))?,
            view_rows: row.and_then(|row| row.view_row()).into_iter().collect(),
            journals: std::mem::take(&mut self.journals),
        };
        if self.lingering.appends.is_empty() {
            self.lingering.since_us = self.engine.world.clock.monotonic_us();
        }
        self.lingering.appends.push((expected_seq + events.len() as u64, append));
        Ok(())
    }

    /// Whether nothing waits for what was decided, and more is likely to come soon.
    fn may_linger(&self) -> bool {
        let Lingering { appends, is_urgent, .. } = &self.lingering;
        let is_awaited = *is_urgent || self.under_way.is_empty() || self.driver.holds_back();
        !is_awaited && appends.len() < LINGERING_MAX && self.linger_us() > 0
    }

    /// Hands the log what was decided, all at once, so that it shares a commit.
    fn hand_over(&mut self) {
        for (seq, append) in std::mem::take(&mut self.lingering).appends {
            let outbox = self.outbox.clone();
            let committed = move |result| drop(outbox.send(Message::Committed { seq, result }));
            self.engine.world.log.append(append, Box::new(committed));
        }
    }

    /// How long what lingers may do so from now on.
    fn linger_us(&self) -> u64 {
        let until_us = self.lingering.since_us.saturating_add(self.engine.linger_us);
        until_us.saturating_sub(self.engine.world.clock.monotonic_us())
    }

    fn start(&mut self, key: AttemptKey, is_outward: bool) {
        let Some(task) = Task::new(self.driver.state(), &key) else { return };
        let (cancel, outbox) = (Cancel::default(), self.outbox.clone());
        let at_gate = move || drop(outbox.send(Message::AtGate));
        let gate = if is_outward { Gate::closed(Box::new(at_gate)) } else { Gate::open() };
        self.under_way.insert(key.clone(), UnderWay { cancel: cancel.clone(), gate: gate.clone() });
        self.observer.started(&task.attempt);
        let lane = if task.is_live() { &self.engine.outward } else { &self.engine.pure };
        let worker = Worker {
            world: self.engine.world.clone(),
            observer: self.observer.clone(),
            outbox: self.outbox.clone(),
            key,
            task,
            cancel,
            gate,
        };
        worker.submit(lane);
    }

    /// Waits for something to happen, then takes what has.
    fn wait(&mut self, wake_at: Option<Timestamp>) -> Result<(), DriveError> {
        let time_ms = wake_at.map_or(WISHES_MS, |wake_at| wake_at.since_ms(self.now).clamp(1, WISHES_MS));
        let mut time = Duration::from_millis(time_ms);
        if !self.lingering.appends.is_empty() {
            time = time.min(Duration::from_micros(self.linger_us()));
        }
        let mut wish = None;
        let first = crossbeam_channel::select! {
            recv(self.inbox) -> message => message.ok(),
            recv(self.control.inbox) -> command => {
                wish = command.ok();
                None
            }
            default(time) => None,
        };
        self.now = self.engine.world.clock.now();
        wish.map_or(Ok(()), |wish| self.obey(wish))?;
        let more: Vec<Message> = first.into_iter().chain(self.inbox.try_iter()).take(TURN_MESSAGES_MAX).collect();
        more.into_iter().try_for_each(|message| self.take(message))
    }

    fn take(&mut self, message: Message) -> Result<(), DriveError> {
        match message {
            Message::Ended { key, attempt, result, journal } => {
                self.under_way.remove(&key);
                let (job, step) = self.driver.state().names(key.job, key.step);
                let event = RunEvent::AttemptFinished { job, step, number: key.number, result };
                let news = self.driver.ended(self.now, &RunKey::Perform(key), event).map_err(illegal)?;
                self.journals.extend(journal.filter(|_| news).map(|journal| (attempt, journal)));
            }
            Message::AtGate => self.lingering.is_urgent = !self.lingering.appends.is_empty(),
            Message::Committed { seq, result } => {
                result?;
                for Stamped { at, event } in self.driver.committed(seq) {
                    self.observer.event(at, &event, self.driver.state());
                }
            }
        }
        Ok(())
    }

    /// A lease that ran out while the machine slept is renewed like any other, unless somebody has taken the stream.
    /// A log that cannot be written for a moment is no reason to stop before the lease is over.
    fn keep_lease(&mut self) -> Result<(), DriveError> {
        if !self.renewal.is_due(self.now) {
            return Ok(());
        }
        let until = self.now.plus_ms(LEASE_MS);
        match self.engine.world.log.renew(&self.lease, until) {
            Ok(()) => self.lease.until = until,
            Err(LogError::Locked { .. }) if self.now < self.lease.until => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn take_wishes(&mut self) -> Result<(), DriveError> {
        if !self.wishes.is_due(self.now) {
            return Ok(());
        }
        for body in self.engine.world.log.receive(&self.lease)? {
            // A wish that cannot be read is of a newer host; it is nobody's loss but the sender's.
            serde_json::from_slice(&body).map_or(Ok(()), |wish| self.obey(wish))?;
        }
        Ok(())
    }

    fn obey(&mut self, wish: RunCommand) -> Result<(), DriveError> {
        let RunCommand::Cancel { reason } = wish;
        let state = self.driver.state();
        if state.cancel.is_some() || state.conclusion.is_some() {
            return Ok(());
        }
        let event = RunEvent::CancelRequested { reason: cancel_reason(reason) };
        self.driver.happened(self.now, event).map_err(illegal)
    }

    /// The run is not ours any more, or cannot be written: nothing of it may go on.
    fn abandon(&mut self) {
        for attempt in self.under_way.values() {
            attempt.cancel.raise(StopReason::Abandoned);
        }
        let patience = crossbeam_channel::after(Duration::from_millis(ABANDON_MS));
        while !self.under_way.is_empty() {
            crossbeam_channel::select! {
                recv(self.inbox) -> message => if let Ok(Message::Ended { key, .. }) = message {
                    self.under_way.remove(&key);
                },
                recv(patience) -> _ => return,
            }
        }
    }
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
