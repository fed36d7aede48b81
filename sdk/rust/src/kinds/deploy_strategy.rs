//! Says one move at a time what to do next with a rollout.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{About, Answer, Duration, Failure, Health, Query, Share};

/// Says what to do next with a rollout. Pure: what it must remember is its state, and no instance lives between moves.
pub trait DeployStrategy {
    /// The environment's `strategy.with:`; its JSON Schema is derived.
    type Config: DeserializeOwned + JsonSchema;
    /// What is remembered between two moves; `Default` before the first.
    type State: Serialize + DeserializeOwned + Default;

    /// What the plugin says of itself.
    fn about() -> About;

    /// The next move, given all that is known now.
    ///
    /// # Errors
    /// The configuration or the rollout makes no sense. A bad candidate is `Action::Rollback`.
    fn next(config: Self::Config, rollout: Rollout<Self::State>) -> Result<Decision<Self::State>, Failure>;
}

/// All that is known of a rollout.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rollout<S> {
    /// As the last decision left it.
    pub state: S,
    /// The revision that serves; none at the first release.
    pub stable: Option<String>,
    /// The revision to move to.
    pub candidate: String,
    /// When the rollout began, in milliseconds since the Unix epoch.
    pub started_at: u64,
    /// Now, in milliseconds since the Unix epoch; may go backwards when a clock is set back.
    pub now: u64,
    /// The traffic as it is.
    pub shares: Vec<Share>,
    /// The revisions as they are.
    pub health: Vec<Health>,
    /// Answers to the last `Action::Measure`; empty after any other action.
    pub answers: Vec<Answer>,
    /// What has been approved so far.
    pub approvals: Vec<String>,
}

impl<S> Rollout<S> {
    /// The same rollout with another state.
    pub fn with_state<T>(self, state: T) -> Rollout<T> {
        Rollout {
            state,
            stable: self.stable,
            candidate: self.candidate,
            started_at: self.started_at,
            now: self.now,
            shares: self.shares,
            health: self.health,
            answers: self.answers,
            approvals: self.approvals,
        }
    }

    /// How well a revision is, where the target knows it.
    pub fn health_of(&self, revision: &str) -> Option<&Health> {
        self.health.iter().find(|health| health.revision == revision)
    }

    /// A revision's part of the traffic in parts of 10,000.
    pub fn weight_of(&self, revision: &str) -> u32 {
        self.shares.iter().filter(|share| share.revision == revision).map(|share| share.weight).sum()
    }
}

/// The next move. After each one the host asks again, until `Promote` or `Rollback`.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Move traffic; the weights add up to 10,000.
    Shift(Vec<Share>),
    /// Ask again after so long, or earlier when something happened.
    Wait(Duration),
    /// Ask the metrics source, then ask again with its answers.
    Measure(Vec<Query>),
    /// Wait for somebody's approval of this.
    Approve(String),
    /// The candidate becomes the stable revision.
    Promote,
    /// Back to the stable revision, and why.
    Rollback(String),
}

/// A move, and what to remember of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<S> {
    /// What to do.
    pub action: Action,
    /// Handed back at the next move.
    pub state: S,
    /// Why, in a line.
    pub note: String,
}

impl<S> Decision<S> {
    /// A move, what to remember of it, and why.
    pub fn new(action: Action, state: S, note: impl Into<String>) -> Self {
        Self { action, state, note: note.into() }
    }
}
