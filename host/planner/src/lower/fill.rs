//! Values of the file to templates: each `${{ }}` compiled, its names checked, and filled in where it speaks only of
//! what is known when the run is planned.

use std::ops::Range;
use std::rc::Rc;

use cel::Program;
use lockgate_model::Json;
use lockgate_model::template::{Condition, Template};

use super::context::Context;
use crate::expression::functions;
use crate::expression::names::{self, NameError, Names};
use crate::expression::scan::{Part, scan};
use crate::expression::{ExpressionError, as_text, type_name};
use crate::source::Span;
use crate::yaml::{Node, Scalar, Value};

impl Context<'_> {
    /// The template of any value. Holes that speak of `needs` or `steps` stay open.
    pub(crate) fn template(&mut self, node: &Node, names: &Names) -> Template {
        match &node.value {
            Value::Scalar(text, Scalar::Text) => self.text_template(node, text, names),
            Value::Scalar(text, scalar) => Template::Literal(scalar.to_json(text)),
            Value::List(items) => list(items.iter().map(|item| self.template(item, names)).collect()),
            Value::Map(entries) => {
                let field = |entry: &crate::yaml::Entry| (entry.key.value.clone(), self.template(&entry.value, names));
                map(entries.iter().map(field).collect())
            }
        }
    }

    /// A template that gives a string whatever fills it: an environment variable's value.
    pub(crate) fn string_template(&mut self, node: &Node, names: &Names) -> Template {
        match self.template(node, names) {
            Template::Literal(Json::String(text)) => Template::Literal(Json::String(text)),
            Template::Literal(other) => match &node.value {
                // `1.10` is written 1.10, whatever number it is.
                Value::Scalar(text, Scalar::Bool(_) | Scalar::Number(_)) => Template::Literal(text.as_str().into()),
                _ => Template::Literal(as_text(&other).into()),
            },
            open @ Template::Text(_) => open,
            open => Template::Text(vec![open]),
        }
    }

    /// A value that must be known when the run is planned.
    pub(crate) fn literal(&mut self, node: &Node, names: &Names) -> Option<Json> {
        let template = self.template(node, names);
        if self.report.has_error_in(node.span) {
            return None;
        }
        if template.literal().is_none() && self.cells_known {
            let message = "this must be known when the run is planned, and the event does not say it";
            self.report.error("not-known", node.span, message).help("ask with `has(event.KEY)` first");
        }
        template.literal().cloned()
    }

    /// Whether the program speaks of what is not known yet: of what only a running pipeline knows, or of a matrix whose
    /// own mistake is told already.
    fn is_open(&self, program: &Program) -> bool {
        let roots = names::roots_of(program);
        roots.contains("needs") || roots.contains("steps") || roots.contains("matrix") && !self.cells_known
    }

    fn text_template(&mut self, node: &Node, text: &str, names: &Names) -> Template {
        let parts = match scan(text) {
            Ok(parts) => parts,
            Err(unclosed) => {
                let span = self.locate(node, unclosed.0..unclosed.0 + 3);
                self.report.error("expression", span, "this `${{` has no `}}`");
                return Template::Literal(Json::Null);
            }
        };
        if let Some(hole) = only_hole(text, &parts) {
            return self.hole(node, text, hole, names);
        }
        let parts = parts.into_iter().map(|part| match part {
            Part::Text(range) => Template::Literal(text[range].into()),
            Part::Hole(range) => self.hole(node, text, range, names),
        });
        joined(parts.collect())
    }

    fn hole(&mut self, node: &Node, text: &str, range: Range<usize>, names: &Names) -> Template {
        let Some((source, program)) = self.checked(node, text, range.clone(), names) else {
            return Template::Literal(Json::Null);
        };
        if self.is_open(&program) {
            return Template::Expression(source);
        }
        match self.evaluate(&program, &source, node.span) {
            None => Template::Literal(Json::Null),
            Some(Ok(value)) => Template::Literal(value),
            Some(Err(error)) if self.may_come(&program, &error) => Template::Expression(source),
            Some(Err(error)) => {
                self.evaluation_error(node, range, &error);
                Template::Literal(Json::Null)
            }
        }
    }

    /// The condition of a job or a step.
    pub(crate) fn condition(&mut self, node: &Node, names: &Names) -> Condition {
        let names = Names { status: true, ..names.clone() };
        let text = match &node.value {
            Value::Scalar(_, Scalar::Bool(true)) => return Condition::Success,
            Value::Scalar(_, Scalar::Bool(false)) => return never(),
            Value::Scalar(text, _) => text,
            Value::List(_) | Value::Map(_) => return Condition::Success,
        };
        match condition_range(text) {
            Some(range) => self.condition_of(node, text, range, &names),
            None => {
                let message = "a condition is one expression, without text beside it";
                self.report.error("expression", node.span, message).help("write `if: event.branch == 'main'`");
                Condition::Success
            }
        }
    }

    fn condition_of(&mut self, node: &Node, text: &str, range: Range<usize>, names: &Names) -> Condition {
        let Some((source, program)) = self.checked(node, text, range.clone(), names) else {
            return Condition::Success;
        };
        if let Some(condition) = functions::only_status(&program).and_then(status_condition) {
            return condition;
        }
        let status = functions::asks_status(&program);
        if status || self.is_open(&program) {
            return Condition::Expression { source, status };
        }
        match self.evaluate(&program, &source, node.span) {
            None | Some(Ok(Json::Bool(true))) => Condition::Success,
            Some(Ok(Json::Bool(false))) => never(),
            Some(Ok(other)) => {
                let found = type_name(&other);
                let error = ExpressionError::NotBoolean { expression: source, found };
                self.evaluation_error(node, range, &error);
                Condition::Success
            }
            Some(Err(error)) if self.may_come(&program, &error) => Condition::Expression { source, status },
            Some(Err(error)) => {
                self.evaluation_error(node, range, &error);
                Condition::Success
            }
        }
    }

    /// The expression at `range` and its program, where it can be read and all its names are there.
    fn checked(
        &mut self,
        node: &Node,
        text: &str,
        range: Range<usize>,
        names: &Names,
    ) -> Option<(String, Rc<Program>)> {
        let range = trimmed(text, range);
        let source = text[range.clone()].to_owned();
        let program = match self.program(&source) {
            Ok(program) => program,
            Err(error) => {
                let at = (range.start + error.offset).min(range.end);
                let span = self.locate_in(node, range, at..at + 1);
                let message = format!("the expression cannot be read: {}", error.message);
                self.report.error("expression", span, message);
                return None;
            }
        };
        let errors = names::check(&program, names);
        for error in &errors {
            self.name_error(node, range.clone(), error);
        }
        errors.is_empty().then_some((source, program))
    }

    fn name_error(&mut self, node: &Node, range: Range<usize>, error: &NameError) {
        let at = range.start + error.offset;
        let span = self.locate_in(node, range, at..at + error.length);
        self.report.error("unknown-name", span, error.message.clone()).maybe_help(error.help.clone());
    }

    fn evaluation_error(&mut self, node: &Node, range: Range<usize>, error: &ExpressionError) {
        let span = self.locate(node, range);
        self.report.error("expression", span, error.to_string());
    }

    /// Whether the run that is planned may bring what is missing: an event may have more than its known keys.
    fn may_come(&self, program: &Program, error: &ExpressionError) -> bool {
        matches!(error, ExpressionError::MissingKey { .. }) && program.references().has_variable("event")
    }

    /// Where bytes of a scalar's value stand in the file.
    fn locate(&self, node: &Node, range: Range<usize>) -> Span {
        self.locate_in(node, range.clone(), range)
    }

    /// Where `range` stands, which is a part of the text at `within`: looked up as a whole, since escapes, folding and
    /// indentation make a scalar's value differ from its source.
    fn locate_in(&self, node: &Node, within: Range<usize>, range: Range<usize>) -> Span {
        let (Value::Scalar(value, _), Some(raw)) = (&node.value, self.text.get(node.span.start..node.span.end)) else {
            return node.span;
        };
        let Some(needle) = value.get(within.clone()).filter(|needle| !needle.is_empty()) else { return node.span };
        let before = value[..within.start].matches(needle).count();
        match raw.match_indices(needle).nth(before) {
            None => node.span,
            Some((at, _)) => {
                let start = node.span.start + at + (range.start - within.start);
                Span::new(start, start + range.len())
            }
        }
    }
}

/// The hole that is the whole text, white space aside: it keeps its type.
fn only_hole(text: &str, parts: &[Part]) -> Option<Range<usize>> {
    let mut holes = parts.iter().filter(|part| match part {
        Part::Text(range) => !text[range.clone()].trim().is_empty(),
        Part::Hole(_) => true,
    });
    match (holes.next(), holes.next()) {
        (Some(Part::Hole(range)), None) => Some(range.clone()),
        _ => None,
    }
}

/// Where the condition stands: inside of its `${{ }}` or, without one, all of it.
fn condition_range(text: &str) -> Option<Range<usize>> {
    let parts = scan(text).ok()?;
    if parts.iter().any(|part| matches!(part, Part::Hole(_))) {
        return only_hole(text, &parts);
    }
    Some(0..text.len())
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let start = range.start + (inside.len() - inside.trim_start().len());
    start..start + inside.trim().len()
}

fn status_condition(name: &str) -> Option<Condition> {
    match name {
        "success" => Some(Condition::Success),
        "always" => Some(Condition::Always),
        "failure" => Some(Condition::Failure),
        "cancelled" => Some(Condition::Cancelled),
        _ => None,
    }
}

fn never() -> Condition {
    Condition::Expression { source: "false".to_owned(), status: false }
}

fn list(items: Vec<Template>) -> Template {
    match items.iter().map(|item| item.literal().cloned()).collect::<Option<Vec<Json>>>() {
        Some(values) => Template::Literal(Json::Array(values)),
        None => Template::List(items),
    }
}

fn map(fields: Vec<(String, Template)>) -> Template {
    let literal = |(key, value): &(String, Template)| Some((key.clone(), value.literal()?.clone()));
    match fields.iter().map(literal).collect::<Option<serde_json::Map<String, Json>>>() {
        Some(values) => Template::Literal(Json::Object(values)),
        None => Template::Map(fields.into_iter().collect()),
    }
}

fn joined(parts: Vec<Template>) -> Template {
    let literal = |part: &Template| part.literal().map(as_text);
    match parts.iter().map(literal).collect::<Option<String>>() {
        Some(text) => Template::Literal(text.into()),
        None => Template::Text(parts),
    }
}
