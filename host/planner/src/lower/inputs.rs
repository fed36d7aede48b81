//! Inputs of a run: declared under `on.manual.inputs`, given by somebody, of the declared type.

use std::collections::BTreeMap;

use lockgate_model::Json;

use crate::definition::{Input, InputType, Pipeline};
use crate::diagnostics::Report;
use crate::expression::type_name;
use crate::source::{Span, Spanned};
use crate::suggest;

type Declared<'a> = &'a (Spanned<String>, Spanned<Input>);

/// The inputs that the file declares.
pub(crate) fn declared(file: &Pipeline) -> impl Iterator<Item = Declared<'_>> {
    let manual = file.on.as_ref().and_then(|on| on.manual.as_ref());
    manual.and_then(|manual| manual.inputs.as_ref()).into_iter().flat_map(|inputs| &inputs.entries)
}

/// Every declared input's value: the one given, else its default, else false for a boolean and null for the others.
pub(crate) fn resolve(file: &Pipeline, given: &BTreeMap<String, Json>, report: &mut Report) -> BTreeMap<String, Json> {
    check_given(file, given, report);
    declared(file)
        .map(|(name, input)| {
            let default = default_of(name, &input.value, report);
            let value = match given.get(&name.value) {
                Some(value) => value_given(name, input, value, report),
                None => default.or_else(|| missing(name, &input.value, report)),
            };
            let nothing =
                || if input.value.r#type == Some(InputType::Boolean) { Json::Bool(false) } else { Json::Null };
            (name.value.clone(), value.unwrap_or_else(nothing))
        })
        .collect()
}

fn check_given(file: &Pipeline, given: &BTreeMap<String, Json>, report: &mut Report) {
    let names: Vec<&str> = declared(file).map(|(name, _)| name.value.as_str()).collect();
    for name in given.keys().filter(|name| !names.contains(&name.as_str())) {
        let message = format!("the run is given the input `{name}`, which the pipeline does not declare");
        let help = suggest::help(name, names.iter().copied())
            .unwrap_or_else(|| format!("declare it: `on: {{ manual: {{ inputs: {{ {name}: {{}} }} }} }}`"));
        report.error("undeclared-input", place_of_inputs(file), message).help(help);
    }
}

fn place_of_inputs(file: &Pipeline) -> Span {
    declared(file).next().map_or(Span::default(), |(name, _)| name.span)
}

fn default_of(name: &Spanned<String>, input: &Input, report: &mut Report) -> Option<Json> {
    check_options(name, input, report);
    let node = &input.default.as_ref()?.0;
    match of_type(input, &node.to_json(), false) {
        Ok(value) => Some(value),
        Err(message) => {
            report.error("wrong-input", node.span, format!("the default of `{}`: {message}", name.value));
            None
        }
    }
}

fn check_options(name: &Spanned<String>, input: &Input, report: &mut Report) {
    let has_options = input.options.as_ref().is_some_and(|options| !options.is_empty());
    let is_choice = input.r#type == Some(InputType::Choice);
    if is_choice && !has_options {
        let message = format!("the input `{}` is a choice without options", name.value);
        report.error("wrong-input", name.span, message).help("add `options: [first, second]`");
    }
    if has_options && !is_choice {
        let message = format!("the input `{}` has options and is no choice", name.value);
        report.error("wrong-input", name.span, message).help("add `type: choice`");
    }
}

fn value_given(name: &Spanned<String>, input: &Spanned<Input>, value: &Json, report: &mut Report) -> Option<Json> {
    match of_type(&input.value, value, true) {
        Ok(value) => Some(value),
        Err(message) => {
            let message = format!("the input `{}` as given: {message}", name.value);
            report.error("wrong-input", name.span, message).label("declared here");
            None
        }
    }
}

fn missing(name: &Spanned<String>, input: &Input, report: &mut Report) -> Option<Json> {
    if input.required == Some(true) {
        let message = format!("the run needs the input `{}`", name.value);
        let what = input.description.as_ref().map_or_else(String::new, |text| format!(" ({text})"));
        report.error("missing-input", name.span, message).help(format!("give it: -i {}=VALUE{what}", name.value));
    }
    None
}

/// `value` as the input's type has it. A command line gives strings (`coerce`), a file gives what it means.
fn of_type(input: &Input, value: &Json, coerce: bool) -> Result<Json, String> {
    let text = value.as_str();
    match input.r#type.unwrap_or(InputType::String) {
        InputType::String if value.is_string() => Ok(value.clone()),
        InputType::String => Err(format!("a string is expected, and this is {}", type_name(value))),
        InputType::Number if value.is_number() => Ok(value.clone()),
        InputType::Number => coerced(text, coerce, Json::is_number)
            .ok_or_else(|| format!("a number is expected, and this is {}", shown(value))),
        InputType::Boolean if value.is_boolean() => Ok(value.clone()),
        InputType::Boolean => coerced(text, coerce, Json::is_boolean)
            .ok_or_else(|| format!("`true` or `false` is expected, and this is {}", shown(value))),
        InputType::Choice => choice(input, value),
    }
}

fn coerced(text: Option<&str>, coerce: bool, wanted: fn(&Json) -> bool) -> Option<Json> {
    text.filter(|_| coerce).and_then(|text| serde_json::from_str(text.trim()).ok()).filter(wanted)
}

fn choice(input: &Input, value: &Json) -> Result<Json, String> {
    let options: Vec<&str> = input.options.iter().flatten().map(|option| option.value.as_str()).collect();
    match value.as_str() {
        Some(text) if options.contains(&text) => Ok(value.clone()),
        Some(text) => {
            let help = suggest::nearest(text, options.iter().copied());
            let help = help.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Err(format!("`{text}` is none of {}{help}", suggest::list(options.iter().copied())))
        }
        None => Err(format!("one of {} is expected", suggest::list(options))),
    }
}

fn shown(value: &Json) -> String {
    match value.as_str() {
        Some(text) => format!("the string `{}`", text.chars().take(80).collect::<String>()),
        None => type_name(value).to_owned(),
    }
}
