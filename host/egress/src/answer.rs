//! An answer, taken whole and within limits.

use std::net::SocketAddr;

use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use lockgate_ports::egress::{EgressError, EgressResponse};

use crate::headers::end_to_end;
use crate::settings::Settings;

/// Reads an answer. What may come behind a body (trailers, RFC 9110, section 6.5) is read over.
pub(crate) async fn take(
    answer: Response<Incoming>,
    peer: SocketAddr,
    bytes_max: usize,
    settings: &Settings,
) -> Result<EgressResponse, EgressError> {
    let (head, body) = answer.into_parts();
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(EgressError::Connect(format!("{peer} wants to speak another protocol, which nobody asked for")));
    }
    let headers = take_headers(&head.headers, settings)?;
    let body = take_body(body, peer, bytes_max).await?;
    Ok(EgressResponse { status: head.status.as_u16(), headers, body, peer: Some(peer) })
}

/// HTTP/1.1 is limited while it is read; HTTP/2 may be compressed, so the length is looked at here for both.
fn take_headers(headers: &HeaderMap, settings: &Settings) -> Result<Vec<(String, Vec<u8>)>, EgressError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > settings.header_bytes_max || headers.len() > settings.headers_max {
        return Err(EgressError::TooLarge { bytes_max: settings.header_bytes_max });
    }
    let kept = end_to_end(headers);
    Ok(kept.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect())
}

async fn take_body(mut body: Incoming, peer: SocketAddr, bytes_max: usize) -> Result<Vec<u8>, EgressError> {
    let too_large = || EgressError::TooLarge { bytes_max };
    let announced = usize::try_from(body.size_hint().lower()).map_err(|_| too_large())?;
    if announced > bytes_max {
        return Err(too_large());
    }
    let mut taken = Vec::new();
    while let Some(frame) = body.frame().await {
        let broken = |source| EgressError::Connect(format!("{peer} broke off in the middle of its answer: {source}"));
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if data.len() > bytes_max - taken.len() {
            return Err(too_large());
        }
        taken.extend_from_slice(&data);
    }
    Ok(taken)
}
