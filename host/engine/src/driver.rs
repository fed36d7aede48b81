//! The one driver of durable machines. It has no clock, no thread and no log: whoever holds it brings those.
//!
//! The order it keeps: an event is applied at once, handed over for appending in the same `poll`, and published only
//! after its commit. An effect that reaches outside may begin at once, and its gate opens when all that was decided
//! before it is on disk; another is held back until then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lockgate_model::time::Timestamp;

use crate::machine::{Effect, IllegalEvent, Machine, Wait};

/// Rounds of `decide` within one poll. A machine that goes on deciding for longer is broken.
const DECISION_ROUNDS_MAX: usize = 100_000;

/// A machine, its place in its stream, and what is under way.
pub struct Driver<M: Machine> {
    state: M::State,
    /// Events applied; the stream will end here once all appends are through.
    seq: u64,
    /// Events known to be on disk.
    committed: u64,
    under_way: BTreeSet<<M::Effect as Effect>::Key>,
    /// Effects that wait for a commit to begin, and where the stream ended when they were first wanted.
    held: BTreeMap<<M::Effect as Effect>::Key, u64>,
    /// Effects under way whose gate is closed, and the same of them.
    closed: BTreeMap<<M::Effect as Effect>::Key, u64>,
    unsent: Vec<Stamped<M::Event>>,
    unpublished: VecDeque<Stamped<M::Event>>,
}

/// An event and when it was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped<Event> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// What has to be done after a poll.
pub struct Todo<M: Machine> {
    /// The stream's end before `append`.
    pub expected_seq: u64,
    /// To be appended, in order. May be empty.
    pub append: Vec<Stamped<M::Event>>,
    /// To be started now, each once; the gate of one that waits to act is closed.
    pub start: Vec<M::Effect>,
    /// Started now or earlier: their gates are to be opened.
    pub open: Vec<<M::Effect as Effect>::Key>,
    /// Started earlier and not wanted any more: to be stopped. Whatever comes of it is ignored.
    pub abandon: Vec<<M::Effect as Effect>::Key>,
    /// When to poll again even if nothing happens.
    pub wake_at: Option<Timestamp>,
}

impl<M: Machine> Driver<M> {
    /// A driver of a machine whose stream ends at `seq`, all of it on disk and folded into `state`.
    #[must_use]
    pub fn new(state: M::State, seq: u64) -> Self {
        Self {
            state,
            seq,
            committed: seq,
            under_way: BTreeSet::new(),
            held: BTreeMap::new(),
            closed: BTreeMap::new(),
            unsent: Vec::new(),
            unpublished: VecDeque::new(),
        }
    }

    /// The state, with everything decided so far.
    pub fn state(&self) -> &M::State {
        &self.state
    }

    /// The state, when nothing more is to be done.
    pub fn into_state(self) -> M::State {
        self.state
    }

    /// Whether everything decided is on disk.
    pub fn is_settled(&self) -> bool {
        self.committed == self.seq
    }

    /// Whether an effect of this key was started and has not ended.
    pub fn is_under_way(&self, key: &<M::Effect as Effect>::Key) -> bool {
        self.under_way.contains(key)
    }

    /// Whether an effect waits for a commit to begin.
    pub fn holds_back(&self) -> bool {
        !self.held.is_empty()
    }

    /// How many effects were started and have not ended.
    pub fn under_way_count(&self) -> usize {
        self.under_way.len()
    }

    /// Says what became of work that was under way when the last host went away.
    ///
    /// # Errors
    /// When the machine contradicts itself.
    pub fn recover(&mut self, now: Timestamp) -> Result<(), IllegalEvent> {
        M::recover(&self.state).into_iter().try_for_each(|event| self.happened(now, event))
    }

    /// Something happened outside: a wish, a time.
    ///
    /// # Errors
    /// When it is illegal now; nothing has changed then.
    pub fn happened(&mut self, now: Timestamp, event: M::Event) -> Result<(), IllegalEvent> {
        M::apply(&mut self.state, now, &event)?;
        self.seq += 1;
        self.unsent.push(Stamped { at: now, event });
        Ok(())
    }

    /// An effect ended, and this is what to remember of it. One that is not under way (a second delivery, or work
    /// of an earlier driver) is ignored: false.
    ///
    /// # Errors
    /// When the event is illegal now.
    pub fn ended(
        &mut self,
        now: Timestamp,
        key: &<M::Effect as Effect>::Key,
        event: M::Event,
    ) -> Result<bool, IllegalEvent> {
        if !self.under_way.remove(key) {
            return Ok(false);
        }
        self.closed.remove(key);
        self.happened(now, event).map(|()| true)
    }

    /// Everything up to `seq` is on disk. Gives what may now be published, oldest first.
    pub fn committed(&mut self, seq: u64) -> Vec<Stamped<M::Event>> {
        let newly = seq.saturating_sub(self.committed);
        self.committed = self.committed.max(seq);
        (0..newly).map_while(|_| self.unpublished.pop_front()).collect()
    }

    /// Asks the machine what is next, until it has nothing more to decide.
    ///
    /// # Errors
    /// When the machine contradicts itself.
    pub fn poll(&mut self, now: Timestamp) -> Result<Todo<M>, IllegalEvent> {
        let mut decision = M::decide(&self.state, now);
        let mut rounds = 0;
        while !decision.events.is_empty() {
            rounds += 1;
            if rounds > DECISION_ROUNDS_MAX {
                let reason = format!("the machine still decides after {DECISION_ROUNDS_MAX} rounds");
                return Err(IllegalEvent { event: "decision".to_owned(), reason });
            }
            decision.events.drain(..).try_for_each(|event| self.happened(now, event))?;
            decision = M::decide(&self.state, now);
        }
        let append = std::mem::take(&mut self.unsent);
        self.unpublished.extend(append.iter().cloned());
        let expected_seq = self.seq - append.len() as u64;
        let abandon = self.unwanted(&decision.effects);
        let start = self.startable(decision.effects);
        let open = self.openable();
        Ok(Todo { expected_seq, append, start, open, abandon, wake_at: decision.wake_at })
    }

    fn unwanted(&mut self, wanted: &[M::Effect]) -> Vec<<M::Effect as Effect>::Key> {
        let wanted: BTreeSet<_> = wanted.iter().map(Effect::key).collect();
        let unwanted: Vec<_> = self.under_way.difference(&wanted).cloned().collect();
        self.under_way.retain(|key| wanted.contains(key));
        self.closed.retain(|key, _| wanted.contains(key));
        unwanted
    }

    /// An effect waits for what was decided before it was first wanted, not for what came later: work that goes on
    /// deciding beside it cannot hold it back for ever.
    fn startable(&mut self, effects: Vec<M::Effect>) -> Vec<M::Effect> {
        let mut held = std::mem::take(&mut self.held);
        let mut start = Vec::new();
        for effect in effects {
            let key = effect.key();
            if self.under_way.contains(&key) {
                continue;
            }
            let wanted_at = held.remove(&key).unwrap_or(self.seq);
            let waits = effect.waits();
            if waits == Wait::ToBegin && wanted_at > self.committed {
                self.held.insert(key, wanted_at);
                continue;
            }
            if waits == Wait::ToAct {
                self.closed.insert(key.clone(), wanted_at);
            }
            self.under_way.insert(key);
            start.push(effect);
        }
        start
    }

    fn openable(&mut self) -> Vec<<M::Effect as Effect>::Key> {
        let committed = self.committed;
        self.closed.extract_if(.., |_, wanted_at| *wanted_at <= committed).map(|(key, _)| key).collect()
    }
}
