//! JSON text from the host to the plugin's own types, and back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;

/// A step's configuration. The host has checked it against the schema already; what a schema cannot say is said here.
///
/// # Errors
/// `bad-config`, with the path of the value that is wrong.
pub(crate) fn parse_config<C: DeserializeOwned>(text: &str) -> Result<C, Failure> {
    parse(text, "bad-config", "configuration")
        .map_err(|failure| failure.help("compare the step's `with:` with the plugin's documented configuration"))
}

/// A strategy's or an alert rule's state; `Default` at the first call.
///
/// # Errors
/// `bad-state`, where another version of the plugin left a state that this one cannot read.
pub(crate) fn parse_state<S: DeserializeOwned + Default>(text: Option<&str>) -> Result<S, Failure> {
    let Some(text) = text else { return Ok(S::default()) };
    parse(text, "bad-state", "state").map_err(|failure| {
        failure.help("the state was left by another version of the plugin: go back to that one, or start over")
    })
}

/// State as the host keeps it.
///
/// # Errors
/// `bad-state`, where the state is not expressible in JSON (a map whose keys are no strings, for example).
pub(crate) fn state_text<S: Serialize>(state: &S) -> Result<String, Failure> {
    serde_json::to_string(state).map_err(|error| Failure::new("bad-state", format!("cannot write the state: {error}")))
}

fn parse<T: DeserializeOwned>(text: &str, code: &str, what: &str) -> Result<T, Failure> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let reason = without_position(&error.into_inner());
        let place = if path == "." { what.to_owned() } else { format!("{what} `{path}`") };
        Failure::new(code, format!("{place}: {reason}"))
    })
}

/// The message without `at line 1 column 17`: the text is the host's JSON, which nobody wrote by hand.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{parse_config, parse_state};

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rules {
        #[serde(default)]
        limits: Vec<Limit>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Limit {
        above: f64,
    }

    fn check(text: &str, expected: &str) {
        let failure = parse_config::<Rules>(text).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.message.as_str()), ("bad-config", expected));
    }

    #[test]
    fn a_mistake_is_named_by_its_path() {
        check(
            r#"{"limits": [{"above": 1}, {"above": "2"}]}"#,
            "configuration `limits[1].above`: invalid type: string \"2\", expected f64",
        );
        check(r#"{"limit": 1}"#, "configuration `limit`: unknown field `limit`, expected `limits`");
        check("[", "configuration: EOF while parsing a list");
    }

    #[test]
    fn absent_state_is_the_default_and_foreign_state_a_failure() {
        assert_eq!(parse_state::<Rules>(None).unwrap(), Rules::default());
        assert_eq!(parse_state::<Rules>(Some("[1]")).unwrap_err().code, "bad-state");
    }
}
