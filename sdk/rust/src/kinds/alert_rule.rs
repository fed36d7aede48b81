//! Says from series whether somebody must know.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{About, Answer, Failure, Query, Severity};

/// Says from series whether somebody must know. Pure: what it must remember is its state.
pub trait AlertRule {
    /// The rule's configuration; its JSON Schema is derived.
    type Config: DeserializeOwned + JsonSchema;
    /// What is remembered between two evaluations; `Default` before the first.
    type State: Serialize + DeserializeOwned + Default;

    /// What the plugin says of itself.
    fn about() -> About;

    /// What the rule needs to know; depends on nothing but its configuration.
    ///
    /// # Errors
    /// The configuration makes no sense.
    fn queries(config: Self::Config) -> Result<Vec<Query>, Failure>;

    /// How things are, given the answers.
    ///
    /// # Errors
    /// The configuration makes no sense. Absent data is `Condition::Inconclusive`.
    fn evaluate(config: Self::Config, input: AlertInput<Self::State>) -> Result<Evaluation<Self::State>, Failure>;
}

/// How things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is wrong.
    Ok,
    /// Something is wrong, not yet for long enough.
    Pending,
    /// Somebody must know.
    Firing,
    /// What was needed to tell is missing.
    Inconclusive,
}

/// All that an alert rule is given beside its configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlertInput<S> {
    /// As the last evaluation left it.
    pub state: S,
    /// Now, in milliseconds since the Unix epoch; may go backwards when a clock is set back.
    pub now: u64,
    /// Answers to the rule's queries.
    pub answers: Vec<Answer>,
}

impl<S> AlertInput<S> {
    /// The same input with another state.
    pub fn with_state<T>(self, state: T) -> AlertInput<T> {
        AlertInput { state, now: self.now, answers: self.answers }
    }
}

/// What an alert rule says.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation<S> {
    /// How things are.
    pub condition: Condition,
    /// How bad, where pending or firing.
    pub severity: Severity,
    /// In a line.
    pub summary: String,
    /// The number that decided.
    pub value: Option<f64>,
    /// Handed back at the next evaluation.
    pub state: S,
    /// More that groups and routes the alert.
    pub labels: Vec<(String, String)>,
}

impl<S> Evaluation<S> {
    /// An evaluation without number and labels.
    pub fn new(condition: Condition, severity: Severity, summary: impl Into<String>, state: S) -> Self {
        Self { condition, severity, summary: summary.into(), value: None, state, labels: Vec::new() }
    }

    /// Adds the number that decided.
    #[must_use]
    pub fn value(mut self, value: f64) -> Self {
        self.value = Some(value);
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }
}
