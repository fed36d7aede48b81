//! One request and its answer.

use std::sync::Arc;

use http_body_util::BodyExt as _;
use lockgate_model::Json;
use lockgate_model::grant::HttpRule;
use lockgate_model::host_call::{CallBody, FunctionCall, Permission, RecordedAnswer};
use lockgate_model::ids::Digest;
use lockgate_model::limits::{HTTP_REQUEST_BYTES_MAX, HTTP_RESPONSE_BYTES_MAX};
use lockgate_ports::egress::{EgressError, EgressRequest, EgressResponse};
use lockgate_ports::sandbox::UNANSWERED;
use lockgate_ports::secrets::Mask;
use serde_json::json;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};
use zeroize::Zeroize as _;

use super::{Target, whole};
use crate::answer;
use crate::capability::secrets::{Held, Placeholders};
use crate::host::{Services, missing_grant};
use crate::reach::Reach;
use crate::stop::Stop;
use crate::watch::Watch;

const INTERFACE: &str = "http";
const FUNCTION: &str = "send";

/// A request on its way.
pub(super) struct Exchange {
    /// Counts from 1 within the call: answers may come in another order than requests went.
    pub(super) number: u32,
    pub(super) watch: Arc<Watch>,
    pub(super) reach: Arc<Reach>,
    pub(super) services: Arc<Services>,
    pub(super) placeholders: Placeholders,
}

/// A request as the guest made it, its body whole.
struct Asked {
    method: String,
    uri: http::Uri,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Exchange {
    /// Sends the request, if it may be sent, and writes down what came of it.
    pub(super) async fn carry_out(
        self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<http::Response<WasiBody>, Error> {
        let began_us = self.watch.elapsed_us();
        let asked = read(request).await?;
        let arguments = shown(&asked, self.number);
        let (permission, sent) = self.decide(&asked);
        let answered = match sent {
            Ok(values) => self.answer(asked, values, &arguments, options).await,
            Err(error) => (Err(error), None),
        };
        let (result, kept) = answered;
        self.write_down(began_us, permission, arguments, &result, kept);
        result.map_err(|error| told(&error)).and_then(response)
    }

    /// Whether it may be sent, by which grant, and which secrets go with it.
    fn decide(&self, asked: &Asked) -> (Permission, Result<Vec<(String, Held)>, EgressError>) {
        let Some(target) = Target::of(&asked.uri) else {
            return (Permission::Free, Err(EgressError::Invalid("the URL has no scheme or no host".to_owned())));
        };
        let allows =
            |rule: &&HttpRule| rule.allows(&asked.method, target.scheme, &target.host, target.port, &target.path);
        let Some(rule) = self.reach.grants.http.iter().find(allows) else {
            let missing = least(&asked.method, &target);
            let grant = format!("http: [{missing}]");
            self.say_missing(&grant);
            return (Permission::Denied(grant.into()), Err(EgressError::Denied(missing)));
        };
        let grant = Permission::Granted(format!("http: [{rule}]").into());
        match self.secrets(asked, &target) {
            Ok(held) => (grant, Ok(held)),
            Err(why) => {
                // The step fails: what tries this once will try it again.
                self.watch.fail(Stop::Leak(why.clone()));
                (grant, Err(EgressError::Invalid(why)))
            }
        }
    }

    /// A plugin may not show the reason of a request that failed, so the log has it as well.
    fn say_missing(&self, grant: &str) {
        self.watch.warn(missing_grant(grant, &self.reach.grants_place));
    }

    /// The secrets whose placeholders are in the headers; an error where one heads elsewhere than it may.
    fn secrets(&self, asked: &Asked, target: &Target) -> Result<Vec<(String, Held)>, String> {
        let (mut held, place) = (Vec::new(), format!("{}:{}", target.host, target.port));
        let in_url = asked.uri.to_string();
        for (placeholder, secret) in self.placeholders.all() {
            let name = &secret.name;
            if contains(in_url.as_bytes(), placeholder.as_bytes()) || contains(&asked.body, placeholder.as_bytes()) {
                return Err(format!(
                    "the placeholder of secret `{name}` was to be sent in a URL or a body to {place}; \
                                    a secret travels in a header only"
                ));
            }
            if !asked.headers.iter().any(|(_, value)| contains(value, placeholder.as_bytes())) {
                continue;
            }
            if !secret.secret.is_bound_to(&target.host, target.port) {
                let hosts = secret.secret.hosts.join(", ");
                return Err(format!(
                    "the placeholder of secret `{name}` was to be sent to {place}, and it is bound to \
                                    [{hosts}]"
                ));
            }
            held.push((placeholder, secret));
        }
        Ok(held)
    }

    /// The answer, from the record or from the world; values that come back are placeholders again.
    async fn answer(
        &self,
        asked: Asked,
        values: Vec<(String, Held)>,
        arguments: &Json,
        options: Option<RequestOptions>,
    ) -> (Result<EgressResponse, EgressError>, Option<RecordedAnswer>) {
        if let Some(answers) = &self.reach.answers {
            let bytes = answers.next(INTERFACE, FUNCTION, arguments);
            let recorded = bytes.and_then(|bytes| answer::read(&bytes));
            return (recorded.unwrap_or_else(|| Err(self.unanswered())), None);
        }
        let (services, cancel) = (self.services.clone(), self.watch.cancel().clone());
        let request = self.request(asked, &values, options);
        let sending = tokio::task::spawn_blocking(move || {
            let result = services.egress.send(request, &cancel);
            (result, services)
        });
        let Ok((result, services)) = sending.await else {
            return (Err(EgressError::Connect("a thread of the host ended early".to_owned())), None);
        };
        let result = result.map(|response| without_values(response, &values, self.watch.mask()));
        let kept = answer::keep(&result, &*services.blobs);
        (result, Some(kept))
    }

    fn unanswered(&self) -> EgressError {
        let why = UNANSWERED.to_owned();
        self.watch.fail(Stop::Fault(why.clone()));
        EgressError::Connect(why)
    }

    fn request(&self, asked: Asked, values: &[(String, Held)], options: Option<RequestOptions>) -> EgressRequest {
        let Asked { method, uri, mut headers, body } = asked;
        if !values.is_empty() {
            // A compressed answer could bring a value back unseen.
            headers.retain(|(name, _)| name != "accept-encoding");
        }
        for (placeholder, held) in values {
            for (_, value) in &mut headers {
                let with = replaced(value, placeholder.as_bytes(), held.secret.value.expose());
                value.zeroize();
                *value = with;
            }
        }
        let first_byte_ms = options.and_then(|options| options.first_byte_timeout).map(|time| time.as_millis());
        let left_ms = self.watch.left_ms();
        let time_ms = first_byte_ms.and_then(|ms| u64::try_from(ms).ok()).map_or(left_ms, |ms| ms.min(left_ms));
        let rules = self.reach.grants.http.clone();
        let response_bytes_max = HTTP_RESPONSE_BYTES_MAX;
        EgressRequest { method, url: uri.to_string(), headers, body, rules, time_ms, response_bytes_max }
    }

    fn write_down(
        &self,
        began_us: u64,
        permission: Permission,
        arguments: Json,
        result: &Result<EgressResponse, EgressError>,
        answer: Option<RecordedAnswer>,
    ) {
        let sent = arguments["body-bytes"].as_u64().unwrap_or(0);
        let (result, got) = match result {
            Ok(response) => (shown_response(response), response.body.len() as u64),
            Err(error) => (json!({ "error": error.to_string() }), 0),
        };
        let (interface, function) = (INTERFACE.into(), FUNCTION.into());
        let call = FunctionCall { interface, function, arguments, result, bytes: sent + got, answer, blobs: Vec::new() };
        self.watch.record(began_us, permission, CallBody::Function(call));
    }
}

async fn read(request: http::Request<WasiBody>) -> Result<Asked, Error> {
    let (parts, body) = request.into_parts();
    let limited = http_body_util::Limited::new(body, HTTP_REQUEST_BYTES_MAX);
    let too_large = |_| Error::HttpRequestBodySize(Some(HTTP_REQUEST_BYTES_MAX as u64));
    let body = limited.collect().await.map_err(too_large)?.to_bytes().to_vec();
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
    let headers = parts.headers.iter().map(header).collect();
    Ok(Asked { method: parts.method.to_string(), uri: parts.uri, headers, body })
}

/// Values of headers are in the journal: a guest has placeholders at most, and masks take out the rest.
fn shown(asked: &Asked, number: u32) -> Json {
    let header = |(name, value): &(String, Vec<u8>)| json!([name, String::from_utf8_lossy(value)]);
    json!({
        "exchange": number,
        "method": asked.method,
        "url": asked.uri.to_string(),
        "headers": asked.headers.iter().map(header).collect::<Vec<_>>(),
        "body-bytes": asked.body.len(),
        "body": (!asked.body.is_empty()).then(|| Digest::of(&asked.body).to_string()),
    })
}

fn shown_response(response: &EgressResponse) -> Json {
    json!({
        "status": response.status,
        "body-bytes": response.body.len(),
        "peer": response.peer.map(|peer| peer.to_string()),
    })
}

/// The narrowest rule that would have allowed the request.
fn least(method: &str, target: &Target) -> String {
    let Target { scheme, host, port, path } = target;
    let text = format!("{method} {}://{}:{port}{path}", scheme.name(), bracketed(host));
    text.parse::<HttpRule>().map_or(text, |rule| rule.to_string())
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
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

/// A host that echoes a header back gives the guest its placeholder, in the plain form; other forms are masked.
fn without_values(mut response: EgressResponse, values: &[(String, Held)], mask: &Mask) -> EgressResponse {
    let clean = |bytes: &mut Vec<u8>| {
        for (placeholder, held) in values {
            let value = held.secret.value.expose();
            if !value.is_empty() && contains(bytes, value) {
                *bytes = replaced(bytes, value, placeholder.as_bytes());
            }
        }
        if let std::borrow::Cow::Owned(masked) = mask.bytes(bytes) {
            *bytes = masked;
        }
    };
    response.headers.iter_mut().for_each(|(_, value)| clean(value));
    // Its length may be another one now; the body is whole, so nobody needs to be told.
    response.headers.retain(|(name, _)| name != "content-length" || values.is_empty());
    clean(&mut response.body);
    response
}

/// What the guest gets.
fn response(answer: EgressResponse) -> Result<http::Response<WasiBody>, Error> {
    let mut response = http::Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(whole(answer.body)).map_err(|_| Error::HttpProtocolError)
}

/// The same error in the words of `wasi:http`.
fn told(error: &EgressError) -> Error {
    match error {
        EgressError::Denied(_) => Error::HttpRequestDenied,
        EgressError::Address(_) => Error::DestinationIpProhibited,
        EgressError::Invalid(_) => Error::HttpRequestUriInvalid,
        EgressError::Resolve(_) => Error::DestinationNotFound,
        EgressError::Connect(why) => Error::InternalError(Some(why.clone())),
        EgressError::Tls(_) => Error::TlsCertificateError,
        EgressError::TimedOut { .. } | EgressError::Cancelled => Error::HttpResponseTimeout,
        EgressError::TooLarge { bytes_max } => Error::HttpResponseBodySize(Some(*bytes_max as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_replaced() {
        assert_eq!(replaced(b"Bearer P, P", b"P", b"value"), b"Bearer value, value");
        assert_eq!(replaced(b"none", b"P", b"value"), b"none");
        assert!(contains(b"xPx", b"P") && !contains(b"", b"P"));
    }

    #[test]
    fn the_least_grant_names_method_host_port_and_path() {
        let uri = "http://api.example:8080/v1/x?q=1".parse().expect("a URL");
        assert_eq!(least("GET", &Target::of(&uri).expect("a target")), "GET http://api.example:8080/v1/x");
        let uri = "https://[::1]/".parse().expect("a URL");
        assert_eq!(least("POST", &Target::of(&uri).expect("a target")), "POST [::1]");
    }
}
