//! What deploy strategies, deploy targets, alert rules and notifiers are asked and answer: the contract's shapes as data.

use serde::{Deserialize, Serialize};

use crate::Json;
use crate::evidence::{Artifact, Severity};
use crate::time::Timestamp;

/// One sample of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// How much.
    pub value: f64,
}

/// A labelled series of samples, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Series {
    /// The metric.
    pub name: String,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<(String, String)>,
    /// Its samples.
    pub samples: Vec<Sample>,
}

/// A named question to the metrics source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Query {
    /// Names the answer.
    pub id: String,
    /// PromQL or the embedded store's selector.
    pub expression: String,
    /// How far to look back.
    pub window_ms: u64,
    /// How far samples stand apart.
    pub step_ms: u64,
}

/// What the metrics source said to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Answer {
    /// The question's.
    pub id: String,
    /// Series, or why there are none.
    pub outcome: AnswerOutcome,
}

/// Series, or why there are none. In JSON `{"ok": [...]}` or `{"err": "..."}`, as WIT's `result` is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerOutcome {
    /// The series; may be none.
    Ok(Vec<Series>),
    /// Why the question could not be answered.
    Err(String),
}

/// A revision's part of the traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Share {
    /// The revision.
    pub revision: String,
    /// Parts of 10,000.
    pub weight: u32,
}

/// How well a revision is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Health {
    /// The revision.
    pub revision: String,
    /// Instances that are ready.
    pub ready: u32,
    /// Instances that should be.
    pub wanted: u32,
    /// More, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// All that is known of a rollout when its strategy is asked for the next move. `config` travels beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rollout {
    /// The strategy's own state, as its last decision left it.
    #[serde(default)]
    pub state: Option<Json>,
    /// The revision that serves; none at the first release.
    #[serde(default)]
    pub stable: Option<String>,
    /// The revision to move to.
    pub candidate: String,
    /// When the rollout began.
    pub started_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// The traffic as it is.
    #[serde(default)]
    pub shares: Vec<Share>,
    /// The revisions as they are.
    #[serde(default)]
    pub health: Vec<Health>,
    /// Answers to the last `measure`.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// Approvals given so far.
    #[serde(default)]
    pub approvals: Vec<String>,
}

/// A strategy's next move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Move traffic.
    Shift(Vec<Share>),
    /// Ask again after so many milliseconds.
    Wait(u64),
    /// Ask the metrics source, then ask again.
    Measure(Vec<Query>),
    /// Wait for somebody's approval of this.
    Approve(String),
    /// The candidate becomes the stable revision.
    Promote,
    /// Back to the stable revision, and why.
    Rollback(String),
}

/// A strategy's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Handed back at the next question.
    pub state: Json,
    /// Why, in a line.
    pub note: String,
}

/// What a deploy target prepares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub artifacts: Vec<Artifact>,
    /// How it is set.
    pub settings: Json,
}

/// An alert rule's view of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

/// What an alert rule is given. `config` travels beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AlertInput {
    /// The rule's own state, as its last evaluation left it.
    #[serde(default)]
    pub state: Option<Json>,
    /// Now.
    pub now: Timestamp,
    /// Answers to its queries.
    #[serde(default)]
    pub answers: Vec<Answer>,
}

/// What an alert rule answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Evaluation {
    /// How things are.
    pub condition: Condition,
    /// How bad.
    pub severity: Severity,
    /// In a line.
    pub summary: String,
    /// The number that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Handed back at the next evaluation.
    pub state: Json,
    /// To group alerts by.
    #[serde(default)]
    pub labels: Vec<(String, String)>,
}

/// What a notifier delivers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Notice {
    /// The same for a second delivery of the same notice.
    pub id: String,
    /// What it is about.
    pub topic: String,
    /// In a line.
    pub title: String,
    /// In full.
    pub body: String,
    /// How bad.
    pub severity: Severity,
    /// When.
    pub at: Timestamp,
    /// Where to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// For machines.
    pub details: Json,
}
