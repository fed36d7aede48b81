//! A plugin's request, checked before anything is opened for it.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::Full;
use lockgate_ports::egress::{EgressError, EgressRequest};

use crate::headers;
use crate::permit::Permit;
use crate::settings::Settings;
use crate::target::Target;

/// A request that may be sent.
pub(crate) struct Order {
    pub(crate) target: Target,
    pub(crate) permit: Permit,
    /// As the client wants it: an absolute URI, no `Host`.
    pub(crate) request: Request<Full<Bytes>>,
    pub(crate) response_bytes_max: usize,
}

impl Order {
    /// Checks form, grants, headers and size, in this order.
    pub(crate) fn check(request: EgressRequest, settings: &Settings) -> Result<Self, EgressError> {
        let target = Target::of_url(&request.url)?;
        let method = read_method(&request.method)?;
        let permit = Permit::of_request(&request.rules, method.as_str(), &target)?;
        let mut headers = headers::of_request(&request.headers, request.body.len(), settings)?;
        if request.body.len() > settings.request_bytes_max {
            let (len, bytes_max) = (request.body.len(), settings.request_bytes_max);
            return Err(invalid(&format!("its body has {len} bytes, more than {bytes_max}")));
        }
        declare_length(&mut headers, &method, request.body.len());
        let uri: Uri = target.url.parse().map_err(|source| invalid(&format!("its URL cannot be sent: {source}")))?;
        let mut sent = Request::new(Full::new(Bytes::from(request.body)));
        (*sent.method_mut(), *sent.uri_mut(), *sent.headers_mut()) = (method, uri, headers);
        Ok(Self { target, permit, request: sent, response_bytes_max: request.response_bytes_max })
    }
}

/// Some servers refuse a method that usually has a body when no length is told (RFC 9110, section 8.6).
fn declare_length(headers: &mut HeaderMap, method: &Method, len: usize) {
    if len > 0 || [Method::POST, Method::PUT, Method::PATCH].contains(method) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
    }
}

/// `CONNECT` would make a tunnel of the connection, and `TRACE` sends back what the host put into headers.
fn read_method(text: &str) -> Result<Method, EgressError> {
    let shown = text.escape_default();
    let is_upper = !text.bytes().any(|byte| byte.is_ascii_lowercase());
    let method = Method::from_bytes(text.as_bytes()).ok().filter(|_| is_upper);
    let method = method.ok_or_else(|| invalid(&format!("its method `{shown}` is no upper case word")))?;
    if [Method::CONNECT, Method::TRACE].contains(&method) {
        return Err(invalid(&format!("the method `{shown}` is sent for nobody")));
    }
    Ok(method)
}

fn invalid(why: &str) -> EgressError {
    EgressError::Invalid(format!("the request is not sent: {why}"))
}
