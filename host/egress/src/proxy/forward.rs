//! Plain requests with an absolute URL (RFC 9112, section 3.2.2): looked into, then passed on over a connection of
//! their own.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::Either;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lockgate_model::grant::Scheme;
use lockgate_ports::egress::EgressError;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connection::{Refused, connect};
use super::reply::{Reply, close};
use super::session::Session;
use crate::headers::end_to_end;
use crate::permit::Permit;
use crate::target::Target;

/// Passes a request on, and its answer back.
pub(super) async fn send(session: &Arc<Session>, request: Request<Incoming>) -> Result<Reply, Refused> {
    let target = Target::of_url(&request.uri().to_string())?;
    if target.scheme == Scheme::Https || request.method() == Method::CONNECT {
        let why = "a request over TLS goes through a tunnel: send `CONNECT host:port`";
        return Err(EgressError::Invalid(why.to_owned()).into());
    }
    session.begin(request.method().as_str(), &target.site, Some(&target.path))?;
    let permit = Permit::of_request(&session.shared.rules, request.method().as_str(), &target)?;
    let request = passed_on(request, &target)?;
    let stream = connect(session, &target.site, &permit).await?;
    let answer = exchange(session, stream, request, &target).await?;
    Ok(passed_back(answer))
}

/// As the host wants it: its path, its own name, and nothing that belongs to the connection to the proxy.
fn passed_on(request: Request<Incoming>, target: &Target) -> Result<Request<Incoming>, EgressError> {
    let unsendable =
        |source: &dyn std::fmt::Display| EgressError::Invalid(format!("the request is not sent: {source}"));
    let (head, body) = request.into_parts();
    let uri: Uri = target.url.parse().map_err(|source| unsendable(&source))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let mut headers = kept(&head.headers, body.size_hint().exact());
    // The proxy has already asked the command for its body.
    headers.remove(EXPECT);
    headers.insert(HOST, HeaderValue::from_str(host).map_err(|source| unsendable(&source))?);
    let mut sent = Request::new(body);
    *sent.method_mut() = head.method;
    *sent.uri_mut() = path.parse().map_err(|source| unsendable(&source))?;
    *sent.headers_mut() = headers;
    Ok(sent)
}

/// How long a body is was understood once, by the parser; each side is told what that was.
fn kept(headers: &HeaderMap, body_len: Option<u64>) -> HeaderMap {
    let pairs = end_to_end(headers).map(|(name, value)| (name.clone(), value.clone()));
    let mut kept = HeaderMap::with_capacity(headers.len());
    pairs.for_each(|(name, value)| {
        kept.append(name, value);
    });
    let had_length = kept.remove(CONTENT_LENGTH).is_some();
    if let Some(len) = body_len.filter(|_| had_length) {
        kept.insert(CONTENT_LENGTH, HeaderValue::from(len));
    }
    kept
}

async fn exchange(
    session: &Session,
    stream: TcpStream,
    request: Request<Incoming>,
    target: &Target,
) -> Result<Response<Incoming>, EgressError> {
    let settings = &session.shared.settings;
    let broken = |source: hyper::Error| EgressError::Connect(format!("`{}` gave no answer: {source}", target.site));
    let mut builder = http1::Builder::new();
    builder.max_headers(settings.headers_max).max_buf_size(settings.header_bytes_max);
    let (mut sender, driver) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
    session.drive(async move {
        // What breaks here is told to whoever waits for the answer.
        let _ = driver.await;
    });
    let time_ms = settings.proxy.idle_ms;
    let answered = timeout(Duration::from_millis(time_ms), sender.send_request(request)).await;
    let answer = answered.map_err(|_| EgressError::TimedOut { time_ms })?.map_err(broken)?;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(EgressError::Connect(format!("`{}` wants to speak another protocol", target.site)));
    }
    Ok(answer)
}

fn passed_back(answer: Response<Incoming>) -> Reply {
    let (mut head, body) = answer.into_parts();
    let is_without_body = body.is_end_stream();
    let length = head.headers.get(CONTENT_LENGTH).cloned();
    head.headers = kept(&head.headers, body.size_hint().exact());
    // An answer to HEAD, or 304, tells the length of a body that does not come.
    if let Some(length) = length.filter(|_| is_without_body) {
        head.headers.insert(CONTENT_LENGTH, length);
    }
    head.version = Version::HTTP_11;
    let mut reply = Response::from_parts(head, Either::Right(body));
    close(&mut reply);
    reply
}
