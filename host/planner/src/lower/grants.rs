//! Grants of a step: literal but for matrix values, so that a reader of the file sees what a step may do.

use globset::GlobBuilder;
use lockgate_model::Json;
use lockgate_model::grant::{ExecRule, ExecRuleError, Grants, HttpRule};
use lockgate_model::ids::ToolName;

use super::context::Context;
use super::exposure;
use crate::definition::GrantsText;
use crate::definition::leaf::OneOrMany;
use crate::diagnostics::Report;
use crate::expression::names::{Below, Names};
use crate::source::{Span, Spanned};
use crate::suggest;
use crate::yaml::{Node, Scalar, Value};

type Texts = Option<OneOrMany<Spanned<String>>>;

/// The grants that a step writes down.
pub(crate) fn lower(text: Option<&GrantsText>, context: &mut Context<'_>) -> Grants {
    let Some(text) = text else { return Grants::default() };
    let (http, expose) = (requests(&text.http, context), checked(&text.expose, check_secret, context));
    let mut grants = Grants {
        scratch: values(&text.scratch, check_folder, context),
        read: globs(&text.read, context),
        write: globs(&text.write, context),
        secrets: values(&text.secrets, check_secret, context),
        clock: text.clock.unwrap_or(false),
        random: text.random.unwrap_or(false),
        ..Grants::default()
    };
    for (rule, span) in texts(&text.exec, context) {
        add_command(&mut grants, &rule, span, context);
    }
    exposure::check(&expose, !grants.secrets.is_empty(), &http, context.report);
    grants.http = http.into_iter().map(|(rule, _)| rule).collect();
    grants.expose = expose.into_iter().map(|(name, _)| name).collect();
    grants
}

/// Grants a native tool that the host knows, with any arguments.
pub(crate) fn add_tool(grants: &mut Grants, tool: &str, span: Span, context: &mut Context<'_>) {
    match tool.parse::<ToolName>() {
        Ok(name) => add_rule(grants, ExecRule::any(name), span, context),
        Err(_) => unknown_tool(tool, span, context),
    }
}

fn add_command(grants: &mut Grants, text: &str, span: Span, context: &mut Context<'_>) {
    match text.parse::<ExecRule>() {
        Ok(rule) => add_rule(grants, rule, span, context),
        Err(ExecRuleError::Tool(tool)) => unknown_tool(&tool, span, context),
        Err(error) => {
            let help = "`*` stands for any text of one argument, a last `**` for all that follow: `cargo test **`";
            context.report.error("wrong-glob", span, error.to_string()).help(help);
        }
    }
}

fn add_rule(grants: &mut Grants, rule: ExecRule, span: Span, context: &mut Context<'_>) {
    if !context.catalog.tools.contains(&rule.tool) {
        unknown_tool(rule.tool.as_str(), span, context);
    } else if !grants.exec.contains(&rule) {
        grants.exec.push(rule);
    }
}

fn unknown_tool(tool: &str, span: Span, context: &mut Context<'_>) {
    let near = suggest::nearest(tool, context.catalog.tools.iter().map(ToolName::as_str));
    let help = near.map_or_else(
        || "declare it in lockgate.toml; `lockgate doctor` lists the tools".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    context.report.error("unknown-tool", span, format!("this host knows no tool `{tool}`")).help(help);
}

fn requests(texts: &Texts, context: &mut Context<'_>) -> Vec<(HttpRule, Span)> {
    let mut rules: Vec<(HttpRule, Span)> = Vec::new();
    for (text, span) in self::texts(texts, context) {
        match text.parse::<HttpRule>() {
            Ok(rule) if rules.iter().any(|(known, _)| *known == rule) => {}
            Ok(rule) => rules.push((rule, span)),
            Err(error) => {
                let help = "for example `registry.example`, `GET,HEAD api.example:8443/v1`, `*.example`";
                context.report.error("wrong-host", span, error.to_string()).help(help);
            }
        }
    }
    rules
}

/// Nothing where the key is absent, which grants the whole workspace.
fn globs(texts: &Texts, context: &mut Context<'_>) -> Option<Vec<String>> {
    texts.is_some().then(|| values(texts, check_glob, context))
}

fn values(texts: &Texts, check: fn(&str, Span, &mut Report), context: &mut Context<'_>) -> Vec<String> {
    checked(texts, check, context).into_iter().map(|(text, _)| text).collect()
}

fn checked(texts: &Texts, check: fn(&str, Span, &mut Report), context: &mut Context<'_>) -> Vec<(String, Span)> {
    let texts = self::texts(texts, context);
    texts.iter().for_each(|(text, span)| check(text, *span, context.report));
    texts
}

fn texts(texts: &Texts, context: &mut Context<'_>) -> Vec<(String, Span)> {
    let all = texts.iter().flat_map(|texts| &texts.0);
    all.filter_map(|text| Some((literal(text, context)?, text.span))).collect()
}

fn literal(text: &Spanned<String>, context: &mut Context<'_>) -> Option<String> {
    let axes = context.scope.matrix.as_object().map(|cell| cell.keys().cloned().collect::<Vec<_>>());
    let known = || Below::known(axes.iter().flatten().map(String::as_str));
    let below = if context.cells_known { known() } else { Below::Any };
    let names = Names { roots: [("matrix", below)].into(), status: false };
    let node = Node { span: text.span, value: Value::Scalar(text.value.clone(), Scalar::Text) };
    match context.literal(&node, &names)? {
        Json::String(value) => Some(value),
        other => Some(crate::expression::as_text(&other)),
    }
}

/// A glob relative to the workspace.
pub(crate) fn check_glob(glob: &str, span: Span, report: &mut Report) {
    check_relative(glob, span, report);
    if let Err(error) = GlobBuilder::new(glob).literal_separator(true).build() {
        report.error("wrong-glob", span, format!("`{glob}` is no glob: {}", error.kind()));
    }
}

fn check_folder(folder: &str, span: Span, report: &mut Report) {
    check_relative(folder, span, report);
    if folder.contains(['*', '?', '[', '{']) {
        report.error("wrong-path", span, format!("`{folder}`: scratch names folders, not globs"));
    }
}

fn check_relative(path: &str, span: Span, report: &mut Report) {
    let leaves = path.split('/').any(|part| part == "..");
    if path.is_empty() || path.starts_with('/') || path.contains('\\') || path.contains('\0') || leaves {
        let message = format!("`{path}` is no path inside the workspace");
        report
            .error("wrong-path", span, message)
            .help("paths are relative to the workspace, with `/` and without `..`");
    }
}

fn check_secret(name: &str, span: Span, report: &mut Report) {
    if !lockgate_model::ids::is_word(name) {
        report.error("invalid-name", span, format!("`{name}` is no name of a secret"));
    }
}
