//! What a durable machine is.

use lockgate_model::time::Timestamp;

/// An event that cannot have happened in this state: the log is damaged, or was written by something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {event} is not possible here: {reason}")]
pub struct IllegalEvent {
    /// The event's type and what it names.
    pub event: String,
    /// What the state is.
    pub reason: String,
}

/// What the world should do next.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<Event, Effect> {
    /// What is decided already, to be appended at once; `decide` is asked again with them applied.
    pub events: Vec<Event>,
    /// All that shall be under way: the driver starts what is not yet, and abandons what is and stands here no more.
    pub effects: Vec<Effect>,
    /// When to ask again even if nothing happens.
    pub wake_at: Option<Timestamp>,
}

impl<Event, Effect> Default for Decision<Event, Effect> {
    fn default() -> Self {
        Self { events: Vec::new(), effects: Vec::new(), wake_at: None }
    }
}

impl<Event, Effect> Decision<Event, Effect> {
    /// Asks to be asked again at `at`, or earlier.
    pub fn wake(&mut self, at: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at)));
    }
}

/// Something that shall be under way.
pub trait Effect {
    /// Tells one effect from another: equal keys are the same piece of work.
    type Key: Clone + Ord + std::fmt::Debug;

    /// This effect's key.
    fn key(&self) -> Self::Key;

    /// What it leaves alone until everything decided so far is on disk.
    fn waits(&self) -> Wait;
}

/// How far an effect may go before everything that was decided before it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// All the way: nobody outside can have seen it if it is lost.
    Never,
    /// It may begin, and waits at its gate before it does what somebody outside could notice.
    ToAct,
    /// It does not begin.
    ToBegin,
}

/// A stream of events with a pure core.
pub trait Machine {
    /// What happened.
    type Event: Clone;
    /// All that matters of what happened.
    type State;
    /// What to do.
    type Effect: Effect;

    /// Folds an event into the state.
    ///
    /// # Errors
    /// When the event is illegal in this state, which is then unchanged.
    fn apply(state: &mut Self::State, at: Timestamp, event: &Self::Event) -> Result<(), IllegalEvent>;

    /// What the world should do next. May be asked again and again.
    fn decide(state: &Self::State, now: Timestamp) -> Decision<Self::Event, Self::Effect>;

    /// What is to be said of work that was under way when its host went away. Asked once, after the log was read.
    fn recover(state: &Self::State) -> Vec<Self::Event>;
}
