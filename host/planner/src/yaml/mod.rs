//! YAML 1.2 as a tree whose every value and key knows its place.

mod build;
mod scalar;

use lockgate_model::Json;
use serde_json::Number;

use crate::source::{Span, Spanned};

pub(crate) use build::parse;
pub use build::{YAML_DEPTH_MAX, YAML_EXPANDED_BYTES_MAX};

/// What a value takes beside its text.
const NODE_BYTES: usize = 32;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A scalar: its text, and what YAML's core schema (1.2.2, chapter 10.3) makes of it.
    Scalar(String, Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file, without duplicates.
    Map(Vec<Entry>),
}

/// A scalar's type. `yes`, `no`, `on` and `off` are text: this is not YAML 1.1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Number(Number),
    Text,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Spanned<String>,
    pub(crate) value: Node,
}

impl Node {
    /// Its type for a sentence, with its article.
    pub(crate) fn what(&self) -> &'static str {
        match &self.value {
            Value::Scalar(_, Scalar::Null) => "nothing",
            Value::Scalar(_, Scalar::Bool(_)) => "a boolean",
            Value::Scalar(_, Scalar::Number(_)) => "a number",
            Value::Scalar(_, Scalar::Text) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Scalar(_, Scalar::Null))
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, Scalar::Text) => Some(text),
            _ => None,
        }
    }

    /// The value under `key`, and the key's place.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key.value == key),
            _ => None,
        }
    }

    /// The value without its places.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Value::Scalar(text, scalar) => scalar.to_json(text),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|entry| (entry.key.value.clone(), entry.value.to_json())).collect()
            }
        }
    }

    /// What it takes in memory, roughly, aliases expanded.
    pub(crate) fn bytes(&self) -> usize {
        NODE_BYTES
            + match &self.value {
                Value::Scalar(text, _) => text.len(),
                Value::List(items) => items.iter().map(Self::bytes).sum(),
                Value::Map(entries) => entries.iter().map(|it| it.key.value.len() + it.value.bytes()).sum(),
            }
    }

    fn depth(&self) -> usize {
        let deepest = match &self.value {
            Value::Scalar(..) => return 0,
            Value::List(items) => items.iter().map(Self::depth).max(),
            Value::Map(entries) => entries.iter().map(|entry| entry.value.depth()).max(),
        };
        1 + deepest.unwrap_or(0)
    }
}

impl Scalar {
    pub(crate) fn to_json(&self, text: &str) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Number(number) => Json::Number(number.clone()),
            Self::Text => Json::String(text.to_owned()),
        }
    }
}
