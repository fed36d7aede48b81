//! JSON to CEL's values and back. Integers stay integers: CEL does not add an `int` to a `uint`.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use lockgate_model::Json;

/// A JSON value as CEL sees it.
pub(crate) fn to_cel(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number_to_cel(number),
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Json::Object(fields) => {
            let entry = |(key, value): (&String, &Json)| (Key::String(Arc::new(key.clone())), to_cel(value));
            let map: HashMap<Key, Value> = fields.iter().map(entry).collect();
            Value::Map(Map { map: Arc::new(map) })
        }
    }
}

fn number_to_cel(number: &serde_json::Number) -> Value {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(int), _, _) => Value::Int(int),
        (_, Some(uint), _) => Value::UInt(uint),
        (_, _, float) => Value::Float(float.unwrap_or(f64::NAN)),
    }
}

/// What an expression gave, as JSON; the type's name where JSON has no such value.
pub(crate) fn to_json(value: &Value) -> Result<Json, &'static str> {
    match value {
        Value::Null => Ok(Json::Null),
        Value::Bool(value) => Ok(Json::Bool(*value)),
        Value::Int(int) => Ok(Json::from(*int)),
        Value::UInt(uint) => Ok(Json::from(*uint)),
        Value::Float(float) => {
            serde_json::Number::from_f64(*float).map(Json::Number).ok_or("a number that is not finite")
        }
        Value::String(text) => Ok(Json::String(text.to_string())),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => map.map.iter().map(|(key, value)| Ok((key.to_string(), to_json(value)?))).collect(),
        Value::Bytes(_) => Err("bytes"),
        Value::Duration(_) => Err("a duration"),
        Value::Timestamp(_) => Err("a timestamp"),
        _ => Err("a type"),
    }
}

/// A JSON value's type, with its article.
pub(crate) fn type_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_survives_the_way_there_and_back() {
        let value = json!({"a": [1, -2, 1.5, u64::MAX, null, true, "x"], "b": {"c": {}}});
        assert_eq!(to_json(&to_cel(&value)), Ok(value));
    }

    #[test]
    fn what_json_does_not_have_is_named() {
        assert_eq!(to_json(&Value::Float(f64::NAN)), Err("a number that is not finite"));
        assert_eq!(to_json(&Value::Bytes(Arc::new(vec![1]))), Err("bytes"));
    }
}
