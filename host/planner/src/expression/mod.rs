//! Expressions (CEL, the Common Expression Language) in `${{ }}` and in `if:`: compiled with bounds, checked for names,
//! and evaluated to typed values. What an expression gives is never read as an expression again.

pub(crate) mod compile;
mod convert;
pub(crate) mod cost;
mod evaluate;
pub(crate) mod functions;
pub(crate) mod names;
pub(crate) mod scan;

use lockgate_model::Json;

pub use compile::{EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, SyntaxError};
pub use cost::EXPRESSION_COST_MAX;
pub use evaluate::{holds, resolve};

pub(crate) use convert::type_name;
pub(crate) use evaluate::{as_text, evaluate_program};

/// How things stand before a job or a step: what `success()` and its sisters ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// Something before it failed.
    pub failed: bool,
    /// The run was cancelled.
    pub cancelled: bool,
}

/// What an expression may speak of. `needs` is `{JOB: {conclusion, result, outputs: {NAME: value}}}`, `steps` is
/// `{ID: {conclusion, outcome, outputs: {NAME: value}}}`; `result` and `outcome` are GitHub's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scope {
    /// Inputs by name.
    pub inputs: Json,
    /// What set the run off.
    pub event: Json,
    /// The cell: axis to value.
    pub matrix: Json,
    /// The jobs that this one needs.
    pub needs: Json,
    /// The job's earlier steps.
    pub steps: Json,
    /// How things stand.
    pub status: Status,
}

impl Scope {
    /// The value of a root variable.
    pub(crate) fn root(&self, name: &str) -> Option<&Json> {
        match name {
            "inputs" => Some(&self.inputs),
            "event" => Some(&self.event),
            "matrix" => Some(&self.matrix),
            "needs" => Some(&self.needs),
            "steps" => Some(&self.steps),
            _ => None,
        }
    }
}

/// Every root variable.
pub(crate) const ROOTS: [&str; 5] = ["inputs", "event", "matrix", "needs", "steps"];

/// Why an expression gives no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExpressionError {
    /// It is no CEL, or beyond a bound.
    #[error("the expression `{expression}` cannot be read")]
    Syntax {
        /// The expression, cut to 200 characters.
        expression: String,
        /// What is wrong.
        source: SyntaxError,
    },
    /// It speaks of a key that is not there.
    #[error("the expression `{expression}` asks for the key `{key}`, which is not there; test with `has(...)` first")]
    MissingKey {
        /// The expression, cut to 200 characters.
        expression: String,
        /// The key.
        key: String,
    },
    /// It could not be evaluated: types that do not fit, a division by zero ...
    #[error("the expression `{expression}` cannot be evaluated: {message}")]
    Evaluation {
        /// The expression, cut to 200 characters.
        expression: String,
        /// What is wrong.
        message: String,
    },
    /// With the values at hand it could take too long or grow too large.
    #[error(
        "the expression `{expression}` could cost {cost} units of work with the values at hand, and {EXPRESSION_COST_MAX} are allowed; compute it in a step"
    )]
    TooCostly {
        /// The expression, cut to 200 characters.
        expression: String,
        /// The bound that was computed.
        cost: u64,
    },
    /// A condition gives something that is neither true nor false.
    #[error(
        "the condition `{expression}` gives {found}, and a condition gives true or false; compare it with something"
    )]
    NotBoolean {
        /// The expression, cut to 200 characters.
        expression: String,
        /// The type that it gives, with its article.
        found: &'static str,
    },
}

/// An expression as it stands in a message.
pub(crate) fn shortened(expression: &str) -> String {
    let cut: String = expression.trim().chars().take(200).collect();
    if cut.len() < expression.trim().len() { format!("{cut}...") } else { cut }
}
