//! One request by `wasi:http`.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme};
use wasip2::io::streams::StreamError;

use crate::http::{HttpError, Request, Response};

/// What is read at once.
const READ_BYTES: u64 = 256 * 1024;
/// What a stream takes at once.
const WRITE_BYTES: usize = 4096;

pub(crate) fn send(request: &Request) -> Result<Response, HttpError> {
    let outgoing = outgoing(request)?;
    let body = outgoing.body().map_err(|()| failed("the request has no body"))?;
    let options = options(request)?;
    let future = handle(outgoing, options).map_err(|code| failed(&format!("{code:?}")))?;
    write(body, &request.body)?;
    let answered = loop {
        match future.get() {
            Some(answered) => break answered.map_err(|()| failed("the answer was taken already"))?,
            None => future.subscribe().block(),
        }
    };
    let response = answered.map_err(|code| failed(&format!("{code:?}")))?;
    let (status, headers) = (response.status(), response.headers().entries());
    Ok(Response { status, headers, body: read(&response)? })
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, HttpError> {
    let refused = |what: &str| failed(&format!("{what} of {} {} is none", request.method, request.url));
    let (scheme, rest) = request.url.split_once("://").ok_or_else(|| refused("the scheme"))?;
    let (authority, path) = rest.find(['/', '?']).map_or((rest, "/"), |at| rest.split_at(at));
    let scheme = match scheme {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => return Err(refused("the scheme")),
    };
    let headers = Fields::from_list(&request.headers).map_err(|error| failed(&format!("a header: {error:?}")))?;
    let outgoing = OutgoingRequest::new(headers);
    outgoing.set_method(&method(&request.method)).map_err(|()| refused("the method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| refused("the scheme"))?;
    outgoing.set_authority(Some(authority)).map_err(|()| refused("the host"))?;
    outgoing.set_path_with_query(Some(path)).map_err(|()| refused("the path"))?;
    Ok(outgoing)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

fn options(request: &Request) -> Result<Option<RequestOptions>, HttpError> {
    let Some(timeout) = request.timeout else { return Ok(None) };
    let ns = timeout.as_ms().saturating_mul(1_000_000);
    let options = RequestOptions::new();
    options.set_first_byte_timeout(Some(ns)).map_err(|()| failed("the timeout is none"))?;
    Ok(Some(options))
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), HttpError> {
    let stream = body.write().map_err(|()| failed("the body cannot be written"))?;
    for chunk in bytes.chunks(WRITE_BYTES) {
        stream.blocking_write_and_flush(chunk).map_err(|error| failed(&format!("{error:?}")))?;
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|code| failed(&format!("{code:?}")))
}

fn read(response: &IncomingResponse) -> Result<Vec<u8>, HttpError> {
    let body = response.consume().map_err(|()| failed("the body was taken already"))?;
    let stream = body.stream().map_err(|()| failed("the body cannot be read"))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => return Err(failed(&error.to_debug_string())),
        }
    }
}

fn failed(why: &str) -> HttpError {
    HttpError(why.to_owned())
}
