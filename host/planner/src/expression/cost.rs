//! An upper bound of what an expression can cost, computed from its form and the sizes of the values at hand before it
//! is evaluated. CEL always ends, but `l.map(a, l.map(b, l))` over a large list ends late, and a chain of
//! `map(x, x + x)` doubles its text at every link.

use cel::Program;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};
use lockgate_model::Json;

use super::Scope;
use super::compile::children;
use super::names::roots_of;

/// Units of work that one expression may cost: a node evaluated, a byte or an element copied.
pub const EXPRESSION_COST_MAX: u64 = 50_000_000;

/// What the longest number and the longest timestamp take as text.
const CONVERSION_BYTES_MAX: u64 = 400;

/// How large a value can be at the most.
#[derive(Debug, Clone, Copy, Default)]
struct Size<'a> {
    /// Elements and bytes, at all depths.
    total: u64,
    /// Elements at the top.
    length: u64,
    /// The largest of them.
    item: u64,
    /// The value itself, while it is known.
    exact: Option<&'a Json>,
}

/// Computes bounds; `variables` are those of the comprehensions around, innermost last.
struct Estimator<'a> {
    scope: &'a Scope,
    variables: Vec<(&'a str, Size<'a>)>,
}

/// The most that `program` can cost in `scope`, with the variables that it speaks of made ready for it.
pub(crate) fn bound(program: &Program, scope: &Scope) -> u64 {
    let variables = roots_of(program).into_iter().filter_map(|root| scope.root(root)).map(total).sum::<u64>();
    let (_, cost) = Estimator { scope, variables: Vec::new() }.estimate(program.expression());
    cost.saturating_add(variables)
}

impl<'a> Size<'a> {
    fn scalar() -> Self {
        Self::opaque(1)
    }

    /// Nothing is known but the total.
    fn opaque(total: u64) -> Self {
        Self { total, length: total, item: total, exact: None }
    }

    fn of(json: &'a Json) -> Self {
        let items: Vec<u64> = match json {
            Json::Array(items) => items.iter().map(total).collect(),
            Json::Object(fields) => fields.iter().map(|(key, value)| key.len() as u64 + total(value)).collect(),
            _ => Vec::new(),
        };
        let item = items.iter().copied().max().unwrap_or(0);
        Self { total: total(json), length: items.len() as u64, item, exact: Some(json) }
    }

    fn either(self, other: Self) -> Self {
        Self {
            total: self.total.max(other.total),
            length: self.length.max(other.length),
            item: self.item.max(other.item),
            exact: None,
        }
    }

    fn joined(self, other: Self) -> Self {
        Self {
            total: self.total.saturating_add(other.total),
            length: self.length.saturating_add(other.length),
            item: self.item.max(other.item),
            exact: None,
        }
    }

    /// What it has become after `count` rounds that each add at most `growth`.
    fn grown(self, growth: Self, count: u64) -> Self {
        let times = |each: u64| each.saturating_mul(count);
        self.joined(Size { total: times(growth.total), length: times(growth.length), ..growth })
    }
}

fn total(json: &Json) -> u64 {
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => 1,
        Json::String(text) => 1 + text.len() as u64,
        Json::Array(items) => 1 + items.iter().map(total).sum::<u64>(),
        Json::Object(fields) => 1 + fields.iter().map(|(key, value)| key.len() as u64 + total(value)).sum::<u64>(),
    }
}

impl<'a> Estimator<'a> {
    /// The size of what `expression` gives, and the cost of evaluating it.
    fn estimate(&mut self, expression: &'a IdedExpr) -> (Size<'a>, u64) {
        match &expression.expr {
            Expr::Unspecified => (Size::scalar(), 1),
            Expr::Literal(literal) => (literal_size(literal), 1),
            Expr::Ident(name) => (self.variable(name), 1),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(_) | Expr::Map(_) | Expr::Struct(_) => self.collection(expression),
        }
    }

    fn variable(&self, name: &str) -> Size<'a> {
        let local = self.variables.iter().rev().find(|(variable, _)| *variable == name);
        match local {
            Some((_, size)) => *size,
            None => self.scope.root(name.trim_start_matches('.')).map_or(Size::scalar(), Size::of),
        }
    }

    fn select(&mut self, select: &'a SelectExpr) -> (Size<'a>, u64) {
        let (operand, cost) = self.estimate(&select.operand);
        let field = operand.exact.and_then(|json| json.get(&select.field));
        let size = if select.test { Size::scalar() } else { field.map_or(Size::opaque(operand.item), Size::of) };
        (size, cost.saturating_add(1))
    }

    fn call(&mut self, call: &'a CallExpr) -> (Size<'a>, u64) {
        let parts: Vec<(Size<'a>, u64)> =
            call.target.as_deref().into_iter().chain(&call.args).map(|part| self.estimate(part)).collect();
        let cost = parts.iter().fold(1_u64, |sum, (_, cost)| sum.saturating_add(*cost));
        let sizes: Vec<Size<'a>> = parts.into_iter().map(|(size, _)| size).collect();
        let work = work_of(call, &sizes);
        (result_of(call, &sizes), cost.saturating_add(work))
    }

    fn comprehension(&mut self, it: &'a ComprehensionExpr) -> (Size<'a>, u64) {
        let (range, range_cost) = self.estimate(&it.iter_range);
        let (start, start_cost) = self.estimate(&it.accu_init);
        let depth = self.variables.len();
        let item = Size::opaque(range.item);
        self.variables.extend(it.iter_var2.as_deref().map(|name| (name, item)));
        self.variables.push((&it.iter_var, item));
        self.variables.push((&it.accu_var, Size::default()));
        let (growth, _) = self.estimate(&it.loop_step);
        let end = start.grown(growth, range.length);
        if let Some(accumulator) = self.variables.last_mut() {
            accumulator.1 = end;
        }
        let round = self.estimate(&it.loop_cond).1.saturating_add(self.estimate(&it.loop_step).1);
        let (result, result_cost) = self.estimate(&it.result);
        self.variables.truncate(depth);
        let rounds = round.saturating_mul(range.length.max(1));
        (result, [start_cost, rounds, result_cost].into_iter().fold(range_cost, u64::saturating_add))
    }

    fn collection(&mut self, expression: &'a IdedExpr) -> (Size<'a>, u64) {
        let mut size = Size { total: 1, ..Size::default() };
        let mut cost = 1_u64;
        for part in children(expression) {
            let (part, part_cost) = self.estimate(part);
            size = size.joined(Size { total: part.total, length: 1, item: part.total, exact: None });
            cost = cost.saturating_add(part_cost).saturating_add(part.total);
        }
        (size, cost)
    }
}

fn literal_size<'a>(literal: &LiteralValue) -> Size<'a> {
    Size::opaque(match literal {
        LiteralValue::String(text) => 1 + text.inner().len() as u64,
        LiteralValue::Bytes(bytes) => 1 + bytes.inner().len() as u64,
        _ => 1,
    })
}

fn result_of<'a>(call: &CallExpr, sizes: &[Size<'a>]) -> Size<'a> {
    let all = sizes.iter().copied().fold(Size::default(), Size::joined);
    match call.func_name.as_str() {
        operators::ADD => all,
        operators::CONDITIONAL => sizes.iter().skip(1).copied().fold(Size::default(), Size::either),
        operators::INDEX | operators::OPT_INDEX => Size::opaque(sizes.first().map_or(1, |operand| operand.item)),
        name if SCALAR_FUNCTIONS.contains(&name) => Size::scalar(),
        _ => Size::opaque(all.total.saturating_add(CONVERSION_BYTES_MAX)),
    }
}

/// Functions that give a number, a boolean or an instant, whatever they are given.
const SCALAR_FUNCTIONS: [&str; 26] = [
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::NOT_STRICTLY_FALSE,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::IN,
    operators::SUBSTRACT,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::NEGATE,
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "uint",
    "double",
    "bool",
    "type",
];

/// What the function itself does, beside the evaluation of its arguments: logic and choice look at nothing twice, a
/// regular expression goes over the text once for each of its own states, all else over its arguments once.
fn work_of(call: &CallExpr, sizes: &[Size<'_>]) -> u64 {
    let totals = sizes.iter().map(|size| size.total);
    match call.func_name.as_str() {
        operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT | operators::CONDITIONAL => 1,
        operators::INDEX | operators::OPT_INDEX | operators::NOT_STRICTLY_FALSE => 1,
        "matches" => totals.fold(1, u64::saturating_mul),
        _ => totals.fold(1, u64::saturating_add),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::compile::compile;
    use serde_json::json;

    fn cost(source: &str) -> u64 {
        let list: Vec<u32> = (0..1_000).collect();
        let scope = Scope { inputs: json!({"list": list, "word": "w"}), ..Scope::default() };
        bound(&compile(source).unwrap(), &scope)
    }

    #[test]
    fn ordinary_expressions_are_cheap() {
        for source in ["inputs.word == 'w'", "inputs.list.exists(x, x == 7)", "inputs.list.map(x, x * 2).size()"] {
            assert!(cost(source) < EXPRESSION_COST_MAX, "{source}: {}", cost(source));
        }
    }

    #[test]
    fn bombs_are_dear() {
        let doubling = format!("['a']{}", ".map(x, x + x)".repeat(30));
        for source in [
            "inputs.list.map(a, inputs.list.map(b, inputs.list.map(c, c)))",
            "inputs.list.all(a, inputs.list.all(b, inputs.list.all(c, true)))",
            "[0,1,2,3,4,5,6,7,8,9].map(a, inputs.list).map(b, b+b+b+b).map(c, [c,c,c,c]).map(d, [d,d,d,d,d]).map(e, [e,e,e,e,e])",
            doubling.as_str(),
        ] {
            assert!(cost(source) > EXPRESSION_COST_MAX, "{source}: {}", cost(source));
        }
    }
}
