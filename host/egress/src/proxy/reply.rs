//! Answers of the proxy itself.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use lockgate_ports::egress::EgressError;

/// The proxy's own words, or somebody's answer.
pub(super) type Reply = Response<Either<Full<Bytes>, Incoming>>;

/// Says why something is not done, in words for whoever reads the command's output.
pub(super) fn refuse(error: &EgressError, detail: Option<&str>) -> Reply {
    let detail = detail.map(|detail| format!("; {detail}")).unwrap_or_default();
    let mut reply = Response::new(Either::Left(Full::from(format!("{error}{detail}\n"))));
    *reply.status_mut() = status(error);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    close(&mut reply);
    reply
}

/// Nothing but that the tunnel begins.
pub(super) fn established() -> Reply {
    Response::new(Either::Left(Full::default()))
}

/// Each connection serves one request, so that it is one contact.
pub(super) fn close(reply: &mut Reply) {
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

fn status(error: &EgressError) -> StatusCode {
    match error {
        EgressError::Denied(_) | EgressError::Address(_) => StatusCode::FORBIDDEN,
        EgressError::Invalid(_) => StatusCode::BAD_REQUEST,
        EgressError::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
        EgressError::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        EgressError::Resolve(_) | EgressError::Connect(_) | EgressError::Tls(_) | EgressError::TooLarge { .. } => {
            StatusCode::BAD_GATEWAY
        }
    }
}
