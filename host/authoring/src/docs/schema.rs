//! The keys of a configuration, read from its JSON Schema (2020-12): as far as a table can show it, and never further than a
//! few levels, since a schema may name itself.

use lockgate_model::Json;
use serde_json::Map;

use crate::text::code;

/// Levels of keys within keys that are shown.
const DEPTH_MAX: usize = 6;
/// Rows of the table; a schema of a plugin has some ten.
const KEYS_MAX: usize = 500;
/// Words of an enumeration, and forms of one key, that are shown.
const WORDS_MAX: usize = 30;
/// Schemas that are looked at to find the forms of one key: a schema that refers to itself a hundred times has no end.
const LOOKS_MAX: usize = 300;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// `tests.failed`, `windows[].long`, `attributes.*`.
    pub(super) path: String,
    /// Its type, in Markdown that may stand in a table.
    pub(super) form: String,
    pub(super) default: Default,
    /// In the schema's words.
    pub(super) description: String,
}

/// What holds where the key is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Default {
    /// It must not be left out.
    Required,
    /// Nothing in particular.
    None,
    /// This value, as JSON.
    Value(String),
}

impl Default {
    pub(super) fn cell(&self) -> String {
        match self {
            Self::Required => "*required*".to_owned(),
            Self::None => String::new(),
            Self::Value(json) => code(json),
        }
    }
}

/// The keys of a schema, each before those within it.
pub(super) fn keys(schema: &Json) -> Vec<Key> {
    let mut reader = Reader { root: schema, keys: Vec::new() };
    reader.object(schema, "", DEPTH_MAX);
    reader.keys
}

/// The schemas that stand for a key: itself, or what it refers to, or each of its forms.
pub(super) fn forms<'a>(root: &'a Json, schema: &'a Json) -> Vec<&'a Json> {
    let mut forms = Vec::new();
    let mut waiting = vec![schema];
    for _ in 0..LOOKS_MAX {
        let Some(schema) = waiting.pop() else { break };
        let several = ["anyOf", "oneOf", "allOf"].into_iter().find_map(|word| schema.get(word)?.as_array());
        match (reference(root, schema), several) {
            (Some(target), _) => waiting.push(target),
            (None, Some(several)) => waiting.extend(several.iter().take(WORDS_MAX).rev()),
            // `null` is how a key that may be left out is written; nobody writes it into a pipeline.
            (None, None) if schema.get("type").and_then(Json::as_str) == Some("null") => {}
            (None, None) if forms.len() == WORDS_MAX => break,
            (None, None) => forms.push(schema),
        }
    }
    forms
}

/// What a `$ref` within the document names.
fn reference<'a>(root: &'a Json, schema: &Json) -> Option<&'a Json> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

struct Reader<'a> {
    root: &'a Json,
    keys: Vec<Key>,
}

impl<'a> Reader<'a> {
    fn object(&mut self, schema: &'a Json, prefix: &str, depth: usize) {
        if depth == 0 {
            return;
        }
        let required = schema.get("required").and_then(Json::as_array);
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
        let properties = schema.get("properties").and_then(Json::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if self.keys.len() >= KEYS_MAX {
                return;
            }
            self.key(&format!("{prefix}{name}"), property, is_required(name), depth);
        }
    }

    fn key(&mut self, path: &str, schema: &'a Json, is_required: bool, depth: usize) {
        let forms = forms(self.root, schema);
        self.keys.push(Key {
            path: path.to_owned(),
            form: shown_forms(self.root, &forms),
            default: default(schema, &forms, is_required),
            description: description(schema, &forms),
        });
        forms.iter().for_each(|form| self.within(form, path, depth - 1));
    }

    /// The keys within a key: of an object, of the objects of a list, of the values of a map.
    fn within(&mut self, form: &'a Json, path: &str, depth: usize) {
        self.object(form, &format!("{path}."), depth);
        for (inner, end) in [(form.get("items"), "[]"), (form.get("additionalProperties"), ".*")] {
            for inner in inner.into_iter().flat_map(|inner| forms(self.root, inner)) {
                self.object(inner, &format!("{path}{end}."), depth);
            }
        }
    }
}

fn default(schema: &Json, forms: &[&Json], is_required: bool) -> Default {
    let found = schema.get("default").or_else(|| forms.iter().find_map(|form| form.get("default")));
    match found {
        _ if is_required => Default::Required,
        None | Some(Json::Null) => Default::None,
        Some(value) => Default::Value(value.to_string()),
    }
}

fn description(schema: &Json, forms: &[&Json]) -> String {
    let own = schema.get("description").and_then(Json::as_str);
    let theirs = || forms.iter().find_map(|form| form.get("description")?.as_str());
    own.or_else(theirs).unwrap_or_default().to_owned()
}

/// `number or object`, `"a" or "b"`, `list of text`.
fn shown_forms(root: &Json, forms: &[&Json]) -> String {
    let mut shown: Vec<String> = forms.iter().flat_map(|form| shown(root, form)).collect();
    shown.truncate(WORDS_MAX);
    let mut unique = Vec::new();
    for form in shown {
        if !unique.contains(&form) {
            unique.push(form);
        }
    }
    if unique.is_empty() { "anything".to_owned() } else { unique.join(" or ") }
}

fn shown(root: &Json, form: &Json) -> Vec<String> {
    if let Some(value) = form.get("const") {
        return vec![code(&value.to_string())];
    }
    if let Some(values) = form.get("enum").and_then(Json::as_array) {
        return values.iter().filter(|value| !value.is_null()).map(|value| code(&value.to_string())).collect();
    }
    let types: Vec<&str> = match form.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).filter(|name| *name != "null").collect(),
        _ => Vec::new(),
    };
    types.into_iter().map(|name| with_bounds(root, form, name)).collect()
}

fn with_bounds(root: &Json, form: &Json, name: &str) -> String {
    match name {
        "string" => "text".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "integer" | "number" => format!("{name}{}", bounds(form)),
        "array" => match form.get("items") {
            Some(items) => format!("list of {}", shown_forms(root, &inner(root, items))),
            None => "list".to_owned(),
        },
        "object" => match form.get("additionalProperties").filter(|inner| inner.is_object()) {
            Some(inner_schema) => format!("map of {}", shown_forms(root, &inner(root, inner_schema))),
            None => "object".to_owned(),
        },
        other => code(other),
    }
}

/// The forms of a list's elements. A list of lists of itself has no end: one level is shown, and then no more.
fn inner<'a>(root: &'a Json, schema: &'a Json) -> Vec<&'a Json> {
    let is_nested =
        |form: &&Json| form.get("items").is_some() || form.get("additionalProperties").is_some_and(Json::is_object);
    let forms = forms(root, schema);
    if forms.iter().any(is_nested) { forms.into_iter().filter(|form| !is_nested(form)).collect() } else { forms }
}

/// ` from 0 to 100`, where the schema says so.
fn bounds(form: &Json) -> String {
    let Some(form) = form.as_object() else { return String::new() };
    let bound = |word: &str, names: [&str; 2]| Some(format!(" {word} {}", bound(form, names)?));
    let from = bound("from", ["minimum", "exclusiveMinimum"]);
    let to = bound("to", ["maximum", "exclusiveMaximum"]);
    [from, to].into_iter().flatten().collect()
}

fn bound(form: &Map<String, Json>, [inclusive, exclusive]: [&str; 2]) -> Option<String> {
    let exclusive = form.get(exclusive).map(|value| format!("{value} (without it)"));
    form.get(inclusive).map(Json::to_string).or(exclusive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// `path: form [default] description`.
    fn check(schema: &Json, expected: &[&str]) {
        let line = |key: &Key| format!("{}: {} [{}] {}", key.path, key.form, key.default.cell(), key.description);
        let found: Vec<String> = keys(schema).iter().map(line).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn keys_have_a_type_a_default_and_a_meaning() {
        check(
            &json!({"required": ["a"], "properties": {
                "a": {"type": "string", "description": "A."},
                "b": {"type": ["integer", "null"], "minimum": 0, "default": 3},
                "c": {"enum": ["x", "y", null]},
                "d": {"type": "array", "items": {"type": "string"}, "default": []},
                "e": {},
                "f": {"type": "boolean", "default": null},
            }}),
            &[
                "a: text [*required*] A.",
                "b: integer from 0 [`3`] ",
                "c: `\"x\"` or `\"y\"` [] ",
                "d: list of text [`[]`] ",
                "e: anything [] ",
                "f: `true` or `false` [] ",
            ],
        );
    }

    #[test]
    fn keys_within_keys_follow_them() {
        check(
            &json!({
                "properties": {
                    "limit": {"anyOf": [{"$ref": "#/$defs/Limit"}, {"type": "null"}]},
                    "list": {"type": "array", "items": {"$ref": "#/$defs/Limit"}},
                    "map": {"type": "object", "additionalProperties": {"type": "number"}},
                },
                "$defs": {"Limit": {"description": "A limit.", "oneOf": [
                    {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
                    {"type": "object", "properties": {"fail": {"type": "number"}}},
                ]}}
            }),
            &[
                "limit: number from 0 (without it) to 1 or object [] ",
                "limit.fail: number [] ",
                "list: list of number from 0 (without it) to 1 or object [] ",
                "list[].fail: number [] ",
                "map: map of number [] ",
            ],
        );
    }

    #[test]
    fn a_schema_that_names_itself_ends() {
        let tree = json!({"properties": {"child": {"$ref": "#"}}, "type": "object"});
        assert_eq!(keys(&tree).len(), DEPTH_MAX);
        assert_eq!(keys(&json!({"properties": {"a": {"$ref": "#/properties/a"}}})).len(), 1);
        let many = json!({"anyOf": vec![json!({"$ref": "#/$defs/m"}); 100]});
        assert_eq!(keys(&json!({"properties": {"a": many}, "$defs": {"m": many}})).len(), 1);
        let wide: Map<String, Json> = (0..1000).map(|at| (at.to_string(), json!({}))).collect();
        assert_eq!(keys(&json!({"properties": wide})).len(), KEYS_MAX);
        assert!(keys(&json!(true)).is_empty());
    }
}
