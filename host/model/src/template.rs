//! A value with holes that are filled when a step starts. Structure, not text: what fills a hole is never read as an
//! expression again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Json;

/// A value, or how to make one from `needs`, `steps`, `inputs`, `event` and `matrix`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    /// Known when the run was planned.
    Literal(Json),
    /// A CEL expression; gives a typed value.
    Expression(String),
    /// Parts that are written one after the other; gives a string.
    Text(Vec<Template>),
    /// Gives a list.
    List(Vec<Template>),
    /// Gives an object.
    Map(BTreeMap<String, Template>),
}

impl Template {
    /// The value, where nothing is open.
    #[must_use]
    pub fn literal(&self) -> Option<&Json> {
        match self {
            Self::Literal(value) => Some(value),
            _ => None,
        }
    }
}

impl Default for Template {
    fn default() -> Self {
        Self::Literal(Json::Object(serde_json::Map::new()))
    }
}

/// Whether a job or a step runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// All before it is good (the default; `success()`).
    #[default]
    Success,
    /// Whatever happened, even cancellation (`always()`).
    Always,
    /// Something before it failed (`failure()`).
    Failure,
    /// The run was cancelled (`cancelled()`).
    Cancelled,
    /// A CEL expression that gives a boolean. `status` says whether it calls one of the four functions above; where it
    /// does not, it holds only if all before it is good, as GitHub has it.
    Expression {
        /// CEL.
        source: String,
        /// Whether it asks for the status itself.
        status: bool,
    },
}
