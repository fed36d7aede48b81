//! `with:` of a plugin: `files` taken out for kinds whose files the host picks, the rest checked against the plugin's
//! schema with each mistake at its own line.

use lockgate_model::Json;
use lockgate_model::call::Kind;
use lockgate_model::template::Template;

use super::context::Context;
use super::grants::check_glob;
use super::plugins::Plugin;
use crate::config::Fault;
use crate::definition::leaf::AnyMap;
use crate::expression::names::Names;
use crate::source::Span;
use crate::yaml::{Node, Value};

/// The key whose value the host keeps for itself.
const FILES: &str = "files";

/// A plugin's configuration, and the files that the host picks for it.
pub(crate) struct Configured {
    pub(crate) config: Template,
    pub(crate) files: Vec<String>,
}

/// The configuration of `plugin`; `place` is where it is used.
pub(crate) fn configured(
    with: Option<&AnyMap>,
    plugin: &Plugin<'_>,
    place: Span,
    names: &Names,
    context: &mut Context<'_>,
) -> Configured {
    let takes_files = plugin.entry.pin.kind.takes_files();
    let files = if takes_files { files(with, plugin, place, names, context) } else { Vec::new() };
    let empty = || Node { span: place, value: Value::Map(Vec::new()) };
    let node = with.map_or_else(empty, |with| if takes_files { without_files(&with.0) } else { with.0.clone() });
    let config = context.template(&node, names);
    if !context.report.has_error_in(node.span) {
        check(&config, &node, plugin, place, context);
    }
    Configured { config, files }
}

/// Checks a configuration, as far as no hole is in the way, at the places of `node`; what is wrong with all of it stands at
/// `place`.
pub(crate) fn check(config: &Template, node: &Node, plugin: &Plugin<'_>, place: Span, context: &mut Context<'_>) {
    let Some(schema) = &plugin.schema else { return };
    let mut holes = Vec::new();
    let shape = shape(config, String::new(), &mut holes);
    for fault in schema.faults(&shape).into_iter().filter(|fault| is_certain(fault, &holes)) {
        let span = locate(node, &fault).unwrap_or(place);
        let message = format!("`{}`: {}", plugin.alias, fault.error.message);
        context.report.error("wrong-config", span, message);
    }
}

/// The value with null for each hole, and where the holes are (JSON Pointer).
fn shape(template: &Template, path: String, holes: &mut Vec<String>) -> Json {
    match template {
        Template::Literal(value) => value.clone(),
        Template::Expression(_) | Template::Text(_) => {
            holes.push(path);
            Json::Null
        }
        Template::List(items) => {
            items.iter().enumerate().map(|(index, item)| shape(item, format!("{path}/{index}"), holes)).collect()
        }
        Template::Map(fields) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            fields
                .iter()
                .map(|(key, field)| (key.clone(), shape(field, format!("{path}/{}", escaped(key)), holes)))
                .collect()
        }
    }
}

/// Whether no value that fills a hole can make the fault go away.
fn is_certain(fault: &Fault, holes: &[String]) -> bool {
    let path = fault.error.path.as_str();
    fault.of_names || !holes.iter().any(|hole| hole == path || hole.starts_with(&format!("{path}/")))
}

/// The place of a fault: the key for one about its name, else the value.
fn locate(node: &Node, fault: &Fault) -> Option<Span> {
    let mut tokens = fault.error.path.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"));
    let (mut value, mut key) = (node, None);
    for token in &mut tokens {
        match &value.value {
            Value::Map(_) => {
                let entry = value.get(&token)?;
                (value, key) = (&entry.value, Some(entry.key.span));
            }
            Value::List(items) => (value, key) = (items.get(token.parse::<usize>().ok()?)?, None),
            // The value came out of an expression: its place is the expression's.
            Value::Scalar(..) => break,
        }
    }
    match key {
        None if std::ptr::eq(value, node) => None,
        Some(key) if fault.at_key => Some(key),
        _ => Some(value.span),
    }
}

fn without_files(node: &Node) -> Node {
    match &node.value {
        Value::Map(entries) => {
            let kept = entries.iter().filter(|entry| entry.key.value != FILES).cloned().collect();
            Node { span: node.span, value: Value::Map(kept) }
        }
        _ => node.clone(),
    }
}

/// Globs of the files that the host picks.
fn files(
    with: Option<&AnyMap>,
    plugin: &Plugin<'_>,
    place: Span,
    names: &Names,
    context: &mut Context<'_>,
) -> Vec<String> {
    let Some(entry) = with.and_then(|with| with.0.get(FILES)) else {
        return default_files(plugin, place, context);
    };
    let mut names = names.clone();
    names.roots.retain(|root, _| !matches!(*root, "needs" | "steps"));
    let globs = match context.literal(&entry.value, &names) {
        Some(Json::String(glob)) => vec![glob],
        Some(Json::Array(globs)) if globs.iter().all(Json::is_string) && !globs.is_empty() => {
            globs.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
        Some(_) => {
            context.report.error("wrong-type", entry.value.span, "`files` is a glob or a list of globs");
            Vec::new()
        }
        None => Vec::new(),
    };
    globs.iter().for_each(|glob| check_glob(glob, entry.value.span, context.report));
    globs
}

fn default_files(plugin: &Plugin<'_>, place: Span, context: &mut Context<'_>) -> Vec<String> {
    if plugin.entry.pin.kind == Kind::Scanner {
        return vec!["**".to_owned()];
    }
    let message = format!("`{}` is a {}: it has to be told which files to read", plugin.alias, plugin.entry.pin.kind);
    context.report.error("missing-files", place, message).help("add `with: { files: \"reports/**/*.xml\" }`");
    Vec::new()
}
