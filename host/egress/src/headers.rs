//! Headers: which ones a plugin may send, and which ones belong to a connection and never pass.

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use lockgate_ports::egress::EgressError;

use crate::settings::Settings;

/// What belongs to a connection (RFC 9110, section 7.6.1), beside everything that begins with `proxy-`.
const HOP_BY_HOP: [&str; 7] =
    ["connection", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/// What a plugin's request carries; the length of its body is the host's to write.
pub(crate) fn of_request(
    headers: &[(String, Vec<u8>)],
    body_len: usize,
    settings: &Settings,
) -> Result<HeaderMap, EgressError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > settings.headers_max || bytes > settings.header_bytes_max {
        let (count, bytes_max) = (settings.headers_max, settings.header_bytes_max);
        return Err(invalid(&format!("it has more than {count} headers or {bytes_max} bytes of them")));
    }
    let mut checked = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let (name, value) = of_pair(name, value, body_len)?;
        if name != CONTENT_LENGTH {
            checked.append(name, value);
        }
    }
    Ok(checked)
}

/// Values may be secrets: errors name the header only.
fn of_pair(name: &str, value: &[u8], body_len: usize) -> Result<(HeaderName, HeaderValue), EgressError> {
    let shown = name.escape_default();
    let parsed = HeaderName::from_bytes(name.as_bytes());
    let parsed = parsed.map_err(|_| invalid(&format!("the header name `{shown}` holds what no name may hold")))?;
    if parsed == "host" || is_hop_by_hop(&parsed) {
        return Err(invalid(&format!("the header `{shown}` is the host's own; leave it out")));
    }
    let value = HeaderValue::from_bytes(value);
    let value =
        value.map_err(|_| invalid(&format!("the value of `{shown}` holds a line break or a control character")))?;
    let is_length = value.to_str().is_ok_and(|text| text == body_len.to_string());
    if parsed == CONTENT_LENGTH && !is_length {
        return Err(invalid(&format!("`{shown}` is not the length of the body, {body_len} bytes; leave it out")));
    }
    Ok((parsed, value))
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(&name.as_str()) || name.as_str().starts_with("proxy-")
}

/// What is left of a message's headers for the other side, in their order. `Connection` names further ones that go.
pub(crate) fn end_to_end(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let lists = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> =
        lists.flat_map(|list| list.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
    headers.iter().filter(move |(name, _)| !is_hop_by_hop(name) && !named.iter().any(|other| other == name.as_str()))
}

fn invalid(why: &str) -> EgressError {
    EgressError::Invalid(format!("the request is not sent: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &[u8], is_sent: bool) {
        let headers = [(name.to_owned(), value.to_vec())];
        let found = of_request(&headers, 3, &Settings::default());
        assert_eq!(found.is_ok(), is_sent, "{name}: {found:?}");
        if let Err(error) = found {
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_belongs_to_the_connection_is_refused() {
        for name in [
            "host",
            "Host",
            "connection",
            "keep-alive",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "Transfer-Encoding",
            "upgrade",
            "http2-settings",
        ] {
            check(name, b"hunter2", false);
        }
        check("authorization", b"hunter2", true);
    }

    #[test]
    fn line_breaks_and_control_characters_are_refused() {
        for value in [&b"hunter2\r\nx: y"[..], b"hunter2\n", b"hunter2\r", b"hunter2\0"] {
            check("x-test", value, false);
        }
        for name in ["x test", "x\r\ny", "x:", "", "x\0"] {
            check(name, b"hunter2", false);
        }
        check("x-test", b"a\tb \xc3\xbc", true);
    }

    #[test]
    fn a_length_must_be_the_bodys() {
        check("content-length", b"3", true);
        for value in [&b"4"[..], b"03", b"+3", b"3, 3", b""] {
            check("content-length", value, false);
        }
    }

    #[test]
    fn there_are_limits() {
        let many: Vec<_> = (0..300).map(|number| (format!("x-{number}"), Vec::new())).collect();
        assert!(of_request(&many, 0, &Settings::default()).is_err());
        let long = [("x".to_owned(), vec![b'a'; 65 * 1024])];
        assert!(of_request(&long, 0, &Settings::default()).is_err());
    }

    #[test]
    fn what_connection_names_does_not_pass() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("a", "1"), ("connection", "X-Private, close"), ("x-private", "2"), ("te", "3"), ("b", "4")]
        {
            headers.append(name, HeaderValue::from_static(value));
        }
        let left: Vec<_> = end_to_end(&headers).map(|(name, _)| name.as_str()).collect();
        assert_eq!(left, ["a", "b"]);
    }
}
