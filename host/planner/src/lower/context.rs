//! What every part of the lowering needs: the scope that is known, the catalog, compiled expressions, the report.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use cel::Program;
use lockgate_model::Json;
use lockgate_model::catalog::Catalog;

use super::plugins::Plugins;
use crate::definition::Pipeline;
use crate::diagnostics::Report;
use crate::expression::compile::compile;
use crate::expression::cost::bound;
use crate::expression::names::{Below, Names};
use crate::expression::{EXPRESSION_COST_MAX, ExpressionError, Scope, SyntaxError, evaluate_program};
use crate::source::{Lines, Span};

/// A value, or why there is none.
pub(crate) type Evaluated = Result<Json, ExpressionError>;

/// Units of work (see `EXPRESSION_COST_MAX`) that all expressions of a plan may cost together, a second or two.
pub const PLAN_COST_MAX: u64 = 200_000_000;

/// Shared by all jobs and steps of one plan.
pub(crate) struct Context<'a> {
    pub(crate) file: &'a Pipeline,
    pub(crate) text: &'a str,
    pub(crate) lines: &'a Lines<'a>,
    pub(crate) plugins: &'a Plugins<'a>,
    pub(crate) catalog: &'a Catalog,
    /// `inputs` and `event`; `matrix` while a cell is laid out.
    pub(crate) scope: Scope,
    /// Whether `matrix` is what it will be; false in a job whose matrix is wrong.
    pub(crate) cells_known: bool,
    pub(crate) report: &'a mut Report,
    /// A matrix asks for the same expression once for each cell.
    programs: HashMap<String, Result<Rc<Program>, SyntaxError>>,
    cost: u64,
}

impl<'a> Context<'a> {
    #[allow(clippy::too_many_arguments, reason = "made in one place, from the parts of one plan")]
    pub(crate) fn new(
        file: &'a Pipeline,
        text: &'a str,
        lines: &'a Lines<'a>,
        plugins: &'a Plugins<'a>,
        catalog: &'a Catalog,
        inputs: BTreeMap<String, Json>,
        event: Json,
        report: &'a mut Report,
    ) -> Self {
        let inputs = Json::Object(inputs.into_iter().collect());
        let scope = Scope { inputs, event, matrix: Json::Object(serde_json::Map::new()), ..Scope::default() };
        Self {
            file,
            text,
            lines,
            plugins,
            catalog,
            scope,
            report,
            cells_known: true,
            programs: HashMap::new(),
            cost: 0,
        }
    }

    /// The program of an expression, compiled once.
    pub(crate) fn program(&mut self, source: &str) -> Result<Rc<Program>, SyntaxError> {
        if let Some(known) = self.programs.get(source) {
            return known.clone();
        }
        let program = compile(source).map(Rc::new);
        self.programs.insert(source.to_owned(), program.clone());
        program
    }

    /// The value of an expression that speaks only of what is known; nothing, with a diagnostic, once the plan's
    /// expressions have cost too much.
    pub(crate) fn evaluate(&mut self, program: &Program, source: &str, span: Span) -> Option<Evaluated> {
        self.cost = self.cost.saturating_add(bound(program, &self.scope).min(EXPRESSION_COST_MAX));
        if self.cost > PLAN_COST_MAX {
            let message = format!("the expressions up to here cost more than {PLAN_COST_MAX} units of work");
            self.report.error("too-costly", span, message).help("compute large values in a step");
            return None;
        }
        Some(evaluate_program(program, source, &self.scope))
    }

    /// `inputs` and `event`: what may be spoken of everywhere.
    pub(crate) fn names(&self) -> Names {
        let declared = super::inputs::declared(self.file).map(|(name, _)| name.value.as_str());
        let roots = BTreeMap::from([("inputs", Below::known(declared)), ("event", Below::Any)]);
        Names { roots, status: false }
    }

    /// Inputs as the plan keeps them.
    pub(crate) fn inputs_by_name(&self) -> BTreeMap<String, Json> {
        let inputs = self.scope.inputs.as_object().into_iter().flatten();
        inputs.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}
