//! Reading a definition from a tree: every reader goes on after a mistake, so that all of them come in one go.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::keyed::Keyed;
use crate::diagnostics::Report;
use crate::source::{Span, Spanned};
use crate::suggest;
use crate::yaml::{Entry, Node, Scalar, Value};

/// A part of the definition that is read from a node.
pub(crate) trait Read: Sized {
    /// The value; nothing where the node is not of this shape, and then the report says so.
    fn read(node: &Node, report: &mut Report) -> Option<Self>;

    /// The same with the key at hand, for what wants to know its place.
    fn read_entry(entry: &Entry, report: &mut Report) -> Option<Self> {
        Self::read(&entry.value, report)
    }

    /// What stands for a key that is not there; nothing where the key is required.
    fn absent() -> Option<Self> {
        None
    }
}

/// A definition type with named keys.
pub(crate) trait Record {
    /// What it is, in a message: "a step".
    const WHAT: &'static str;
    /// Its keys, as fields are named in Rust.
    const FIELDS: &'static [&'static str];

    /// Its keys as the file writes them.
    fn keys() -> Vec<String> {
        Self::FIELDS.iter().map(|field| key_of(field)).collect()
    }
}

/// The key of a field: `r#if` is `if`, `max_parallel` is `max-parallel`; the same rule as in the derived schema.
pub(crate) fn key_of(field: &str) -> String {
    field.trim_start_matches("r#").replace('_', "-")
}

/// The keys of one map, checked for unknown ones.
pub(crate) struct Fields<'a> {
    node: &'a Node,
    what: &'static str,
}

impl<'a> Fields<'a> {
    pub(crate) fn of<R: Record>(node: &'a Node, report: &mut Report) -> Option<Self> {
        let entries = entries(node, R::WHAT, report)?;
        let keys = R::keys();
        for entry in entries.iter().filter(|entry| !keys.contains(&entry.key.value)) {
            unknown_key(&entry.key, R::WHAT, &keys, report);
        }
        Some(Self { node, what: R::WHAT })
    }

    /// The value of a field. A key without a value counts as absent.
    pub(crate) fn take<T: Read>(&self, field: &str, report: &mut Report) -> Option<T> {
        let key = key_of(field);
        match self.node.get(&key) {
            Some(entry) if !entry.value.is_null() => T::read_entry(entry, report),
            entry => T::absent().or_else(|| {
                let span = entry.map_or_else(|| first_of(self.node), |entry| entry.key.span);
                report
                    .error("missing-key", span, format!("{} has no `{key}`", self.what))
                    .help(format!("add `{key}:`"));
                None
            }),
        }
    }
}

fn unknown_key(key: &Spanned<String>, what: &str, keys: &[String], report: &mut Report) {
    let message = format!("{what} has no key `{}`", key.value);
    let help = match key.value.as_str() {
        "<<" => Some("merge keys are not part of YAML 1.2: write the keys out".to_owned()),
        word => suggest::help(word, keys.iter().map(String::as_str)),
    };
    report.error("unknown-key", key.span, message).maybe_help(help);
}

/// Where to point for something that a map lacks: its first key.
fn first_of(node: &Node) -> Span {
    match &node.value {
        Value::Map(entries) => entries.first().map_or(node.span, |entry| entry.key.span),
        _ => node.span,
    }
}

fn entries<'a>(node: &'a Node, what: &str, report: &mut Report) -> Option<&'a [Entry]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        _ => {
            wrong_type(node, &format!("{what} is a map"), report);
            None
        }
    }
}

/// Reports a value of the wrong type. `wanted` is a sentence's first half: "a step is a map".
pub(crate) fn wrong_type(node: &Node, wanted: &str, report: &mut Report) {
    report.error("wrong-type", node.span, format!("{wanted}, and this is {}", node.what()));
}

/// Declares a definition type once: the struct, its schema and its reader.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident ($what:literal) { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, schemars::JsonSchema)]
        #[schemars(rename_all = "kebab-case", deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$field_doc])* pub(crate) $field: $type,)*
        }

        impl $crate::definition::read::Record for $name {
            const WHAT: &'static str = $what;
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];
        }

        impl $crate::definition::read::Read for $name {
            fn read(node: &$crate::yaml::Node, report: &mut $crate::diagnostics::Report) -> Option<Self> {
                let fields = $crate::definition::read::Fields::of::<Self>(node, report)?;
                $(let $field = fields.take::<$type>(stringify!($field), report);)*
                Some(Self { $($field: $field?,)* })
            }
        }
    };
}
pub(crate) use record;

/// Declares a type that is one of a few words: the enum, its schema and its reader.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident ($what:literal) { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema)]
        pub(crate) enum $name {
            $($(#[$word_doc])* #[schemars(rename = $word)] $variant,)*
        }

        impl $crate::definition::read::Read for $name {
            fn read(node: &$crate::yaml::Node, report: &mut $crate::diagnostics::Report) -> Option<Self> {
                match node.text() {
                    $(Some($word) => Some(Self::$variant),)*
                    _ => {
                        $crate::definition::read::unknown_word(node, $what, &[$($word),*], report);
                        None
                    }
                }
            }
        }
    };
}
pub(crate) use words;

/// Reports a word that is none of those that may stand there.
pub(crate) fn unknown_word(node: &Node, what: &str, words: &[&str], report: &mut Report) {
    match node.text() {
        Some(text) => {
            let message = format!("`{text}` is no {what}");
            report.error("unknown-word", node.span, message).maybe_help(suggest::help(text, words.iter().copied()));
        }
        None => wrong_type(node, &format!("the {what} is one of {}", suggest::list(words.iter().copied())), report),
    }
}

impl<T: Read> Read for Option<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        Some(T::read(node, report))
    }

    fn read_entry(entry: &Entry, report: &mut Report) -> Option<Self> {
        Some(T::read_entry(entry, report))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Spanned<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        T::read(node, report).map(|value| Self::new(value, node.span))
    }
}

/// A place is not part of the file's form: the schema of a value that knows its place is the value's.
macro_rules! schema_of_value {
    ($($placed:ident),+) => {$(
        impl<T: JsonSchema> JsonSchema for $placed<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    )+};
}

schema_of_value!(Spanned, Keyed);

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::List(items) => Some(items.iter().filter_map(|item| T::read(item, report)).collect()),
            _ => {
                wrong_type(node, "a list is expected here", report);
                None
            }
        }
    }
}

impl Read for String {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Scalar(text, Scalar::Text) => Some(text.clone()),
            Value::Scalar(text, Scalar::Bool(_) | Scalar::Number(_)) => {
                let message = format!("a string is expected here, and this is {}", node.what());
                report.error("wrong-type", node.span, message).help(format!("write it in quotes: \"{text}\""));
                None
            }
            _ => {
                wrong_type(node, "a string is expected here", report);
                None
            }
        }
    }
}

impl Read for bool {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Scalar(_, Scalar::Bool(value)) => Some(*value),
            _ => {
                wrong_type(node, "`true` or `false` is expected here", report);
                None
            }
        }
    }
}

/// A map with names that the file chooses, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Map<T> {
    pub(crate) entries: Vec<(Spanned<String>, T)>,
    /// Names whose value could not be read: they are there, although nothing is known of them.
    pub(crate) unread: Vec<String>,
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), unread: Vec::new() }
    }
}

impl<T> Map<T> {
    /// Every name, those of unread values too.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.value.as_str()).chain(self.unread.iter().map(String::as_str))
    }
}

impl<T: Read> Read for Map<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut map = Self::default();
        for entry in entries(node, "this", report)? {
            match T::read(&entry.value, report) {
                Some(value) => map.entries.push((entry.key.clone(), value)),
                None => map.unread.push(entry.key.value.clone()),
            }
        }
        Some(map)
    }
}

impl<T: JsonSchema> JsonSchema for Map<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Map_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": value })
    }
}
