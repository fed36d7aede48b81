//! From a request to its handler: who asks, what for, whether that is allowed.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::authorize::{caller, refuse};
use super::query::Query;
use super::route::{Route, Thing, parse};
use super::{Code, Refusal, Registry, blobs, discovery, manifests, uploads};
use crate::access::Caller;
use crate::access::tokens::Scope;
use crate::name::Repository;

const PREFIX: &str = "/v2/";
const VERSION_HEADER: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// A request that is allowed, in a repository.
pub(crate) struct Asked {
    /// Where.
    pub(crate) repository: Repository,
    /// Who.
    pub(crate) caller: Caller,
    /// What comes after `?`.
    pub(crate) query: Query,
    /// How.
    method: Method,
    headers: HeaderMap,
}

impl Asked {
    /// A header, if it is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Bytes that are about to come, where the client says so.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.header(&header::CONTENT_LENGTH)?.parse().ok()
    }

    /// Whether only the head of the answer is wanted.
    pub(crate) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }
}

/// Fulfils or refuses a request.
pub(crate) async fn dispatch(
    registry: &Arc<Registry>,
    head: Parts,
    body: &mut Body,
    client: IpAddr,
) -> Result<Response, Refusal> {
    // Who asks comes first: a path tells nothing to those who may not see it.
    let caller = caller(registry, &head.headers, client).await?;
    let route = parse(head.uri.path().strip_prefix(PREFIX).unwrap_or_default());
    match route {
        Ok(Route::Base) => base(&head.method, &caller),
        Ok(Route::Of(repository, thing)) => {
            allow(registry, &caller, &repository, &thing, &head.method)?;
            let query = Query::of(&head.uri);
            let asked = Asked { repository, caller, query, method: head.method, headers: head.headers };
            handle(registry, thing, asked, body).await
        }
        Err(_) if matches!(caller, Caller::Anonymous { may_pull: false }) => Err(refuse(&caller)),
        Err(refusal) => Err(refusal),
    }
}

fn base(method: &Method, caller: &Caller) -> Result<Response, Refusal> {
    if ![Method::GET, Method::HEAD].contains(method) {
        return Err(not_served("GET, HEAD"));
    }
    // Asked here, a client learns how to log in, whether it needs to or not: it asks nowhere else.
    if matches!(caller, Caller::Anonymous { .. }) {
        return Err(refuse(caller));
    }
    Ok(([(VERSION_HEADER, "registry/2.0"), (header::CONTENT_TYPE, "application/json")], "{}").into_response())
}

fn allow(
    registry: &Registry,
    caller: &Caller,
    repository: &Repository,
    thing: &Thing,
    method: &Method,
) -> Result<(), Refusal> {
    let Some(scope) = thing.scope(method) else { return Err(not_served(thing.methods())) };
    if !caller.may(scope, repository) {
        return Err(refuse(caller));
    }
    if registry.settings.read_only && scope != Scope::Pull {
        let message = "this registry is read-only; push to the one that it is a copy of";
        return Err(Refusal::new(Code::Denied, message).with_status(StatusCode::METHOD_NOT_ALLOWED));
    }
    Ok(())
}

async fn handle(registry: &Arc<Registry>, thing: Thing, asked: Asked, body: &mut Body) -> Result<Response, Refusal> {
    let method = asked.method.clone();
    match thing {
        Thing::Blob(digest) if method == Method::DELETE => blobs::delete(registry, asked, digest).await,
        Thing::Blob(digest) if method == Method::HEAD => blobs::head(registry, asked, digest).await,
        Thing::Blob(digest) => blobs::get(registry, asked, digest).await,
        Thing::Uploads => uploads::begin(registry, asked, body).await,
        Thing::Upload(id) if method == Method::PATCH => uploads::append(registry, asked, id, body).await,
        Thing::Upload(id) if method == Method::PUT => uploads::finish(registry, asked, id, body).await,
        Thing::Upload(id) if method == Method::DELETE => uploads::cancel(registry, id).await,
        Thing::Upload(id) => uploads::status(registry, asked, id).await,
        Thing::Manifest(named) if method == Method::PUT => manifests::put(registry, asked, named, body).await,
        Thing::Manifest(named) if method == Method::DELETE => manifests::delete(registry, asked, named).await,
        Thing::Manifest(named) => manifests::get(registry, asked, named).await,
        Thing::Tags => discovery::tags(registry, asked).await,
        Thing::Referrers(digest) => discovery::referrers(registry, asked, digest).await,
    }
}

fn not_served(methods: &'static str) -> Refusal {
    Refusal::new(Code::Unsupported, format!("this is not done here; use {methods}"))
        .with_header(header::ALLOW, HeaderValue::from_static(methods))
}
