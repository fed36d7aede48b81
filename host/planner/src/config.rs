//! A plugin's configuration against the plugin's schema.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use lockgate_model::Json;

use crate::suggest;

/// What is wrong with a configuration, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct ConfigError {
    /// JSON Pointer (RFC 6901) of the offending value or key; empty for the whole.
    pub path: String,
    /// What is wrong and, where a name is nearly right, which was meant.
    pub message: String,
}

/// Mistakes that are told of one configuration.
const CONFIG_ERRORS_MAX: usize = 50;

/// Checks `config` against `schema` (JSON Schema 2020-12), whose regular expressions run in linear time and whose
/// references stay within it.
///
/// # Errors
///
/// Everything that is wrong, by place; a schema that is none is one error at the whole.
pub fn check_config(schema: &Json, config: &Json) -> Result<(), Vec<ConfigError>> {
    let validator = Schema::new(schema).map_err(|error| vec![error])?;
    let errors: Vec<ConfigError> = validator.faults(config).into_iter().map(|fault| fault.error).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// A schema made ready for many configurations.
#[derive(Debug)]
pub(crate) struct Schema<'a> {
    text: &'a Json,
    validator: Validator,
}

/// A mistake and what it is about.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) error: ConfigError,
    /// Whether it is about the names of keys, which no value that is still open can change.
    pub(crate) of_names: bool,
    /// Whether the path names a key rather than a value.
    pub(crate) at_key: bool,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(text: &'a Json) -> Result<Self, ConfigError> {
        let patterns = PatternOptions::regex().size_limit(1 << 20);
        let built = jsonschema::options().with_pattern_options(patterns).build(text);
        let validator = built.map_err(|error| ConfigError {
            path: String::new(),
            message: format!("the plugin's own schema is no JSON Schema: {}", short(&error.to_string())),
        })?;
        Ok(Self { text, validator })
    }

    /// Everything that is wrong with `config`, by place.
    pub(crate) fn faults(&self, config: &Json) -> Vec<Fault> {
        let errors = self.validator.iter_errors(config).take(CONFIG_ERRORS_MAX);
        let mut faults: Vec<Fault> = errors.flat_map(|error| self.explain(&error)).collect();
        faults.sort_by(|left, right| left.error.path.cmp(&right.error.path));
        faults
    }

    fn explain(&self, error: &ValidationError<'_>) -> Vec<Fault> {
        let path = error.instance_path().as_str();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.properties_beside(error);
                unexpected.iter().map(|name| unknown_key(path, name, &known)).collect()
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                self.explain_branches(error, context)
            }
            kind => {
                let of_names = matches!(kind, ValidationErrorKind::Required { .. });
                let message = plain(kind, error.instance()).unwrap_or_else(|| short(&error.to_string()));
                vec![Fault { error: ConfigError { path: path.to_owned(), message }, of_names, at_key: false }]
            }
        }
    }

    /// A value that fits none of several forms: the words that were to choose from, or what is wrong with the one form
    /// that was meant.
    fn explain_branches(&self, error: &ValidationError<'_>, branches: &[Vec<ValidationError<'static>>]) -> Vec<Fault> {
        let path = error.instance_path().as_str();
        if let Some(words) = branches.iter().map(|branch| words(branch, path)).collect::<Option<Vec<_>>>() {
            let message = expected(&words.concat(), error.instance());
            return vec![Fault {
                error: ConfigError { path: path.to_owned(), message },
                of_names: false,
                at_key: false,
            }];
        }
        // A form of another type than the value's was not meant: `null` for a key that may be left out, for example.
        let meant = branches.iter().filter(|branch| !branch.iter().any(|inner| is_other_type(inner, path)));
        match meant.collect::<Vec<_>>().as_slice() {
            [one] => one.iter().flat_map(|inner| self.explain(inner)).collect(),
            _ => {
                let message =
                    format!("{} fits none of the forms that are allowed here", short(&error.instance().to_string()));
                vec![Fault { error: ConfigError { path: path.to_owned(), message }, of_names: false, at_key: false }]
            }
        }
    }

    /// The keys that the object may have: `properties` stands beside the keyword that refused.
    fn properties_beside(&self, error: &ValidationError<'_>) -> Vec<&'a str> {
        let keyword = error.schema_path().as_str();
        let parent = keyword.rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self.text.pointer(parent).and_then(|schema| schema.get("properties"));
        properties.and_then(Json::as_object).map(|it| it.keys().map(String::as_str).collect()).unwrap_or_default()
    }
}

/// The words that a form consists of, if it does.
fn words(branch: &[ValidationError<'static>], path: &str) -> Option<Vec<Json>> {
    let [only] = branch else { return None };
    match only.kind() {
        _ if only.instance_path().as_str() != path => None,
        ValidationErrorKind::Constant { expected_value } => Some(vec![(**expected_value).clone()]),
        ValidationErrorKind::Enum { options } => options.as_array().cloned(),
        ValidationErrorKind::Type { .. } => Some(Vec::new()),
        _ => None,
    }
}

fn is_other_type(error: &ValidationError<'_>, path: &str) -> bool {
    error.instance_path().as_str() == path && matches!(error.kind(), ValidationErrorKind::Type { .. })
}

/// Which words there are, and which of them was meant.
fn expected(words: &[Json], found: &Json) -> String {
    if words.is_empty() {
        return format!("{} is of the wrong type", short(&found.to_string()));
    }
    let listed = words.iter().map(Json::to_string).collect::<Vec<_>>().join(", ");
    let near = found.as_str().and_then(|found| suggest::nearest(found, words.iter().filter_map(Json::as_str)));
    let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("one of {} is expected{help}", short(&listed))
}

fn unknown_key(path: &str, name: &str, known: &[&str]) -> Fault {
    let help = suggest::help(name, known.iter().copied()).map_or_else(String::new, |help| format!("; {help}"));
    let error = ConfigError {
        path: format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")),
        message: format!("unknown key `{name}`{help}"),
    };
    Fault { error, of_names: true, at_key: true }
}

/// The commonest mistakes in words that do not repeat the value.
fn plain(kind: &ValidationErrorKind, found: &Json) -> Option<String> {
    match kind {
        ValidationErrorKind::Required { property } => {
            Some(format!("the key `{}` is missing", property.as_str().unwrap_or_default()))
        }
        ValidationErrorKind::Enum { options } => Some(expected(options.as_array()?, found)),
        // An object that may have no key at all; which one it has is not said.
        ValidationErrorKind::FalseSchema => Some("it has a key, and none is known here; leave it out".to_owned()),
        _ => None,
    }
}

fn short(message: &str) -> String {
    message.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(config: &Json, expected: &[(&str, &str)]) {
        let schema = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["command"],
            "properties": {
                "command": { "enum": ["build", "test"] },
                "jobs": { "type": "integer", "minimum": 1 },
                "nested": { "type": "object", "properties": { "a/b": {} }, "additionalProperties": false }
            }
        });
        let errors = check_config(&schema, config).err().unwrap_or_default();
        let found: Vec<_> = errors.iter().map(|error| (error.path.as_str(), error.message.as_str())).collect();
        assert_eq!(found, expected, "{config}");
    }

    #[test]
    fn a_configuration_is_checked_against_its_schema() {
        check(&json!({"command": "test", "jobs": 2}), &[]);
        check(&json!({}), &[("", "the key `command` is missing")]);
        check(
            &json!({"command": "tset"}),
            &[("/command", "one of \"build\", \"test\" is expected; did you mean `test`?")],
        );
        check(&json!({"command": "test", "jobs": "2"}), &[("/jobs", "\"2\" is not of type \"integer\"")]);
    }

    #[test]
    fn unknown_keys_are_told_one_by_one() {
        check(
            &json!({"command": "test", "jbos": 1, "nested": {"a/c": 1}}),
            &[
                ("/jbos", "unknown key `jbos`; did you mean `jobs`?"),
                ("/nested/a~1c", "unknown key `a/c`; did you mean `a/b`?"),
            ],
        );
    }

    #[test]
    fn a_plugin_without_configuration_knows_no_key() {
        let errors = check_config(&json!({"type": "object", "additionalProperties": false}), &json!({"north": 1}));
        let errors: Vec<_> = errors.unwrap_err().into_iter().map(|error| (error.path, error.message)).collect();
        assert_eq!(errors, [(String::new(), "it has a key, and none is known here; leave it out".to_owned())]);
    }

    #[test]
    fn a_schema_that_is_none_is_an_error() {
        let errors = check_config(&json!({"type": 5}), &json!({})).unwrap_err();
        assert!(errors[0].message.contains("no JSON Schema"), "{errors:?}");
    }
}
