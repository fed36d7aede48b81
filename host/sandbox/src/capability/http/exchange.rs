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
use serde_json::json;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::carried::{ask_plainly, carried, is_coded, put_values, without_values};
use super::traffic::Traffic;
use super::{Target, whole};
use crate::answer;
use crate::capability::secrets::{Held, Placeholders};
use crate::host::{Services, missing_grant};
use crate::reach::Reach;
use crate::stop::Stop;
use crate::watch::Watch;

const INTERFACE: &str = "http";
const FUNCTION: &str = "send";
/// What is said of an answer that could hide a value.
const CODED: &str = "the answer is coded although it was asked for as it is, so no secret could be found in it";

/// A request on its way.
pub(super) struct Exchange {
    /// Counts from 1 within the call: answers may come in another order than requests went.
    pub(super) number: u32,
    pub(super) watch: Arc<Watch>,
    pub(super) reach: Arc<Reach>,
    pub(super) services: Arc<Services>,
    pub(super) placeholders: Placeholders,
    pub(super) traffic: Traffic,
}

/// A request as the guest made it, its body whole.
struct Asked {
    method: String,
    uri: http::Uri,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Exchange {
    /// Takes the request in, then goes on by itself: a guest that no longer waits for its answer does not undo that it was
    /// sent, nor that it is written down.
    pub(super) async fn carry_out(
        self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<http::Response<WasiBody>, Error> {
        let asked = read(request).await?;
        let under_way = self.traffic.begin().ok_or(Error::ConnectionLimitReached)?;
        let going_on = tokio::spawn(async move {
            let answered = self.send(asked, options).await;
            drop(under_way);
            answered
        });
        going_on.await.unwrap_or_else(|_| Err(Error::InternalError(None)))
    }

    /// Sends the request, if it may be sent, and writes down what came of it.
    async fn send(self, asked: Asked, options: Option<RequestOptions>) -> Result<http::Response<WasiBody>, Error> {
        let began_us = self.watch.elapsed_us();
        let arguments = shown(&asked, self.number);
        let (permission, sent) = self.decide(&asked);
        let (result, kept) = match sent {
            Ok(values) => self.answer(asked, values, &arguments, options).await,
            Err(error) => (Err(error), None),
        };
        self.traffic.got(result.as_ref().map_or(0, |response| response.body.len()));
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

    fn secrets(&self, asked: &Asked, target: &Target) -> Result<Vec<(String, Held)>, String> {
        carried(self.placeholders.all(), (&asked.uri.to_string(), &asked.headers, &asked.body), target)
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
        let (services, cancel, gate) = (self.services.clone(), self.watch.cancel().clone(), self.reach.gate.clone());
        let request = self.request(asked, &values, options);
        let sending = tokio::task::spawn_blocking(move || {
            let result = match gate.pass(&cancel) {
                true => services.egress.send(request, &cancel),
                false => Err(EgressError::Cancelled),
            };
            (result, services)
        });
        let Ok((result, services)) = sending.await else {
            return (Err(EgressError::Connect("a thread of the host ended early".to_owned())), None);
        };
        // Any request of a call that holds a secret may bring back what an earlier one has left.
        let result = result.and_then(|response| match self.placeholders.is_empty() || !is_coded(&response) {
            true => Ok(without_values(response, &values, self.watch.mask())),
            false => Err(EgressError::Connect(CODED.to_owned())),
        });
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
        if !self.placeholders.is_empty() {
            ask_plainly(&mut headers);
        }
        put_values(&mut headers, values);
        let first_byte_ms = options.and_then(|options| options.first_byte_timeout).map(|time| time.as_millis());
        let left_ms = self.watch.left_ms();
        let time_ms = first_byte_ms.and_then(|ms| u64::try_from(ms).ok()).map_or(left_ms, |ms| ms.min(left_ms));
        let rules = self.reach.grants.http.clone();
        let response_bytes_max = HTTP_RESPONSE_BYTES_MAX.min(self.traffic.room_bytes());
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
        let call =
            FunctionCall { interface, function, arguments, result, bytes: sent + got, answer, blobs: Vec::new() };
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
    fn the_least_grant_names_method_host_port_and_path() {
        let uri = "http://api.example:8080/v1/x?q=1".parse().expect("a URL");
        assert_eq!(least("GET", &Target::of(&uri).expect("a target")), "GET http://api.example:8080/v1/x");
        let uri = "https://[::1]/".parse().expect("a URL");
        assert_eq!(least("POST", &Target::of(&uri).expect("a target")), "POST [::1]");
    }
}
