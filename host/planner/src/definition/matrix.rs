//! A job's matrix: axes with names that the file chooses, beside `include` and `exclude`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::leaf::{AnyMap, ListOrExpression};
use super::read::Read;
use crate::diagnostics::Report;
use crate::source::Spanned;
use crate::yaml::{Node, Value};

/// Axes and their values, combinations to add and to leave out.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    /// In the order of the file, which is the order of the cells.
    pub(crate) axes: Vec<(Spanned<String>, ListOrExpression)>,
    /// Cells to add, or values to add to cells.
    pub(crate) include: Vec<AnyMap>,
    /// Cells to leave out: those that have all of these values.
    pub(crate) exclude: Vec<AnyMap>,
}

impl Read for Matrix {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let map = AnyMap::read(node, report)?;
        let Value::Map(entries) = &map.0.value else { return None };
        let mut matrix = Self { axes: Vec::new(), include: Vec::new(), exclude: Vec::new() };
        for entry in entries {
            match entry.key.value.as_str() {
                "include" => matrix.include = Vec::read(&entry.value, report)?,
                "exclude" => matrix.exclude = Vec::read(&entry.value, report)?,
                _ => matrix.axes.push((entry.key.clone(), ListOrExpression::read(&entry.value, report)?)),
            }
        }
        Some(matrix)
    }
}

impl JsonSchema for Matrix {
    fn schema_name() -> Cow<'static, str> {
        "Matrix".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let cells = json_schema!({ "type": "array", "items": generator.subschema_for::<AnyMap>() });
        let axis = generator.subschema_for::<ListOrExpression>();
        json_schema!({
            "type": "object",
            "description": "Axis to its values; one cell for each combination.",
            "properties": { "include": cells, "exclude": cells },
            "additionalProperties": axis
        })
    }
}
