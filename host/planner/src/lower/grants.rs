//! Grants of a step: literal but for matrix values, so that a reader of the file sees what a step may do.

use globset::GlobBuilder;
use lockgate_model::Json;
use lockgate_model::catalog::Ask;
use lockgate_model::grant::Grants;
use lockgate_model::ids::ToolName;

use super::context::Context;
use super::plugins::Plugin;
use crate::definition::GrantsText;
use crate::definition::leaf::OneOrMany;
use crate::diagnostics::Report;
use crate::expression::names::{Below, Names};
use crate::source::{Span, Spanned};
use crate::suggest;
use crate::yaml::{Node, Scalar, Value};

type Texts = Option<OneOrMany<Spanned<String>>>;

/// The grants that a step writes down.
pub(crate) fn lower(text: Option<&Spanned<GrantsText>>, context: &mut Context<'_>) -> Grants {
    let Some(text) = text.map(|text| &text.value) else { return Grants::default() };
    let mut grants = Grants {
        scratch: values(&text.scratch, check_folder, context),
        http: values(&text.http, check_host, context),
        read: values(&text.read, check_glob, context),
        write: values(&text.write, check_glob, context),
        secrets: values(&text.secrets, check_secret, context),
        clock: text.clock.unwrap_or(false),
        random: text.random.unwrap_or(false),
        ..Grants::default()
    };
    for (tool, span) in texts(&text.exec, context) {
        add_tool(&mut grants, &tool, span, context);
    }
    warn_of_what_is_not_there_yet(text, context.report);
    grants
}

/// Grants that this host reads and does not carry out. What they would open stays closed, so that none of them can hurt.
fn warn_of_what_is_not_there_yet(text: &GrantsText, report: &mut Report) {
    const NETWORK: &str = "this version gives no network to plugins and tools, whatever `http` grants";
    const SECRETS: &str = "this version holds no secrets: asking for one will be refused";
    const FILES: &str = "this version grants the whole workspace or nothing: the step will be refused";
    let of = |texts: &Texts, narrow_only: bool| {
        let texts = texts.iter().flat_map(|texts| &texts.0);
        texts.filter(|text| !narrow_only || text.value != "**").map(|text| text.span).next()
    };
    let early = [
        (of(&text.http, false), NETWORK),
        (of(&text.secrets, false), SECRETS),
        (of(&text.read, true), FILES),
        (of(&text.write, true), FILES),
    ];
    for (span, message) in early.into_iter().filter_map(|(span, message)| Some((span?, message))) {
        report.warning("not-yet", span, message).help("leave the grant out until then");
    }
}

/// Grants a native tool that the host knows.
pub(crate) fn add_tool(grants: &mut Grants, tool: &str, span: Span, context: &mut Context<'_>) {
    let known = &context.catalog.tools;
    match tool.parse::<ToolName>() {
        Ok(name) if known.contains(&name) => {
            if !grants.exec.contains(&name) {
                grants.exec.push(name);
            }
        }
        _ => {
            let near = suggest::nearest(tool, known.iter().map(ToolName::as_str));
            let help = near.map_or_else(
                || "declare it in lockgate.toml; `lockgate doctor` lists the tools".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            context.report.error("unknown-tool", span, format!("this host knows no tool `{tool}`")).help(help);
        }
    }
}

fn values(texts: &Texts, check: fn(&str, Span, &mut Report), context: &mut Context<'_>) -> Vec<String> {
    let values = self::texts(texts, context);
    values.iter().for_each(|(text, span)| check(text, *span, context.report));
    values.into_iter().map(|(text, _)| text).collect()
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

fn check_host(host: &str, span: Span, report: &mut Report) {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "443"));
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if name.is_empty() || !name.bytes().all(is_name) || port.parse::<u16>().is_err() {
        let message = format!("`{host}` is no host");
        report
            .error("wrong-host", span, message)
            .help("write `registry.example` or `registry.example:8443`, without a scheme or a path");
    }
}

fn check_secret(name: &str, span: Span, report: &mut Report) {
    if !lockgate_model::ids::is_word(name) {
        report.error("invalid-name", span, format!("`{name}` is no name of a secret"));
    }
}

/// What the plugin cannot do without and is not granted. Without its tools it cannot work at all; what else is missing may
/// not matter to what it is asked to do.
pub(crate) fn check_asks(grants: &Grants, plugin: &Plugin<'_>, place: Span, report: &mut Report) {
    let asks = plugin.entry.descriptor.asks.iter();
    for ask in asks.filter(|ask| !ask.optional && !is_granted(grants, ask)) {
        let message = format!("`{}` asks for {} and is not granted it: {}", plugin.alias, shown(ask), ask.reason);
        let finding = match ask.kind.as_str() {
            "exec" => report.error("missing-grant", place, message),
            _ => report.warning("missing-grant", place, message),
        };
        finding.help(format!("add `grants: {{ {} }}`", grant_line(ask)));
    }
}

fn is_granted(grants: &Grants, ask: &Ask) -> bool {
    let any_of = |granted: &[String]| granted.iter().any(|text| fits(&ask.pattern, text));
    match ask.kind.as_str() {
        "exec" => grants.exec.iter().any(|tool| fits(&ask.pattern, tool.as_str())),
        "http" => any_of(&grants.http),
        "secret" => any_of(&grants.secrets),
        "clock" => grants.clock,
        "random" => grants.random,
        // Without a word about files a step reads and writes the whole workspace.
        _ => true,
    }
}

/// Whether what is granted is something of what is asked for.
fn fits(pattern: &str, granted: &str) -> bool {
    let glob = || GlobBuilder::new(pattern).build().is_ok_and(|glob| glob.compile_matcher().is_match(granted));
    pattern == granted || glob()
}

fn shown(ask: &Ask) -> String {
    match ask.kind.as_str() {
        "clock" | "random" => format!("`{}`", ask.kind),
        kind => format!("`{kind}: {}`", ask.pattern),
    }
}

fn grant_line(ask: &Ask) -> String {
    match (ask.kind.as_str(), ask.pattern.as_str()) {
        ("clock" | "random", _) => format!("{}: true", ask.kind),
        ("exec", "*") => "exec: [TOOL]".to_owned(),
        ("secret", pattern) => format!("secrets: [{pattern}]"),
        (kind, "*") => format!("{kind}: [HOST]"),
        (kind, pattern) => format!("{kind}: [{pattern}]"),
    }
}
