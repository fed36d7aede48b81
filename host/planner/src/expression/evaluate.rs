//! Templates to values and conditions to answers.

use cel::{Context, ExecutionError, Program};
use lockgate_model::Json;
use lockgate_model::template::{Condition, Template};

use super::compile::{ENVIRONMENT, compile};
use super::convert::{to_cel, to_json, type_name};
use super::cost::{EXPRESSION_COST_MAX, bound};
use super::{ExpressionError, ROOTS, Scope, Status, shortened};

/// The value of `template`, its holes filled from `scope`.
///
/// # Errors
///
/// An expression that cannot be read, speaks of what is not there, or gives what JSON does not have.
pub fn resolve(template: &Template, scope: &Scope) -> Result<Json, ExpressionError> {
    match template {
        Template::Literal(value) => Ok(value.clone()),
        Template::Expression(source) => evaluate(source, scope),
        Template::Text(parts) => parts
            .iter()
            .map(|part| resolve(part, scope).map(|value| as_text(&value)))
            .collect::<Result<String, _>>()
            .map(Json::String),
        Template::List(items) => items.iter().map(|item| resolve(item, scope)).collect(),
        Template::Map(fields) => fields.iter().map(|(key, value)| Ok((key.clone(), resolve(value, scope)?))).collect(),
    }
}

/// Whether `condition` holds. `failure()` is false in a cancelled run: what is cancelled did not fail.
///
/// # Errors
///
/// An expression that cannot be evaluated or that gives neither true nor false.
pub fn holds(condition: &Condition, scope: &Scope) -> Result<bool, ExpressionError> {
    let status = scope.status;
    match condition {
        Condition::Success => Ok(status.is_success()),
        Condition::Always => Ok(true),
        Condition::Failure => Ok(status.is_failure()),
        Condition::Cancelled => Ok(status.cancelled),
        Condition::Expression { status: false, .. } if !status.is_success() => Ok(false),
        Condition::Expression { source, .. } => match evaluate(source, scope)? {
            Json::Bool(answer) => Ok(answer),
            other => Err(ExpressionError::NotBoolean { expression: shortened(source), found: type_name(&other) }),
        },
    }
}

impl Status {
    fn is_success(self) -> bool {
        !self.failed && !self.cancelled
    }

    fn is_failure(self) -> bool {
        self.failed && !self.cancelled
    }
}

/// The value of an expression.
fn evaluate(source: &str, scope: &Scope) -> Result<Json, ExpressionError> {
    let program =
        compile(source).map_err(|error| ExpressionError::Syntax { expression: shortened(source), source: error })?;
    evaluate_program(&program, source, scope)
}

/// The value of an expression that is compiled already.
pub(crate) fn evaluate_program(program: &Program, source: &str, scope: &Scope) -> Result<Json, ExpressionError> {
    let expression = || shortened(source);
    let cost = bound(program, scope);
    if cost > EXPRESSION_COST_MAX {
        return Err(ExpressionError::TooCostly { expression: expression(), cost });
    }
    let value = program.execute(&context(program, scope)).map_err(|error| explain(source, error))?;
    to_json(&value).map_err(|found| ExpressionError::Evaluation {
        expression: expression(),
        message: format!("it gives {found}, which no configuration can hold; convert it with string(...)"),
    })
}

/// Only the variables that the program speaks of are converted.
fn context<'v>(program: &Program, scope: &Scope) -> Context<'v, 'v> {
    let mut context = Context::with_env(ENVIRONMENT.clone());
    let references = program.references();
    for name in ROOTS.into_iter().filter(|name| references.has_variable(name)) {
        context.add_variable_from_value(name, scope.root(name).map_or(cel::Value::Null, to_cel));
    }
    let status = scope.status;
    // None of the four is a name of CEL's standard library, which is the only way for these to fail.
    let _ = context.add_function("success", move || status.is_success());
    let _ = context.add_function("failure", move || status.is_failure());
    let _ = context.add_function("always", || true);
    let _ = context.add_function("cancelled", move || status.cancelled);
    context
}

fn explain(source: &str, error: ExecutionError) -> ExpressionError {
    let expression = shortened(source);
    match error {
        ExecutionError::NoSuchKey(key) => ExpressionError::MissingKey { expression, key: key.to_string() },
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            ExpressionError::Evaluation { expression, message: "it divides by zero".to_owned() }
        }
        other => {
            let message = other.to_string().chars().take(300).collect();
            ExpressionError::Evaluation { expression, message }
        }
    }
}

/// A value as it stands inside a text: a string without its quotes, nothing for null, else JSON.
pub(crate) fn as_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope() -> Scope {
        Scope {
            inputs: json!({"level": "patch", "count": 3, "share": 0.5}),
            event: json!({"branch": "main"}),
            matrix: json!({"os": "linux"}),
            needs: json!({"build": {"outputs": {"release": "r1"}, "conclusion": "passed"}}),
            steps: json!({"unit-1": {"outputs": {"list": ["a", "b"]}}}),
            status: Status::default(),
        }
    }

    fn check(source: &str, expected: Json) {
        assert_eq!(evaluate(source, &scope()), Ok(expected), "{source}");
    }

    #[test]
    fn values_keep_their_types() {
        check("inputs.count", json!(3));
        check("inputs.count + 1", json!(4));
        check("inputs.share", json!(0.5));
        check("event.branch == 'main'", json!(true));
        check("steps['unit-1'].outputs.list.map(x, x + '!')", json!(["a!", "b!"]));
        check("has(needs.build.outputs.missing) ? 1 : null", json!(null));
        check("{'a': [needs.build.outputs.release]}", json!({"a": ["r1"]}));
    }

    #[test]
    fn text_is_written_part_by_part() {
        let text = Template::Text(vec![
            Template::Literal(json!("v")),
            Template::Expression("inputs.count".to_owned()),
            Template::Literal(json!("-")),
            Template::Expression("matrix.os".to_owned()),
        ]);
        assert_eq!(resolve(&text, &scope()), Ok(json!("v3-linux")));
    }

    #[test]
    fn what_fills_a_hole_is_not_read_again() {
        let scope = Scope { inputs: json!({"evil": "${{ inputs.evil }}"}), ..Scope::default() };
        let template = Template::Expression("inputs.evil".to_owned());
        assert_eq!(resolve(&template, &scope), Ok(json!("${{ inputs.evil }}")));
    }

    #[test]
    fn mistakes_are_told_apart() {
        let error = |source: &str| evaluate(source, &scope()).unwrap_err();
        assert!(matches!(error("inputs."), ExpressionError::Syntax { .. }));
        assert!(matches!(error("inputs.nothing"), ExpressionError::MissingKey { key, .. } if key == "nothing"));
        assert!(matches!(error("inputs.count + 'x'"), ExpressionError::Evaluation { .. }));
        assert!(matches!(error("1 / 0"), ExpressionError::Evaluation { .. }));
        assert!(matches!(error("b'x'"), ExpressionError::Evaluation { .. }));
        let bomb = format!("['a']{}", ".map(x, x + x)".repeat(30));
        assert!(matches!(error(&bomb), ExpressionError::TooCostly { .. }));
    }

    fn check_holds(condition: &str, expected: [bool; 3]) {
        let states = [(false, false), (true, false), (false, true)];
        let found = states.map(|(failed, cancelled)| {
            let scope = Scope { status: Status { failed, cancelled }, ..scope() };
            let status = ["success", "failure", "always", "cancelled"].iter().any(|name| condition.contains(name));
            holds(&Condition::Expression { source: condition.to_owned(), status }, &scope).unwrap()
        });
        assert_eq!(found, expected, "{condition}");
    }

    #[test]
    fn conditions_ask_for_the_status_or_imply_success() {
        check_holds("event.branch == 'main'", [true, false, false]);
        check_holds("always() && event.branch == 'main'", [true, true, true]);
        check_holds("failure() || cancelled()", [false, true, true]);
        check_holds("success()", [true, false, false]);
        check_holds("!cancelled()", [true, true, false]);
    }

    #[test]
    fn a_condition_is_true_or_false() {
        let condition = Condition::Expression { source: "inputs.level".to_owned(), status: false };
        let error = holds(&condition, &scope()).unwrap_err();
        assert!(matches!(error, ExpressionError::NotBoolean { found: "a string", .. }));
    }
}
