//! A world in which everything but the driver and the machine is made up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lockgate_engine::driver::Driver;
use lockgate_engine::machine::Machine;
use lockgate_engine::run::{AttemptKey, JobState, RunEffect, RunKey, RunMachine, RunState, StepPhase, wire};
use lockgate_model::call::Kind;
use lockgate_model::event::{EvidenceRef, RunEvent, StepResult};
use lockgate_model::ids::{Digest, RunId};
use lockgate_model::outcome::Conclusion;
use lockgate_model::plan::Plan;
use lockgate_model::template::Condition;
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;

use crate::dice::Dice;

/// Turns of a world; one that needs more does not end.
const TURNS_MAX: usize = 20_000;

/// What may go wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    pub(crate) crash: bool,
    pub(crate) lost_lease: bool,
    pub(crate) duplicates: bool,
    pub(crate) cancel: bool,
}

impl Faults {
    pub(crate) const NONE: Self = Self { crash: false, lost_lease: false, duplicates: false, cancel: false };
    pub(crate) const ALL: Self = Self { crash: true, lost_lease: true, duplicates: true, cancel: false };
}

/// A host: a driver, what it has under way, and what it has handed to the log.
struct Host {
    driver: Driver<RunMachine>,
    epoch: u64,
    appends: VecDeque<(u64, Timestamp, Vec<RunEvent>)>,
    under_way: BTreeMap<AttemptKey, Work>,
}

struct Work {
    ends_at: Timestamp,
    stopped: bool,
    /// It will act outside, and its gate is closed.
    waits: bool,
}

impl Work {
    /// When it ends, unless it waits for its gate.
    fn end(&self, now: Timestamp) -> Option<Timestamp> {
        if self.stopped { Some(now) } else { Some(self.ends_at).filter(|_| !self.waits) }
    }
}

/// How a job ended, and how its steps stand.
pub(crate) type JobEnd = (Option<Conclusion>, Vec<StepPhase>);

pub(crate) struct World {
    plan: Arc<Plan>,
    seed: u64,
    faults: Faults,
    dice: Dice,
    now: Timestamp,
    /// What is on disk: instants and bytes.
    pub(crate) log: Vec<(Timestamp, Vec<u8>)>,
    epoch: u64,
    host: Host,
    /// Hosts that lost their lease and do not know it yet.
    ghosts: Vec<Host>,
    /// Attempts that acted, and for how many hosts.
    performed: BTreeMap<AttemptKey, u32>,
    cancelled: bool,
}

impl World {
    pub(crate) fn new(plan: Arc<Plan>, seed: u64, faults: Faults) -> Self {
        let now = Timestamp(1_000_000);
        let mut driver = Driver::new(RunState::new(plan.clone()), 0);
        let digest = Digest::of(b"plan");
        let tree = TreeRef { root: digest, times: digest };
        let started = RunEvent::RunStarted { run: RunId::new(1, 1), plan: digest, tree };
        driver.happened(now, started).unwrap();
        let host = Host { driver, epoch: 1, appends: VecDeque::new(), under_way: BTreeMap::new() };
        Self {
            plan,
            seed,
            faults,
            dice: Dice::new(seed ^ 0xfau64),
            now,
            log: Vec::new(),
            epoch: 1,
            host,
            ghosts: Vec::new(),
            performed: BTreeMap::new(),
            cancelled: false,
        }
    }

    /// Plays to the end of the run.
    pub(crate) fn play(mut self) -> Self {
        for _ in 0..TURNS_MAX {
            let timer = self.poll();
            let done = self.host.driver.state().conclusion.is_some() && self.host.driver.is_settled();
            if done {
                self.check_end();
                return self;
            }
            if !timer {
                self.something_happens();
            }
            self.ghosts_act();
        }
        panic!("the run does not end: {:#?}", self.host.driver.state().jobs);
    }

    /// Polls and does what there is to do; true when a timer was due next.
    fn poll(&mut self) -> bool {
        let todo = self.host.driver.poll(self.now).expect("the machine contradicts itself");
        if !todo.append.is_empty() {
            let events = todo.append.into_iter().map(|stamped| stamped.event).collect();
            self.host.appends.push_back((todo.expected_seq, self.now, events));
        }
        for key in todo.abandon {
            if let RunKey::Perform(key) = key {
                self.host.under_way.remove(&key);
            }
        }
        for effect in todo.start {
            match effect {
                RunEffect::Perform { key, is_outward } => self.start(key, is_outward),
                RunEffect::Stop { key, .. } => {
                    if let Some(work) = self.host.under_way.get_mut(&key) {
                        work.stopped = true;
                    }
                }
            }
        }
        for key in todo.open {
            if let RunKey::Perform(key) = key {
                self.act(&key);
            }
        }
        self.sleep_until(todo.wake_at)
    }

    /// Where a timer comes before anything else can happen, lets it come: true.
    fn sleep_until(&mut self, wake_at: Option<Timestamp>) -> bool {
        let Some(wake_at) = wake_at.filter(|_| self.host.appends.is_empty()) else { return false };
        let next_end = self.host.under_way.values().filter_map(|work| work.end(self.now)).min();
        let comes_first = next_end.is_none_or(|end| wake_at < end);
        if comes_first {
            self.now = self.now.max(wake_at);
        }
        comes_first
    }

    fn start(&mut self, key: AttemptKey, is_outward: bool) {
        let ended = |event: &RunEvent| {
            matches!(event, RunEvent::AttemptFinished { job, step, number, .. }
                if self.named(&key) == (job.as_str(), step.as_str()) && *number == key.number)
        };
        assert!(!self.events().iter().any(ended), "{key:?} has finished and is carried out again");
        if !is_outward {
            *self.performed.entry(key.clone()).or_default() += 1;
        }
        let ends_at = self.now.plus_ms(self.duration_ms(&key));
        let waits = is_outward && self.acts_outside(&key);
        self.host.under_way.insert(key, Work { ends_at, stopped: false, waits });
    }

    /// The gate of an attempt opens: what it does from here on may be seen outside.
    fn act(&mut self, key: &AttemptKey) {
        let begun = |event: &RunEvent| {
            matches!(event, RunEvent::AttemptStarted { job, step, number, .. }
                if self.named(key) == (job.as_str(), step.as_str()) && *number == key.number)
        };
        assert!(self.events().iter().any(begun), "{key:?} acted before its beginning was on disk");
        let ends_at = self.now.plus_ms(self.duration_ms(key));
        let Some(work) = self.host.under_way.get_mut(key) else { panic!("{key:?} acts and has not begun") };
        if work.waits {
            *work = Work { ends_at, stopped: work.stopped, waits: false };
            *self.performed.entry(key.clone()).or_default() += 1;
        }
    }

    fn something_happens(&mut self) {
        if self.faults.crash && self.dice.percent(4) {
            return self.crash();
        }
        if self.faults.lost_lease && self.dice.percent(2) {
            return self.lose_lease();
        }
        if self.faults.cancel && !self.cancelled && !self.log.is_empty() && self.dice.percent(5) {
            self.cancelled = true;
            let wish = RunEvent::CancelRequested { reason: "simulated".to_owned() };
            if self.host.driver.state().conclusion.is_none() {
                self.host.driver.happened(self.now, wish).unwrap();
            }
            return;
        }
        // A commit takes no time to speak of: it may come after the end of a quick step, never after that of a slow one.
        let soon = self.now.plus_ms(50);
        let ends_soon = self.host.under_way.values().any(|work| work.end(self.now).is_some_and(|end| end <= soon));
        let commits = !self.host.appends.is_empty() && (!ends_soon || self.dice.percent(60));
        if commits { self.commit() } else { self.finish_one() }
    }

    fn commit(&mut self) {
        let Some((expected_seq, at, events)) = self.host.appends.pop_front() else { return };
        assert_eq!(expected_seq, self.log.len() as u64, "appends leave a gap");
        self.log.extend(events.iter().map(|event| (at, wire::encode(event).unwrap())));
        self.host.driver.committed(self.log.len() as u64);
    }

    fn finish_one(&mut self) {
        let Some(key) = next_to_end(&self.host) else { return };
        let work = self.host.under_way.remove(&key).unwrap();
        self.now = if work.stopped { self.now.plus_ms(10) } else { self.now.max(work.ends_at) };
        let event = self.end_of(&key, work.stopped);
        let ended = self.host.driver.ended(self.now, &RunKey::Perform(key.clone()), event.clone()).unwrap();
        assert!(ended, "{key:?} ended and was not under way");
        if self.faults.duplicates && self.dice.percent(20) {
            let again = self.host.driver.ended(self.now, &RunKey::Perform(key.clone()), event).unwrap();
            assert!(!again, "{key:?} was taken twice");
        }
    }

    /// What is not on disk is gone, and a new host reads what is.
    fn crash(&mut self) {
        if self.log.is_empty() {
            return;
        }
        self.now = self.now.plus_ms(self.dice.below(20));
        self.host = self.fresh_host();
    }

    /// Another host takes over while the old one goes on for a while.
    fn lose_lease(&mut self) {
        if self.log.is_empty() {
            return;
        }
        let fresh = self.fresh_host();
        self.ghosts.push(std::mem::replace(&mut self.host, fresh));
    }

    fn fresh_host(&mut self) -> Host {
        let state = self.replay();
        if self.host.driver.is_settled() {
            assert_eq!(state, *self.host.driver.state(), "the log tells another story than the host's memory");
        }
        self.epoch += 1;
        let mut driver = Driver::new(state, self.log.len() as u64);
        driver.recover(self.now).expect("recovery contradicts the log");
        Host { driver, epoch: self.epoch, appends: VecDeque::new(), under_way: BTreeMap::new() }
    }

    fn replay(&self) -> RunState {
        let mut state = RunState::new(self.plan.clone());
        for (at, body) in &self.log {
            RunMachine::apply(&mut state, *at, &wire::decode(body).unwrap()).expect("the log does not replay");
        }
        state
    }

    /// A host without a lease learns of it when it appends: nothing of it reaches the log, and it stops.
    fn ghosts_act(&mut self) {
        let (epoch, now) = (self.epoch, self.now);
        for ghost in &mut self.ghosts {
            assert!(ghost.epoch < epoch, "the log would take a ghost's events");
            let todo = ghost.driver.poll(now).expect("a ghost contradicts itself");
            assert!(todo.open.is_empty(), "a ghost acted outside without a commit");
        }
        self.ghosts.retain(|ghost| ghost.appends.is_empty() && ghost.driver.is_settled());
    }

    fn end_of(&self, key: &AttemptKey, stopped: bool) -> RunEvent {
        let conclusion = if stopped { Conclusion::Cancelled } else { self.outcome(key) };
        let result = StepResult {
            started_at: self.now,
            duration_ms: 1,
            conclusion,
            outcome: "simulated".to_owned(),
            message: String::new(),
            retryable: conclusion == Conclusion::Faulted,
            outputs: BTreeMap::new(),
            evidence: EvidenceRef::None,
            tree: None,
            cached_from: None,
        };
        let (job, step) = self.host.driver.state().names(key.job, key.step);
        RunEvent::AttemptFinished { job, step, number: key.number, result: Box::new(result) }
    }

    /// The same for each attempt of a step, so that a repeated one ends as the lost one would have.
    fn outcome(&self, key: &AttemptKey) -> Conclusion {
        let roll = Dice::new(self.seed ^ (key.job as u64) << 8 ^ (key.step as u64) << 16 ^ 0x0bad).below(100);
        match roll {
            0..70 => Conclusion::Passed,
            70..75 => Conclusion::Warned,
            75..90 => Conclusion::Failed,
            _ => Conclusion::Faulted,
        }
    }

    fn duration_ms(&self, key: &AttemptKey) -> u64 {
        let slow = Dice::new(self.seed ^ (key.job as u64) << 4 ^ (key.step as u64) << 12 ^ 0x51).below(100);
        // Slow enough to run into the shortest job timeout for sure, or far from any whatever a crash adds.
        if slow < 10 { 4_500 } else { 20 }
    }

    /// Whether a step that may act outside does; the others are answered from a cache.
    fn acts_outside(&self, key: &AttemptKey) -> bool {
        Dice::new(self.seed ^ (key.job as u64) << 6 ^ (key.step as u64) << 14 ^ 0xac7).percent(70)
    }

    fn named(&self, key: &AttemptKey) -> (&str, &str) {
        let job = &self.plan.jobs[key.job];
        (job.key.as_str(), job.steps[key.step].id.as_str())
    }

    fn events(&self) -> Vec<RunEvent> {
        self.log.iter().map(|(_, body)| wire::decode(body).unwrap()).collect()
    }

    fn check_end(&self) {
        assert_eq!(self.replay(), *self.host.driver.state(), "the log tells another story than the host's memory");
        let mut outward: BTreeMap<(usize, usize), BTreeSet<u32>> = BTreeMap::new();
        for key in self.performed.keys() {
            outward.entry((key.job, key.step)).or_default().insert(key.number);
        }
        for ((job, step), numbers) in outward {
            let plan = &self.plan.jobs[job].steps[step];
            let pure = plan.kind().is_some_and(Kind::is_pure);
            let times: u32 =
                numbers.iter().map(|number| self.performed[&AttemptKey { job, step, number: *number }]).sum();
            assert!(pure || plan.is_repeatable() || times <= 1, "{}/{} was done {times} times", job, plan.id);
        }
    }

    pub(crate) fn conclusion(&self) -> Conclusion {
        self.host.driver.state().conclusion.unwrap()
    }

    /// How the run, its jobs and its steps ended. What a timeout catches a job at, and whether the attempt ends before it
    /// can be stopped, is up to the clock: of such a job only that it was late is told, and
    /// of its run whether that was forgiven.
    pub(crate) fn conclusions(&self) -> (Conclusion, Vec<JobEnd>) {
        let state = self.host.driver.state();
        let is_late = |event: &RunEvent, at: usize| matches!(event, RunEvent::JobTimedOut { job } if *job == state.plan.jobs[at].key);
        let late = |at: usize| self.events().iter().any(|event| is_late(event, at));
        let job = |(at, job): (usize, &JobState)| match late(at) {
            true => (Some(Conclusion::TimedOut), Vec::new()),
            false => (job.conclusion(), job.steps.iter().map(|step| step.phase).collect()),
        };
        let jobs: Vec<_> = state.jobs.iter().enumerate().map(job).collect();
        let any_late = jobs.iter().any(|(conclusion, _)| *conclusion == Some(Conclusion::TimedOut));
        let of_run = match self.conclusion() {
            good if any_late && good.is_good() => Conclusion::Passed,
            _ if any_late => Conclusion::TimedOut,
            conclusion => conclusion,
        };
        (of_run, jobs)
    }

    pub(crate) fn attention_needed(&self) -> bool {
        self.events().iter().any(|event| matches!(event, RunEvent::NeedsAttention { .. }))
    }

    pub(crate) fn was_cancelled(&self) -> bool {
        self.host.driver.state().cancel.is_some()
    }

    /// Whether every `always()` step of a job that began was carried out, or its host's loss needs attention.
    pub(crate) fn cleanup_ran(&self) -> bool {
        let state = self.host.driver.state();
        let jobs = self.plan.jobs.iter().zip(&state.jobs).filter(|(_, job)| job.started_at.is_some());
        let mut steps = jobs.flat_map(|(plan, job)| plan.steps.iter().zip(&job.steps));
        steps.all(|(plan, step)| plan.condition != Condition::Always || matches!(step.phase, StepPhase::Done(_)))
    }
}

fn next_to_end(host: &Host) -> Option<AttemptKey> {
    let ends = host.under_way.iter().filter(|(_, work)| work.stopped || !work.waits);
    ends.min_by_key(|(_, work)| (!work.stopped, work.ends_at)).map(|(key, _)| key.clone())
}
