//! Canonical input: the same call has the same key, on any machine, at any time.
//!
//! A key is the SHA-256 of deterministic CBOR (RFC 8949, section 4.2.1) of the contract's version, the component, the
//! function, its configuration (RFC 8785) and its input. No id, no clock and no path of the host is in it.

use ciborium::Value;
use lockgate_model::Json;
use lockgate_model::call::Call;
use lockgate_model::ids::Digest;
use serde::Serialize;

use crate::CONTRACT;

/// The key of a call. None where the input has no CBOR form: such a call is not cached.
pub(crate) fn key(component: &Digest, call: &Call) -> Option<Digest> {
    let (function, config, input) = parts(call)?;
    let fields = vec![
        Value::from(CONTRACT),
        bytes(component),
        Value::from(function),
        Value::from(serde_json_canonicalizer::to_string(config).ok()?),
        sorted(input)?,
    ];
    Some(Digest::of(&encoded(&Value::Array(fields))?))
}

fn parts(call: &Call) -> Option<(&'static str, &Json, Value)> {
    Some(match call {
        Call::BuildStep { config, evidence } => ("build-step.run", config, value(evidence)?),
        Call::TestReporter { config, path, content } => {
            let content = bytes(&Digest::of(content));
            ("test-reporter.report", config, Value::Array(vec![Value::from(path.as_str()), content]))
        }
        Call::Scanner { config, files } => ("scanner.scan", config, value(files)?),
        Call::QualityGate { config, evidence, baseline } => {
            ("quality-gate.judge", config, value(&(evidence, baseline))?)
        }
        Call::DeployStrategy { config, rollout } => ("deploy-strategy.next", config, value(rollout)?),
        Call::TargetPrepare { config, revision, release } => {
            ("deploy-target.prepare", config, value(&(revision, release))?)
        }
        Call::TargetRoute { config, shares } => ("deploy-target.route", config, value(shares)?),
        Call::TargetObserve { config } => ("deploy-target.observe", config, Value::Null),
        Call::TargetRetire { config, revision } => ("deploy-target.retire", config, value(revision)?),
        Call::AlertQueries { config } => ("alert-rule.queries", config, Value::Null),
        Call::AlertEvaluate { config, input } => ("alert-rule.evaluate", config, value(input)?),
        Call::Notify { config, notice } => ("notifier.deliver", config, value(notice)?),
    })
}

fn bytes(digest: &Digest) -> Value {
    Value::Bytes(digest.as_bytes().to_vec())
}

fn value(input: &impl Serialize) -> Option<Value> {
    Value::serialized(input).ok()
}

fn encoded(value: &Value) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).ok()?;
    Some(bytes)
}

/// Map keys in the order of their encoded bytes, and one NaN for all.
fn sorted(value: Value) -> Option<Value> {
    Some(match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect::<Option<_>>()?),
        Value::Map(entries) => Value::Map(sorted_entries(entries)?),
        Value::Float(number) if number.is_nan() => Value::Float(f64::NAN),
        other => other,
    })
}

fn sorted_entries(entries: Vec<(Value, Value)>) -> Option<Vec<(Value, Value)>> {
    let mut keyed = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        keyed.push((encoded(&key)?, (key, sorted(value)?)));
    }
    keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
    Some(keyed.into_iter().map(|(_, entry)| entry).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn gate(config: Json) -> Call {
        Call::QualityGate { config, evidence: Vec::new(), baseline: Vec::new() }
    }

    fn check(left: &Call, right: &Call, same: bool) {
        let component = Digest::of(b"component");
        assert_eq!(key(&component, left) == key(&component, right), same, "{left:?} {right:?}");
    }

    #[test]
    fn order_and_form_of_numbers_do_not_matter() {
        check(&gate(json!({ "a": 1, "b": [2.0] })), &gate(json!({ "b": [2], "a": 1.0 })), true);
        check(&gate(json!({ "a": 1 })), &gate(json!({ "a": 2 })), false);
    }

    #[test]
    fn the_function_and_the_component_matter() {
        let (gate, queries) = (gate(Json::Null), Call::AlertQueries { config: Json::Null });
        check(&gate, &queries, false);
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        assert_ne!(key(&one, &gate), key(&other, &gate));
    }

    #[test]
    fn a_file_matters_by_its_bytes() {
        let report =
            |content: &[u8]| Call::TestReporter { config: Json::Null, path: "a".into(), content: content.to_vec() };
        check(&report(b"x"), &report(b"x"), true);
        check(&report(b"x"), &report(b"y"), false);
    }

    #[test]
    fn nested_maps_are_sorted_by_encoded_key() {
        let map = |keys: &[&str]| Value::Map(keys.iter().map(|key| (Value::from(*key), Value::Null)).collect());
        let nested = |inner| Value::Array(vec![inner]);
        assert_eq!(sorted(nested(map(&["bb", "c", "a"]))), Some(nested(map(&["a", "c", "bb"]))));
    }
}
