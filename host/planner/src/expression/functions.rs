//! The functions that an expression may call.

use cel::Program;
use cel::common::ast::{CallExpr, Expr};

use crate::suggest;

/// The functions that ask how things stand.
const STATUS_FUNCTIONS: [&str; 4] = ["success", "failure", "always", "cancelled"];

/// CEL's standard functions, with or without a target. Macros are expanded before names are looked at.
const FUNCTIONS: [&str; 33] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "hasValue",
    "int",
    "matches",
    "none",
    "of",
    "ofNonZeroValue",
    "or",
    "orValue",
    "size",
    "startsWith",
    "string",
    "timestamp",
    "type",
    "uint",
    "value",
    "has",
];

/// Macros, which are written as functions and worth a suggestion.
const MACROS: [&str; 5] = ["all", "exists", "exists_one", "filter", "map"];

/// A function that is not there.
pub(crate) struct UnknownFunction {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// Whether `call` calls an operator, a function of CEL, or, where the status may be asked, one that asks it.
pub(crate) fn check(call: &CallExpr, status: bool) -> Result<(), UnknownFunction> {
    let name = call.func_name.as_str();
    let is_operator = !name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let asks_status = call.target.is_none() && STATUS_FUNCTIONS.contains(&name);
    if is_operator || FUNCTIONS.contains(&name) || asks_status && status {
        return Ok(());
    }
    if asks_status {
        return Err(UnknownFunction { message: format!("`{name}()` can only be asked in an `if:`"), help: None });
    }
    let near = suggest::nearest(name, FUNCTIONS.into_iter().chain(MACROS).chain(STATUS_FUNCTIONS));
    let help =
        near.map_or("the functions are CEL's, not GitHub's".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(UnknownFunction { message: format!("there is no function `{name}` with these arguments"), help: Some(help) })
}

/// Whether `program` asks for the status itself.
pub(crate) fn asks_status(program: &Program) -> bool {
    let references = program.references();
    STATUS_FUNCTIONS.iter().any(|name| references.has_function(name))
}

/// The status function that `program` is, and nothing else.
pub(crate) fn only_status(program: &Program) -> Option<&str> {
    match &program.expression().expr {
        Expr::Call(CallExpr { func_name, target: None, args }) if args.is_empty() => Some(func_name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::compile::{ENVIRONMENT, compile};

    #[test]
    fn every_function_is_declared() {
        let context = cel::Context::with_env(ENVIRONMENT.clone());
        let is_known = |source: String| {
            let program = compile(&source).unwrap();
            !matches!(program.execute(&context), Err(cel::ExecutionError::UndeclaredReference(_)))
        };
        for name in FUNCTIONS.into_iter().filter(|name| *name != "has") {
            let forms = [format!("{name}(1)"), format!("''.{name}(1)"), format!("optional.{name}()")];
            assert!(forms.into_iter().any(is_known), "{name}");
        }
    }
}
