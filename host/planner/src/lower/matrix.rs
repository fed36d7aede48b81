//! A matrix to its cells, as GitHub lays them out: the product of the axes, less what `exclude` matches, then each entry of
//! `include` added to every cell whose own values it does not change, or as a cell of its own.

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::ids::{JobId, JobKey};
use lockgate_model::limits::MATRIX_CELLS_MAX;

use super::context::Context;
use crate::definition::Matrix;
use crate::definition::leaf::AnyMap;
use crate::expression::as_text;
use crate::expression::names::Names;
use crate::source::{Span, Spanned};
use crate::suggest;
use crate::yaml::{Node, Value};

/// Axis to value.
pub(crate) type Cell = BTreeMap<String, Json>;

type Axis = (String, Vec<Json>);

/// The cells of a matrix, at least one; nothing where it is wrong.
pub(crate) fn cells(job: &JobId, matrix: &Spanned<Matrix>, context: &mut Context<'_>) -> Option<Vec<Cell>> {
    let names = context.names();
    let axes = axes(&matrix.value, &names, context)?;
    let include = entries(&matrix.value.include, &names, context)?;
    let exclude = entries(&matrix.value.exclude, &names, context)?;
    check_exclude(&matrix.value, &axes, context);
    if !fits(&axes, include.len()) {
        let message = format!("the matrix has more than {MATRIX_CELLS_MAX} cells");
        context.report.error("too-large", matrix.span, message).help("take an axis out, or values of one");
        return None;
    }
    let cells = combine(&axes, &exclude, &include);
    if cells.is_empty() {
        let message = "the matrix has no cells, so that its job would never run";
        context.report.error("empty-matrix", matrix.span, message).help("`exclude` takes every combination away");
        return None;
    }
    check_unique(job, &cells, matrix.span, context).then_some(cells)
}

fn axes(matrix: &Matrix, names: &Names, context: &mut Context<'_>) -> Option<Vec<Axis>> {
    let axes: Vec<Option<Axis>> = matrix
        .axes
        .iter()
        .map(|(name, values)| {
            let values = list(&values.0, names, context)?;
            if values.is_empty() {
                let message = format!("the axis `{}` has no values, so that the job would never run", name.value);
                context.report.error("empty-matrix", name.span, message).help("give it at least one value");
                return None;
            }
            Some((name.value.clone(), values))
        })
        .collect();
    if axes.is_empty() && matrix.include.is_empty() {
        // A matrix of nothing is told by its owner, as one whose cells are all excluded is.
        return Some(Vec::new());
    }
    axes.into_iter().collect()
}

fn list(node: &Node, names: &Names, context: &mut Context<'_>) -> Option<Vec<Json>> {
    match context.literal(node, names)? {
        Json::Array(values) => Some(values),
        _ => {
            context.report.error(
                "wrong-type",
                node.span,
                "an axis is a list of values, or an expression that gives one",
            );
            None
        }
    }
}

fn entries(maps: &[AnyMap], names: &Names, context: &mut Context<'_>) -> Option<Vec<Cell>> {
    let entry = |map: &AnyMap| context.literal(&map.0, names).and_then(|json| json.as_object().cloned());
    let entries: Vec<_> = maps.iter().map(entry).collect();
    entries.into_iter().map(|entry| entry.map(|fields| fields.into_iter().collect())).collect()
}

/// An `exclude` of an axis that there is not never matches: a slip of the pen.
fn check_exclude(matrix: &Matrix, axes: &[Axis], context: &mut Context<'_>) {
    let names: Vec<&str> = axes.iter().map(|(name, _)| name.as_str()).collect();
    for map in &matrix.exclude {
        let Value::Map(entries) = &map.0.value else { continue };
        for entry in entries.iter().filter(|entry| !names.contains(&entry.key.value.as_str())) {
            let message = format!("the matrix has no axis `{}`", entry.key.value);
            let help = suggest::help(&entry.key.value, names.iter().copied());
            context.report.error("unknown-axis", entry.key.span, message).maybe_help(help);
        }
    }
}

/// Whether the product stays within the limit; told before it is made.
fn fits(axes: &[Axis], included: usize) -> bool {
    let product = axes.iter().try_fold(1_usize, |product, (_, values)| product.checked_mul(values.len()));
    product.is_some_and(|product| product + included <= MATRIX_CELLS_MAX + 1)
}

fn combine(axes: &[Axis], exclude: &[Cell], include: &[Cell]) -> Vec<Cell> {
    let product = if axes.is_empty() { Vec::new() } else { product(axes) };
    let kept = |cell: &Cell| !exclude.iter().any(|entry| matches(entry, cell));
    let originals: Vec<Cell> = product.into_iter().filter(kept).collect();
    let mut cells = originals.clone();
    for entry in include {
        let mut added = false;
        for (cell, original) in cells.iter_mut().zip(&originals) {
            if entry.iter().all(|(axis, value)| original.get(axis).is_none_or(|own| own == value)) {
                cell.extend(entry.clone());
                added = true;
            }
        }
        if !added {
            cells.push(entry.clone());
        }
    }
    cells
}

/// Every combination, the first axis changing slowest.
fn product(axes: &[Axis]) -> Vec<Cell> {
    axes.iter().fold(vec![Cell::new()], |cells, (axis, values)| {
        let with = |cell: &Cell, value: &Json| {
            let mut cell = cell.clone();
            cell.insert(axis.clone(), value.clone());
            cell
        };
        cells.iter().flat_map(|cell| values.iter().map(move |value| with(cell, value))).collect()
    })
}

fn matches(entry: &Cell, cell: &Cell) -> bool {
    entry.iter().all(|(axis, value)| cell.get(axis) == Some(value))
}

/// Cells are told apart by their names, in which `1` and `"1"` are the same.
fn check_unique(job: &JobId, cells: &[Cell], span: Span, context: &mut Context<'_>) -> bool {
    let mut seen: BTreeMap<JobKey, &Cell> = BTreeMap::new();
    for cell in cells {
        let key = key_of(job, cell);
        let message = match seen.insert(key.clone(), cell) {
            None => continue,
            Some(other) if other == cell => {
                let shown = Json::Object(cell.clone().into_iter().collect());
                format!("two cells of the matrix are the same: {shown}")
            }
            Some(_) => format!("two cells of the matrix have the same name: {key}"),
        };
        context.report.error("duplicate-cell", span, message);
        return false;
    }
    true
}

/// The key of a cell, axes in order of name.
pub(crate) fn key_of(job: &JobId, cell: &Cell) -> JobKey {
    JobKey::new(job, cell.iter().map(|(axis, value)| (axis.as_str(), as_text(value))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cell(json: &Json) -> Cell {
        json.as_object().unwrap().clone().into_iter().collect()
    }

    fn check(axes: &Json, exclude: &Json, include: &Json, expected: &Json) {
        let axes: Vec<Axis> = axes
            .as_array()
            .unwrap()
            .iter()
            .map(|axis| (axis[0].as_str().unwrap().to_owned(), axis[1].as_array().unwrap().clone()))
            .collect();
        let [exclude, include] =
            [exclude, include].map(|list| list.as_array().unwrap().iter().map(cell).collect::<Vec<_>>());
        let expected: Vec<Cell> = expected.as_array().unwrap().iter().map(cell).collect();
        assert_eq!(combine(&axes, &exclude, &include), expected);
    }

    #[test]
    fn the_product_changes_its_last_axis_first() {
        check(
            &json!([["os", ["l", "w"]], ["v", [1, 2]]]),
            &json!([]),
            &json!([]),
            &json!([{"os": "l", "v": 1}, {"os": "l", "v": 2}, {"os": "w", "v": 1}, {"os": "w", "v": 2}]),
        );
    }

    #[test]
    fn exclude_takes_partial_matches_away() {
        check(
            &json!([["os", ["l", "w"]], ["v", [1, 2]]]),
            &json!([{"os": "w"}, {"os": "l", "v": 1}]),
            &json!([]),
            &json!([{"os": "l", "v": 2}]),
        );
    }

    /// The example of GitHub's documentation ("Expanding or adding matrix configurations").
    #[test]
    fn include_adds_as_github_documents_it() {
        check(
            &json!([["fruit", ["apple", "pear"]], ["animal", ["cat", "dog"]]]),
            &json!([]),
            &json!([
                {"color": "green"},
                {"color": "pink", "animal": "cat"},
                {"fruit": "apple", "shape": "circle"},
                {"fruit": "banana"},
                {"fruit": "banana", "animal": "cat"}
            ]),
            &json!([
                {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
                {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
                {"fruit": "pear", "animal": "cat", "color": "pink"},
                {"fruit": "pear", "animal": "dog", "color": "green"},
                {"fruit": "banana"},
                {"fruit": "banana", "animal": "cat"}
            ]),
        );
    }

    #[test]
    fn include_alone_makes_cells() {
        check(&json!([]), &json!([]), &json!([{"a": 1}, {"a": 2}]), &json!([{"a": 1}, {"a": 2}]));
    }
}
