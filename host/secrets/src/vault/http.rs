//! One exchange with Vault: bounded in time and bytes, never sent on to another address.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use ureq::http::{Request, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::Url;
use zeroize::Zeroizing;

use super::{Ask, VaultFault, answer};
use crate::disk::read_stream;
use crate::limits::{ANSWER_BYTES_MAX, VAULT_CONNECT_MS_MAX};

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// Vault wants to see that nobody was tricked into asking (Vault's documentation, "HTTP API", "Required headers").
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");
const USER_AGENT: &str = concat!("lockgate/", env!("CARGO_PKG_VERSION"));

/// TLS by rustls with the system's certificates, proxies by the usual environment variables.
pub(super) fn agent(is_plain: bool, call_ms_max: u64) -> Agent {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let mut config = Agent::config_builder()
        .tls_config(tls.unversioned_rustls_crypto_provider(provider).build())
        .user_agent(USER_AGENT)
        .http_status_as_error(false)
        .max_redirects(0)
        // Secrets are asked for seldom: a kept connection would be a stale one.
        .max_idle_connections(0)
        .timeout_connect(Some(Duration::from_millis(VAULT_CONNECT_MS_MAX)))
        .timeout_global(Some(Duration::from_millis(call_ms_max)));
    if is_plain {
        // What is not encrypted is for this machine alone, and a proxy may be another.
        config = config.proxy(None);
    }
    config.build().new_agent()
}

/// The body of a good answer; it is wiped.
pub(super) fn send(agent: &Agent, ask: &Ask) -> Result<Zeroizing<Vec<u8>>, VaultFault> {
    let answer = agent.run(request(ask)?).map_err(|error| VaultFault::Unreachable(Box::new(error)))?;
    let (parts, mut body) = answer.into_parts();
    if parts.status.is_redirection() {
        return Err(VaultFault::Redirect { to: target(&ask.url, &parts.headers) });
    }
    let body = read_body(&mut body)?;
    match parts.status {
        StatusCode::OK if is_json(&parts.headers) => Ok(body),
        StatusCode::OK => Err(VaultFault::NotVault),
        status => Err(answer::refusal(status.as_u16(), &body, &ask.token)),
    }
}

fn request(ask: &Ask) -> Result<Request<()>, VaultFault> {
    let mut token = HeaderValue::from_bytes(ask.token.expose()).map_err(|_| VaultFault::NotAToken)?;
    token.set_sensitive(true);
    let mut request = Request::get(ask.url.as_str()).header(TOKEN, token).header(REQUEST, "true");
    if let Some(namespace) = &ask.namespace {
        let namespace = HeaderValue::from_str(namespace).map_err(|_| VaultFault::Namespace)?;
        request = request.header(NAMESPACE, namespace);
    }
    // Only the URL can be wrong by now, and it came from a URL.
    request.body(()).map_err(|_| VaultFault::Address)
}

fn read_body(body: &mut Body) -> Result<Zeroizing<Vec<u8>>, VaultFault> {
    let read = read_stream(body.as_reader(), ANSWER_BYTES_MAX).map_err(VaultFault::Broken)?;
    read.ok_or(VaultFault::TooLarge)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Scheme, host and port only: the rest of it is a stranger's text.
fn target(from: &Url, headers: &HeaderMap) -> String {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let to = location.and_then(|location| from.join(location).ok());
    to.map_or_else(|| "nowhere".to_owned(), |to| to.origin().ascii_serialization())
}
