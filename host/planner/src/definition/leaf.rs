//! The small forms that values of the file have: durations, one or many, anything, names.

use std::borrow::Cow;
use std::str::FromStr;

use lockgate_model::ids::{InvalidId, JobId, PluginAlias, StepId, ToolName};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::read::{Read, wrong_type};
use crate::diagnostics::Report;
use crate::yaml::{Node, Scalar, Value};

/// Gives a leaf its schema.
macro_rules! leaf_schema {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// A checked name of the model: a job id, a step id, an alias, a tool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name<T>(pub(crate) T);

impl<T: FromStr<Err = InvalidId>> Read for Name<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let text = String::read(node, report)?;
        match text.parse() {
            Ok(name) => Some(Self(name)),
            Err(error) => {
                report.error("invalid-name", node.span, error.to_string());
                None
            }
        }
    }
}

const WORD: &str = "^[A-Za-z_][A-Za-z0-9_.-]{0,99}$";

leaf_schema!(Name<JobId>, "JobId", { "type": "string", "pattern": WORD });
leaf_schema!(Name<StepId>, "StepId", { "type": "string", "pattern": WORD });
leaf_schema!(Name<PluginAlias>, "PluginAlias", { "type": "string", "pattern": WORD });
leaf_schema!(Name<ToolName>, "ToolName", { "type": "string", "pattern": WORD });

/// A span of time in milliseconds, written `90s`, `10m`, `1h30m`, `500ms`, `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duration(pub(crate) u64);

leaf_schema!(Duration, "Duration", {
    "type": "string",
    "pattern": "^([0-9]+(ms|s|m|h|d))+$",
    "examples": ["90s", "10m", "1h30m", "500ms"]
});

/// The longest duration that a file may name: a year.
const DURATION_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;

impl Read for Duration {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match node.text().and_then(duration_ms) {
            Some(ms) => Some(Self(ms)),
            None => {
                let message = "a duration is expected here: numbers with units, up to a year";
                report.error("wrong-duration", node.span, message).help("for example `90s`, `10m`, `1h30m`, `500ms`");
                None
            }
        }
    }
}

/// Milliseconds of `1h30m`; nothing for what is no duration, is zero or longer than a year.
fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let unit_and_rest = &rest[digits..];
        let letters = unit_and_rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let number: u64 = rest[..digits].parse().ok()?;
        sum = sum.checked_add(number.checked_mul(unit_ms(&unit_and_rest[..letters])?)?)?;
        rest = &unit_and_rest[letters..];
    }
    (1..=DURATION_MS_MAX).contains(&sum).then_some(sum)
}

fn unit_ms(unit: &str) -> Option<u64> {
    match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    }
}

/// A count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) u32);

leaf_schema!(Count, "Count", { "type": "integer", "minimum": 1, "maximum": 4_294_967_295_u32 });

impl Read for Count {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let number = match &node.value {
            Value::Scalar(_, Scalar::Number(number)) => number.as_u64().and_then(|count| u32::try_from(count).ok()),
            _ => {
                wrong_type(node, "a number is expected here", report);
                return None;
            }
        };
        match number.filter(|count| *count > 0) {
            Some(count) => Some(Self(count)),
            None => {
                report.error("wrong-number", node.span, "a whole number from 1 is expected here");
                None
            }
        }
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T: Read> Read for OneOrMany<T> {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::List(_) => Vec::read(node, report).map(Self),
            Value::Scalar(..) => T::read(node, report).map(|one| Self(vec![one])),
            Value::Map(_) => {
                wrong_type(node, "a value or a list of values is expected here", report);
                None
            }
        }
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// Any value; `${{ }}` inside its strings are expressions.
#[derive(Debug, Clone)]
pub(crate) struct Any(pub(crate) Node);

leaf_schema!(Any, "Any", {});

impl Read for Any {
    fn read(node: &Node, _: &mut Report) -> Option<Self> {
        Some(Self(node.clone()))
    }
}

/// A string, number or boolean, kept as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Plain(pub(crate) Node);

leaf_schema!(Plain, "Plain", { "type": ["string", "number", "boolean"] });

impl Read for Plain {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Scalar(..) => Some(Self(node.clone())),
            _ => {
                wrong_type(node, "a string, number or boolean is expected here", report);
                None
            }
        }
    }
}

/// A map of any values.
#[derive(Debug, Clone)]
pub(crate) struct AnyMap(pub(crate) Node);

leaf_schema!(AnyMap, "AnyMap", { "type": "object" });

impl Read for AnyMap {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Map(_) => Some(Self(node.clone())),
            _ => {
                wrong_type(node, "a map is expected here", report);
                None
            }
        }
    }
}

/// A list, or an expression that gives one.
#[derive(Debug, Clone)]
pub(crate) struct ListOrExpression(pub(crate) Node);

leaf_schema!(ListOrExpression, "ListOrExpression", { "anyOf": [{ "type": "array" }, { "type": "string" }] });

impl Read for ListOrExpression {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::List(_) | Value::Scalar(_, Scalar::Text) => Some(Self(node.clone())),
            _ => {
                wrong_type(node, "a list of values is expected here", report);
                None
            }
        }
    }
}

/// A condition: CEL, with or without `${{ }}` around it, or `true` or `false`.
#[derive(Debug, Clone)]
pub(crate) struct ConditionText(pub(crate) Node);

leaf_schema!(ConditionText, "Condition", { "type": ["string", "boolean"] });

impl Read for ConditionText {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Scalar(_, Scalar::Text | Scalar::Bool(_)) => Some(Self(node.clone())),
            _ => {
                wrong_type(node, "a condition is expected here, a CEL expression", report);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(duration_ms(text), expected, "{text}");
    }

    #[test]
    fn durations_are_numbers_with_units() {
        check("500ms", Some(500));
        check("90s", Some(90_000));
        check("1h30m", Some(5_400_000));
        check("366d", Some(DURATION_MS_MAX));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "10", "m", "1 h", "1y", "-1s", "0s", "367d", "99999999999999999999s", "1.5h", "1hä"] {
            check(text, None);
        }
    }
}
