//! Whether an expression speaks only of what is there: root variables, and where it can be seen from the text the jobs,
//! steps, inputs and axes below them.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::{IdedExpr as Expression, Program};

use super::ROOTS;
use super::compile::children;
use super::functions;
use crate::suggest;

/// What may be spoken of at one place of the file. A root that is absent may not; a root without names has any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// Root variable to the names below it.
    pub(crate) roots: BTreeMap<&'static str, Below>,
    /// Whether `success()` and its sisters may be asked here.
    pub(crate) status: bool,
}

/// What is below a root variable.
#[derive(Debug, Clone)]
pub(crate) enum Below {
    /// Anything.
    Any,
    /// These, and below their `outputs` these, where they are known.
    Known(BTreeMap<String, Option<BTreeSet<String>>>),
}

impl Below {
    pub(crate) fn known<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Known(names.into_iter().map(|name| (name.to_owned(), None)).collect())
    }
}

/// A name that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameError {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// Bytes of the expression.
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

/// The root variables that `program` speaks of.
pub(crate) fn roots_of(program: &Program) -> BTreeSet<&'static str> {
    let references = program.references();
    ROOTS.into_iter().filter(|root| references.has_variable(root)).collect()
}

/// Every name of `program` that is not there.
pub(crate) fn check(program: &Program, names: &Names) -> Vec<NameError> {
    let mut checker = Checker { program, names, locals: Vec::new(), errors: Vec::new() };
    checker.visit(program.expression());
    checker.errors
}

struct Checker<'a> {
    program: &'a Program,
    names: &'a Names,
    locals: Vec<&'a str>,
    errors: Vec<NameError>,
}

impl<'a> Checker<'a> {
    fn visit(&mut self, expression: &'a Expression) {
        if let Some(path) = path_of(expression) {
            return self.path(expression, &path);
        }
        match &expression.expr {
            Expr::Comprehension(it) => {
                self.visit(&it.iter_range);
                let depth = self.locals.len();
                self.locals.extend([it.iter_var.as_str(), it.accu_var.as_str()]);
                self.locals.extend(it.iter_var2.as_deref());
                let inside = [&it.accu_init, &it.loop_cond, &it.loop_step, &it.result];
                inside.into_iter().for_each(|part| self.visit(part));
                self.locals.truncate(depth);
            }
            Expr::Call(call) => {
                self.function(expression, call);
                children(expression).into_iter().for_each(|part| self.visit(part));
            }
            _ => children(expression).into_iter().for_each(|part| self.visit(part)),
        }
    }

    fn function(&mut self, expression: &IdedExpr, call: &CallExpr) {
        let Err(unknown) = functions::check(call, self.names.status) else { return };
        // A call's own place is its bracket.
        let bracket = self.program.source_info().offset_for(expression.id).map_or(0, |(start, _)| start as usize);
        let length = call.func_name.len();
        let offset = bracket.saturating_sub(length);
        self.errors.push(NameError { message: unknown.message, help: unknown.help, offset, length });
    }

    fn path(&mut self, expression: &IdedExpr, path: &[&str]) {
        let root = path[0];
        if self.locals.contains(&root) || is_type_name(root) {
            return;
        }
        let Some((_, below)) = self.names.roots.get_key_value(root) else {
            return self.unknown_root(expression, root, path);
        };
        if let (Below::Known(known), Some(name)) = (below, path.get(1)) {
            match known.get(*name) {
                None => self.unknown_name(expression, root, name, known),
                Some(outputs) => {
                    self.field(expression, path);
                    self.outputs(expression, path, outputs.as_ref());
                }
            }
        }
    }

    /// What is known of a job or a step beside its outputs.
    fn field(&mut self, expression: &IdedExpr, path: &[&str]) {
        let known: &[&str] = match path[0] {
            "needs" => &["outputs", "conclusion", "result"],
            "steps" => &["outputs", "conclusion", "outcome"],
            _ => return,
        };
        if let Some(field) = path.get(2).filter(|field| !known.contains(field)) {
            let message = format!("`{}.{}` has no `{field}`", path[0], path[1]);
            self.error(expression, message, suggest::help(field, known.iter().copied()));
        }
    }

    fn unknown_root(&mut self, expression: &IdedExpr, root: &str, path: &[&str]) {
        if ROOTS.contains(&root) {
            let here = suggest::list(self.names.roots.keys().copied());
            let help = (!here.is_empty()).then(|| format!("here there is {here}"));
            return self.error(expression, format!("`{root}` is not known at this place"), help);
        }
        let help = match suggest::nearest(root, self.names.roots.keys().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                format!("a text stands in quotes: '{}'; a name with `-` in brackets: needs['my-job']", path.join("."))
            }
        };
        self.error(expression, format!("there is no variable `{root}`"), Some(help));
    }

    fn unknown_name(
        &mut self,
        expression: &IdedExpr,
        root: &str,
        name: &str,
        known: &BTreeMap<String, Option<BTreeSet<String>>>,
    ) {
        let what = match root {
            "needs" => "no job of that name stands in this job's `needs:`",
            "steps" => "no earlier step of this job has that id",
            "inputs" => "no input of that name is declared under `on.manual.inputs`",
            "matrix" => "this job's matrix has no such axis",
            _ => "there is no such key",
        };
        let help = suggest::help(name, known.keys().map(String::as_str));
        self.error(expression, format!("`{root}.{name}`: {what}"), help);
    }

    fn outputs(&mut self, expression: &IdedExpr, path: &[&str], outputs: Option<&BTreeSet<String>>) {
        let (Some(outputs), Some(&"outputs"), Some(name)) = (outputs, path.get(2), path.get(3)) else {
            return;
        };
        if !outputs.contains(*name) {
            let message = format!("the job `{}` has no output `{name}`", path[1]);
            self.error(expression, message, suggest::help(name, outputs.iter().map(String::as_str)));
        }
    }

    fn error(&mut self, expression: &IdedExpr, message: String, help: Option<String>) {
        let (start, stop) = self.program.source_info().offset_for(leftmost(expression).id).unwrap_or((0, 0));
        let offset = start as usize;
        let length = (stop as usize).saturating_sub(offset) + 1;
        self.errors.push(NameError { message, help, offset, length });
    }
}

/// `a.b['c']` as `[a, b, c]`; nothing for what is not a chain of names.
fn path_of(expression: &IdedExpr) -> Option<Vec<&str>> {
    match &expression.expr {
        Expr::Ident(name) => Some(vec![name.trim_start_matches('.')]),
        Expr::Select(select) => {
            let mut path = path_of(&select.operand)?;
            // `has(a.b)` asks whether b is there, so that b itself is not looked up.
            if !select.test {
                path.push(&select.field);
            }
            Some(path)
        }
        Expr::Call(call) if call.func_name == operators::INDEX => {
            let [operand, index] = call.args.as_slice() else { return None };
            let Expr::Literal(LiteralValue::String(key)) = &index.expr else { return None };
            let mut path = path_of(operand)?;
            path.push(key.inner());
            Some(path)
        }
        _ => None,
    }
}

fn leftmost(expression: &IdedExpr) -> &IdedExpr {
    match &expression.expr {
        Expr::Select(select) => leftmost(&select.operand),
        Expr::Call(call) if call.func_name == operators::INDEX => call.args.first().map_or(expression, leftmost),
        _ => expression,
    }
}

/// CEL's own names of types are values too, `type(x) == string`, and `optional` is a namespace.
fn is_type_name(name: &str) -> bool {
    matches!(
        name,
        "bool" | "bytes" | "double" | "int" | "list" | "map" | "null_type" | "optional" | "string" | "type" | "uint"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::compile::compile;

    fn names() -> Names {
        let outputs = Some(BTreeSet::from(["release".to_owned()]));
        let roots = BTreeMap::from([
            ("inputs", Below::known(["level"])),
            ("event", Below::Any),
            ("needs", Below::Known(BTreeMap::from([("build".to_owned(), outputs)]))),
        ]);
        Names { roots, status: false }
    }

    fn check_names(source: &str, expected: &[&str]) {
        let errors = check(&compile(source).unwrap(), &names());
        let found: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn names_that_are_there_pass() {
        check_names("inputs.level == 'x' && event.anything.at.all == needs.build.outputs.release", &[]);
        check_names("needs['build'].outputs.map(name, name + inputs['level'])", &[]);
        check_names("has(inputs.missing) && type(event) == map", &[]);
    }

    #[test]
    fn names_that_are_not_there_are_told() {
        check_names("input.level", &["there is no variable `input`"]);
        check_names("steps.unit", &["`steps` is not known at this place"]);
        check_names("inputs.levl", &["`inputs.levl`: no input of that name is declared under `on.manual.inputs`"]);
        check_names("needs.test.outputs.x", &["`needs.test`: no job of that name stands in this job's `needs:`"]);
        check_names("needs.build.outputs.relase", &["the job `build` has no output `relase`"]);
        check_names("needs.build.output.release", &["`needs.build` has no `output`"]);
        check_names("startswith('a', 'b')", &["there is no function `startswith` with these arguments"]);
        check_names("inputs.level.trim()", &["there is no function `trim` with these arguments"]);
        check_names("always()", &["`always()` can only be asked in an `if:`"]);
        check_names("x + y", &["there is no variable `x`", "there is no variable `y`"]);
    }

    #[test]
    fn a_name_error_has_its_place() {
        let errors = check(&compile("1 == foo.bar").unwrap(), &names());
        assert_eq!((errors[0].offset, errors[0].length), (5, 3));
    }
}
