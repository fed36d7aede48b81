//! What comes after `?`.

use axum::extract::Query as Form;
use axum::http::Uri;

// A digest, a name, a tag and a media type fit many times.
const PARAMETERS_MAX: usize = 16;

/// Parameters in their order; of two with one name, the first counts.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query; one that cannot be read has no parameters.
    pub(crate) fn of(uri: &Uri) -> Self {
        let Ok(Form(mut parameters)) = Form::<Vec<(String, String)>>::try_from_uri(uri) else { return Self::default() };
        parameters.truncate(PARAMETERS_MAX);
        Self(parameters)
    }

    /// A parameter's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Writes a value so that it can stand after `?`.
pub(crate) fn encode(value: &str) -> String {
    value.bytes().fold(String::new(), |text, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            text + &char::from(byte).to_string()
        }
        _ => format!("{text}%{byte:02X}"),
    })
}
