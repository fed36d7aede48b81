//! Environments: parsed and checked, so that a pipeline that deploys is known to be right before it does.

use lockgate_model::call::Kind;

use super::config::check;
use super::context::Context;
use super::grants::check_glob;
use crate::definition::{Environment, Pipeline, Rollout};
use crate::source::Spanned;
use crate::yaml::{Node, Value};

/// Checks every environment of the file.
pub(crate) fn check_all(file: &Pipeline, context: &mut Context<'_>) {
    for (name, environment) in file.environments.iter().flat_map(|map| &map.entries) {
        check_name(name, context);
        check_environment(&environment.value, context);
    }
}

fn check_name(name: &Spanned<String>, context: &mut Context<'_>) {
    if !lockgate_model::ids::is_word(&name.value) {
        let message = format!("`{}` is no name of an environment", name.value);
        context.report.error("invalid-name", name.span, message).help("a letter or _, then letters, digits, -, _ or .");
    }
}

fn check_environment(environment: &Environment, context: &mut Context<'_>) {
    if environment.target.value.trim().is_empty() {
        context.report.error("wrong-target", environment.target.span, "the target is empty").help("`target: local`");
    }
    if let Some(strategy) = &environment.strategy {
        check_strategy(strategy, context);
    }
    for glob in environment.branches.iter().flat_map(|globs| &globs.0) {
        check_glob(&glob.value, glob.span, context.report);
    }
    check_approvals(environment, context);
}

/// A strategy is configured for all rollouts to come: no run's values can be in it.
fn check_strategy(strategy: &Rollout, context: &mut Context<'_>) {
    let is_strategy = |kind: Kind| kind == Kind::DeployStrategy;
    let Some(plugin) = context.plugins.find(&strategy.uses, is_strategy, context.report) else { return };
    let empty = || Node { span: strategy.uses.span, value: Value::Map(Vec::new()) };
    let node = strategy.with.as_ref().map_or_else(empty, |with| with.0.clone());
    let names = crate::expression::names::Names::default();
    let config = context.template(&node, &names);
    if !context.report.has_error_in(node.span) {
        check(&config, &node, plugin, strategy.uses.span, context);
    }
}

fn check_approvals(environment: &Environment, context: &mut Context<'_>) {
    let Some(approvals) = &environment.approvals else { return };
    if approvals.by.0.is_empty() {
        let message = "nobody may approve, so that nothing would ever be deployed";
        context.report.error("approvals", environment.target.span, message).help("name a role under `by:`");
    }
}
