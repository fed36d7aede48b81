//! From text to a CEL program, within bounds that hold before anything is evaluated.

use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Env, ParseErrors, Program};

/// An expression. Longer ones belong into a step.
pub const EXPRESSION_BYTES_MAX: usize = 2_000;
/// How deep an expression may be nested: reading and evaluating it take stack.
pub const EXPRESSION_DEPTH_MAX: usize = 60;

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the expression.
    pub offset: usize,
}

/// CEL's standard functions; built once, since each expression of a plan is evaluated with them.
pub(crate) static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// The program of `source`.
pub(crate) fn compile(source: &str) -> Result<Program, SyntaxError> {
    check_length(source)?;
    check_brackets(source)?;
    let program = ENVIRONMENT.compile(source).map_err(|errors| first_error(source, &errors))?;
    check_depth(program.expression(), 0)?;
    Ok(program)
}

fn check_length(source: &str) -> Result<(), SyntaxError> {
    if source.trim().is_empty() {
        return Err(SyntaxError { message: "the expression is empty".to_owned(), offset: 0 });
    }
    if source.len() > EXPRESSION_BYTES_MAX {
        let message = format!("the expression is {} bytes long, {EXPRESSION_BYTES_MAX} are allowed", source.len());
        return Err(SyntaxError { message, offset: 0 });
    }
    Ok(())
}

/// The parser descends for each prefix and each link of a chain, before the tree's depth can be measured.
fn check_brackets(source: &str) -> Result<(), SyntaxError> {
    let mut open = 0_usize;
    let mut chained = 0_usize;
    for (offset, char) in source.char_indices() {
        match char {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            '!' | '-' | '+' | '*' | '/' | '%' | '.' | '?' | '<' | '>' | '=' => chained += 1,
            _ => {}
        }
        if open > EXPRESSION_DEPTH_MAX || chained > 4 * EXPRESSION_DEPTH_MAX {
            return Err(too_deep(offset));
        }
    }
    Ok(())
}

fn too_deep(offset: usize) -> SyntaxError {
    let message = format!("the expression is nested too deeply, {EXPRESSION_DEPTH_MAX} levels are allowed");
    SyntaxError { message, offset }
}

fn check_depth(expression: &IdedExpr, depth: usize) -> Result<(), SyntaxError> {
    if depth > EXPRESSION_DEPTH_MAX {
        return Err(too_deep(0));
    }
    children(expression).into_iter().try_for_each(|child| check_depth(child, depth + 1))
}

/// The first error by place; what follows it follows from it.
fn first_error(source: &str, errors: &ParseErrors) -> SyntaxError {
    let first = errors.errors.iter().min_by_key(|error| error.pos);
    let message = first.map_or("no expression", |error| error.msg.as_str());
    let offset = first.map_or(0, |error| offset_of(source, error.pos));
    let at_end = offset >= source.trim_end().len();
    SyntaxError { message: if at_end { "it ends too early".to_owned() } else { readable(message) }, offset }
}

/// The parser speaks of its grammar and lists every token that could stand there; a person wants the one that does.
fn readable(message: &str) -> String {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let message = message.split(" expecting ").next().unwrap_or(message);
    let unexpected = ["mismatched input '", "extraneous input '", "no viable alternative at input '"]
        .into_iter()
        .find_map(|start| message.strip_prefix(start)?.strip_suffix('\''));
    match unexpected {
        Some(token) => format!("unexpected `{}`", token.chars().take(80).collect::<String>()),
        None => message.chars().take(200).collect(),
    }
}

/// Bytes before a line and column that both count from 1, in characters.
fn offset_of(source: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    let before: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = source.get(before..).unwrap_or("");
    before + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// The parts of an expression, in the order of evaluation.
pub(crate) fn children(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(it) => {
            vec![&it.iter_range, &it.accu_init, &it.loop_cond, &it.loop_step, &it.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Struct(it) => it.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
    }
}

fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: Result<(), (&str, usize)>) {
        let found = compile(source).map(|_| ()).map_err(|error| (error.message, error.offset));
        assert_eq!(found, expected.map_err(|(message, offset)| (message.to_owned(), offset)), "{source}");
    }

    #[test]
    fn expressions_compile() {
        check("inputs.level == 'patch' && !failure()", Ok(()));
        check("steps['unit-1'].outputs.count > 3 ? [1, 2] : []", Ok(()));
        check("needs.build.outputs.list.map(x, x + 'y')", Ok(()));
    }

    #[test]
    fn mistakes_have_a_place() {
        check("", Err(("the expression is empty", 0)));
        check("a ==", Err(("it ends too early", 4)));
        check("a b", Err(("unexpected `b`", 2)));
        check("'ä' + )", Err(("unexpected `)`", 7)));
        check("a.", Err(("it ends too early", 2)));
        check("'a", Err(("token recognition error at: ''a'", 0)));
    }

    #[test]
    fn size_is_bounded() {
        check(&"a".repeat(EXPRESSION_BYTES_MAX), Ok(()));
        check(&"a".repeat(EXPRESSION_BYTES_MAX + 1), Err(("the expression is 2001 bytes long, 2000 are allowed", 0)));
    }

    #[test]
    fn depth_is_bounded() {
        for source in [
            format!("{}1{}", "(".repeat(900), ")".repeat(900)),
            format!("{}true", "!".repeat(1_900)),
            format!("1{}", "+1".repeat(900)),
            format!("a{}", ".a".repeat(900)),
            format!("a{}", "[0]".repeat(600)),
            format!("{}1{}", "[".repeat(900), "]".repeat(900)),
            format!("{}1", "a?b:".repeat(400)),
        ] {
            let error = compile(&source).map(|_| ()).expect_err(&source);
            assert!(error.message.contains("deep") || error.message.contains("recursion"), "{error}: {source}");
        }
    }
}
