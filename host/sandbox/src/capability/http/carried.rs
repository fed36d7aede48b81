//! Secrets in a request: where placeholders stand in it, values in their place on the way out, and placeholders in the
//! place of values on the way back.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_ports::egress::EgressResponse;
use lockgate_ports::secrets::Mask;
use zeroize::{Zeroize as _, Zeroizing};

use super::Target;
use crate::capability::secrets::Held;

/// What says that a header holds a name and a password in base64 (RFC 7617).
const BASIC: &[u8] = b"basic ";
/// RFC 9110, section 15.3.7.
const PARTIAL_CONTENT: u16 = 206;
/// The header that does.
const AUTHORIZATION: &str = "authorization";

/// A header, its name in lower case.
pub(super) type Header = (String, Vec<u8>);

/// The secrets of `held` whose placeholders are in the headers; an error where one heads elsewhere than it may.
pub(super) fn carried(
    held: Vec<(String, Held)>,
    (url, headers, body): (&str, &[Header], &[u8]),
    target: &Target,
) -> Result<Vec<(String, Held)>, String> {
    let (mut carried, place) = (Vec::new(), format!("{}:{}", target.host, target.port));
    for (placeholder, secret) in held {
        let (name, sought) = (&secret.name, placeholder.as_bytes());
        if contains(url.as_bytes(), sought) || contains(body, sought) {
            return Err(format!(
                "the placeholder of secret `{name}` was to be sent in a URL or a body to {place}; \
                                a secret travels in a header only"
            ));
        }
        if !headers.iter().any(|header| holds(header, sought)) {
            continue;
        }
        if !secret.secret.is_bound_to(&target.host, target.port) {
            let hosts = secret.secret.hosts.join(", ");
            return Err(format!(
                "the placeholder of secret `{name}` was to be sent to {place}, and it is bound to [{hosts}]"
            ));
        }
        carried.push((placeholder, secret));
    }
    Ok(carried)
}

/// Asks for the answer as it is and whole: a coded one, or a piece of one, could bring a value back unseen.
pub(super) fn ask_plainly(headers: &mut Vec<Header>) {
    headers.retain(|(name, _)| !matches!(name.as_str(), "accept-encoding" | "range" | "if-range" | "te"));
    headers.push(("accept-encoding".to_owned(), b"identity".to_vec()));
}

/// Puts values in the place of their placeholders.
pub(super) fn put_values(headers: &mut [Header], values: &[(String, Held)]) {
    for (placeholder, held) in values {
        let (placeholder, value) = (placeholder.as_bytes(), held.secret.value.expose());
        for header in headers.iter_mut() {
            let with = replaced_in(header, placeholder, value);
            header.1.zeroize();
            header.1 = with;
        }
    }
}

/// Whether an answer is coded, or a part only, so that nobody could find a value in it.
pub(super) fn is_coded(response: &EgressResponse) -> bool {
    let is_coding = |(name, value): &Header| name == "content-encoding" && !value.eq_ignore_ascii_case(b"identity");
    response.status == PARTIAL_CONTENT || response.headers.iter().any(is_coding)
}

/// A host that echoes a header back gives the guest its placeholder, in the plain form; other forms are masked.
pub(super) fn without_values(mut response: EgressResponse, values: &[(String, Held)], mask: &Mask) -> EgressResponse {
    // A value that holds another one comes first, or a piece of it would stay.
    let mut values: Vec<&(String, Held)> = values.iter().collect();
    values.sort_by_key(|(_, held)| std::cmp::Reverse(held.secret.value.expose().len()));
    let clean = |bytes: &mut Vec<u8>| {
        for (placeholder, held) in &values {
            let value = held.secret.value.expose();
            if !value.is_empty() && contains(bytes, value) {
                *bytes = replaced(bytes, value, placeholder.as_bytes());
            }
        }
        if let Cow::Owned(masked) = mask.bytes(bytes) {
            *bytes = masked;
        }
    };
    response.headers.iter_mut().for_each(|(_, value)| clean(value));
    let length = response.body.len();
    clean(&mut response.body);
    // The body is whole, so nobody needs to be told its length; a wrong one would only confuse.
    response.headers.retain(|(name, _)| name != "content-length" || response.body.len() == length);
    response
}

fn holds(header: &Header, placeholder: &[u8]) -> bool {
    contains(&header.1, placeholder) || credentials(header).is_some_and(|plain| contains(&plain, placeholder))
}

fn replaced_in(header: &Header, placeholder: &[u8], value: &[u8]) -> Vec<u8> {
    match credentials(header).filter(|plain| contains(plain, placeholder)) {
        Some(plain) => {
            let with = Zeroizing::new(replaced(&plain, placeholder, value));
            [&header.1[..BASIC.len()], STANDARD.encode(with.as_slice()).as_bytes()].concat()
        }
        None => replaced(&header.1, placeholder, value),
    }
}

/// Name and password of `Authorization: Basic`, decoded.
fn credentials((name, value): &Header) -> Option<Zeroizing<Vec<u8>>> {
    let (scheme, coded) = value.split_at_checked(BASIC.len())?;
    let is_basic = name == AUTHORIZATION && scheme.eq_ignore_ascii_case(BASIC);
    is_basic.then(|| STANDARD.decode(coded.trim_ascii()).ok()).flatten().map(Zeroizing::new)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.len() <= bytes.len() && bytes.windows(part.len()).any(|window| window == part)
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len() + to.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}

#[cfg(test)]
mod tests {
    use lockgate_ports::secrets::{Secret, SecretValue};

    use super::*;

    fn held() -> Vec<(String, Held)> {
        let (value, hosts) = (SecretValue::new(b"value".to_vec()), vec!["api.example".to_owned()]);
        vec![("P-1".to_owned(), Held { name: "token".to_owned(), secret: Secret { value, hosts } })]
    }

    fn header(name: &str, value: &str) -> Header {
        (name.to_owned(), value.as_bytes().to_vec())
    }

    fn basic(plain: &str) -> String {
        format!("Basic {}", STANDARD.encode(plain))
    }

    /// What is sent of a header to this host, or that it is refused.
    fn sent(host: &str, name: &str, value: &str) -> Option<String> {
        let target = Target::of(&format!("https://{host}/").parse().expect("a URL")).expect("a target");
        let mut headers = vec![header(name, value)];
        let values = carried(held(), ("https://api.example/", &headers, b""), &target).ok()?;
        put_values(&mut headers, &values);
        String::from_utf8(headers[0].1.clone()).ok()
    }

    #[test]
    fn every_occurrence_is_replaced() {
        assert_eq!(sent("api.example", "x", "Bearer P-1, P-1").as_deref(), Some("Bearer value, value"));
        assert_eq!(sent("api.example", "x", "none").as_deref(), Some("none"));
        assert_eq!(sent("other.example", "x", "P-1"), None);
        assert!(contains(b"xPx", b"P") && !contains(b"", b"P"));
    }

    #[test]
    fn a_password_is_replaced_within_its_base64() {
        let asked = basic("user:P-1");
        assert_eq!(sent("api.example", AUTHORIZATION, &asked), Some(basic("user:value")));
        let lower = asked.replace("Basic", "basic");
        assert_eq!(sent("api.example", AUTHORIZATION, &lower), Some(basic("user:value").replace("Basic", "basic")));
        assert_eq!(sent("other.example", AUTHORIZATION, &asked), None, "the same rules hold");
        assert_eq!(sent("other.example", AUTHORIZATION, &basic("user:pass")), Some(basic("user:pass")));
        assert_eq!(sent("api.example", "x", &asked), Some(asked), "only where it is how a password is sent");
        for odd in ["Basic", "Basic ", "Basic !!!", "Bearer P"] {
            assert_eq!(sent("other.example", AUTHORIZATION, odd).as_deref(), Some(odd));
        }
    }

    #[test]
    fn whoever_sends_a_value_asks_for_a_plain_answer() {
        let mut headers = vec![header("accept-encoding", "gzip, br"), header("range", "bytes=0-3"), header("x", "y")];
        ask_plainly(&mut headers);
        assert_eq!(headers, [header("x", "y"), header("accept-encoding", "identity")]);
        let answer = |status, headers| EgressResponse { status, headers, body: Vec::new(), peer: None };
        assert!(is_coded(&answer(200, vec![header("content-encoding", "gzip")])));
        assert!(!is_coded(&answer(200, vec![header("content-encoding", "Identity")])));
        assert!(is_coded(&answer(206, Vec::new())) && !is_coded(&answer(200, Vec::new())));
    }
}
