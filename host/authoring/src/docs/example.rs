//! A part of a pipeline that uses the plugin: the smallest one that its schema lets pass, with the grants that it needs.

use lockgate_model::Json;
use lockgate_model::call::Kind;
use lockgate_model::catalog::{Ask, Descriptor};
use serde_json::{Map, json};

use super::schema::forms;
use crate::text::safe;

/// Objects within objects that the example goes into.
const DEPTH_MAX: usize = 4;
/// Keys of one object that the example shows.
const KEYS_MAX: usize = 12;

/// The example, as YAML with a last line end.
pub(super) fn yaml(descriptor: &Descriptor, kind: Kind, reference: &str) -> String {
    let alias = alias(&descriptor.name);
    let plugins = format!("plugins:\n  {alias}: {}\n", scalar(&json!(safe(reference))));
    let with = with(descriptor, kind);
    match kind {
        Kind::DeployStrategy => {
            let environment = "environments:\n  production:\n    target: local\n    strategy:\n";
            format!("{plugins}{environment}      uses: {alias}\n{}", block("with", &with, 6))
        }
        Kind::DeployTarget => {
            format!("{plugins}environments:\n  production:\n    target: {alias}\n")
        }
        // A rule belongs to a watch, not to a pipeline: what is written there is its configuration alone.
        Kind::AlertRule => block_body(&with, 0),
        _ => {
            let grants = block("grants", &grants(&descriptor.asks), 8);
            let job = format!("jobs:\n  {kind}:\n    steps:\n      - uses: {alias}\n");
            format!("{plugins}{job}{}{grants}", block("with", &with, 8))
        }
    }
}

/// A name that may stand as an alias, whatever the plugin calls itself.
fn alias(name: &str) -> String {
    let alias: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let alias = alias.trim_matches('-').to_owned();
    if alias.starts_with(|c: char| c.is_ascii_alphabetic()) { alias } else { "plugin".to_owned() }
}

fn with(descriptor: &Descriptor, kind: Kind) -> Json {
    let schema = &descriptor.config_schema;
    let mut with = sample_object(schema, schema, DEPTH_MAX);
    if kind.takes_files() {
        // The host's own key: it picks files by it, and the plugin never sees it.
        let files = if kind == Kind::Scanner { json!("**") } else { json!("reports/**") };
        with.insert("files".to_owned(), files);
    }
    Json::Object(with)
}

/// Required keys only.
fn sample_object(root: &Json, schema: &Json, depth: usize) -> Map<String, Json> {
    let required = schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let property = |name: &str| Some((name.to_owned(), sample(root, schema.get("properties")?.get(name)?, depth)));
    required.take(KEYS_MAX).filter_map(property).collect()
}

/// A value that the schema of a key should let pass; what it is for, the author knows.
fn sample(root: &Json, schema: &Json, depth: usize) -> Json {
    let forms = forms(root, schema);
    let own = schema.get("examples").and_then(|examples| examples.get(0)).or_else(|| schema.get("default"));
    let theirs = || forms.iter().find_map(|form| form.get("examples")?.get(0).or_else(|| form.get("default")));
    if let Some(value) = own.or_else(theirs).filter(|value| !value.is_null()) {
        return value.clone();
    }
    let Some(form) = forms.first() else { return Json::Null };
    if let Some(value) = form.get("const").or_else(|| form.get("enum")?.get(0)) {
        return value.clone();
    }
    match type_name(form) {
        "integer" | "number" => form.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        "array" if depth > 0 => form.get("items").map_or(json!([]), |items| json!([sample(root, items, depth - 1)])),
        "object" if depth > 0 => Json::Object(sample_object(root, form, depth - 1)),
        _ => json!("..."),
    }
}

fn type_name(form: &Json) -> &str {
    match form.get("type") {
        Some(Json::String(one)) => one,
        Some(Json::Array(several)) => {
            several.iter().filter_map(Json::as_str).find(|name| *name != "null").unwrap_or("")
        }
        _ => "",
    }
}

/// What a step must be granted; `*` is for the pipeline's author to narrow.
fn grants(asks: &[Ask]) -> Json {
    let mut grants: Map<String, Json> = Map::new();
    for ask in asks.iter().filter(|ask| !ask.optional) {
        let name = if ask.kind == "secret" { "secrets" } else { &ask.kind };
        let entry = grants.entry(name.to_owned());
        match ask.kind.as_str() {
            "clock" | "random" => drop(entry.or_insert(json!(true))),
            _ => {
                if let Json::Array(patterns) = entry.or_insert_with(|| json!([])) {
                    patterns.push(json!(ask.pattern));
                }
            }
        }
    }
    Json::Object(grants)
}

/// `name:` and what is below it; nothing where there is nothing.
fn block(name: &str, value: &Json, indent: usize) -> String {
    if value.as_object().is_none_or(Map::is_empty) {
        return String::new();
    }
    format!("{}{name}:\n{}", " ".repeat(indent), block_body(value, indent + 2))
}

/// One line for each key of an object.
fn block_body(value: &Json, indent: usize) -> String {
    let line =
        |(name, value): (&String, &Json)| format!("{}{}: {}\n", " ".repeat(indent), scalar(&json!(name)), flow(value));
    match value.as_object() {
        Some(fields) if !fields.is_empty() => fields.iter().map(line).collect(),
        _ => "{}\n".to_owned(),
    }
}

/// A value in one line, as people write it in a pipeline: `{ fail: 80 }`, `[cargo]`.
fn flow(value: &Json) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Json::Array(values) => format!("[{}]", list(values.iter().map(flow).collect())),
        Json::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Json::Object(fields) => {
            let field = |(name, value): (&String, &Json)| format!("{}: {}", scalar(&json!(name)), flow(value));
            format!("{{ {} }}", list(fields.iter().map(field).collect()))
        }
        other => scalar(other),
    }
}

/// A word stays bare where YAML would read it as the same text; anything else is JSON, which is YAML.
fn scalar(value: &Json) -> String {
    const NOT_TEXT: [&str; 8] = ["true", "false", "null", "yes", "no", "on", "off", "y"];
    match value {
        Json::String(text) => {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@');
            let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
            let is_word = begins && text.chars().all(is_plain) && !text.ends_with(':');
            let is_other = NOT_TEXT.contains(&text.to_ascii_lowercase().as_str()) || text == "n" || text == "N";
            if is_word && !is_other { text.clone() } else { value.to_string() }
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::catalog::AdvisedEffect;

    fn check(kind: Kind, schema: Json, asks: Vec<Ask>, expected: &str) {
        let (name, version) = ("my-plugin".to_owned(), "0.1.0".to_owned());
        let effect = AdvisedEffect::Once;
        let descriptor = Descriptor {
            name,
            version,
            summary: String::new(),
            documentation: None,
            config_schema: schema,
            asks,
            effect,
        };
        assert_eq!(yaml(&descriptor, kind, "registry.example/you/my-plugin:0.1"), expected);
    }

    fn ask(kind: &str, pattern: &str, optional: bool) -> Ask {
        Ask { kind: kind.to_owned(), pattern: pattern.to_owned(), reason: String::new(), optional }
    }

    const PLUGINS: &str = "plugins:\n  my-plugin: registry.example/you/my-plugin:0.1\n";

    #[test]
    fn a_step_has_what_it_needs_and_no_more() {
        let schema = json!({"required": ["command", "limit"], "properties": {
            "command": {"enum": ["build"]}, "limit": {"type": "object", "required": ["max"], "properties": {"max": {"type": "integer"}}},
            "other": {"type": "string"}
        }});
        let asks = vec![
            ask("exec", "make", false),
            ask("exec", "cc", false),
            ask("clock", "*", false),
            ask("http", "*", true),
        ];
        let step = "jobs:\n  build-step:\n    steps:\n      - uses: my-plugin\n        with:\n          \
                    command: build\n          limit: { max: 1 }\n        grants:\n          clock: true\n          \
                    exec: [make, cc]\n";
        check(Kind::BuildStep, schema, asks, &format!("{PLUGINS}{step}"));
    }

    #[test]
    fn the_hosts_own_key_is_shown_where_it_belongs() {
        let step = "jobs:\n  scanner:\n    steps:\n      - uses: my-plugin\n        with:\n          files: \"**\"\n";
        check(Kind::Scanner, json!({}), vec![], &format!("{PLUGINS}{step}"));
    }

    #[test]
    fn other_kinds_stand_where_they_belong() {
        let bake = || json!({"required": ["bake"], "properties": {"bake": {"type": "string", "examples": ["10m"]}}});
        let strategy = "environments:\n  production:\n    target: local\n    strategy:\n      uses: my-plugin\n      \
                        with:\n        bake: \"10m\"\n";
        check(Kind::DeployStrategy, bake(), vec![], &format!("{PLUGINS}{strategy}"));
        check(Kind::AlertRule, bake(), vec![], "bake: \"10m\"\n");
        check(Kind::AlertRule, json!({}), vec![], "{}\n");
    }

    #[test]
    fn text_that_yaml_would_misread_is_quoted() {
        for (text, expected) in
            [("a-b", "a-b"), ("1", "\"1\""), ("yes", "\"yes\""), ("a: b", "\"a: b\""), ("", "\"\""), ("...", "\"...\"")]
        {
            assert_eq!(scalar(&json!(text)), expected);
        }
        assert_eq!(alias("--<x>"), "x");
        assert_eq!(alias("42"), "plugin");
    }
}
