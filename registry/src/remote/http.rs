//! One HTTP exchange with a registry, as often as it takes: logins, redirects, retries, limits.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, DATE, HeaderName, LOCATION, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, SendBody};
use url::Url;

use super::auth::Tokens;
use super::credentials::{Credentials, Logins};
use super::endpoint::{Endpoint, may_lead};
use super::error::RemoteError;
use super::retry::Patience;

/// Redirects of one request that are followed.
const REDIRECTS_MAX: usize = 5;
/// What is read of an answer that says why something failed.
const ERROR_BYTES_MAX: u64 = 16 * 1024;
/// What is shown of it.
const ERROR_CHARS_MAX: usize = 300;

const CONNECT_MS_MAX: u64 = 10_000;
const ANSWER_MS_MAX: u64 = 60_000;
const CALL_MS_MAX: u64 = 600_000;
const USER_AGENT: &str = concat!("lockgate/", env!("CARGO_PKG_VERSION"));

/// What a client is made of.
#[derive(Clone)]
pub struct HttpSettings {
    /// Retries.
    pub patience: Patience,
    /// Logins.
    pub credentials: Arc<dyn Credentials>,
    /// How long a registry may send nothing in the middle of an answer.
    pub silence_ms_max: u64,
}

impl HttpSettings {
    /// The logins of container tools, 30 s of silence, and the usual patience.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { patience: Patience::new(seed), credentials: Arc::new(Logins), silence_ms_max: 30_000 }
    }
}

/// Speaks HTTP/1.1 with registries: TLS by rustls with the system's certificates, proxies by the usual environment
/// variables, connections kept for the next request.
pub struct HttpClient {
    agent: Agent,
    pub(super) patience: Patience,
    pub(super) credentials: Arc<dyn Credentials>,
    pub(super) tokens: Tokens,
}

/// A request, and what it needs to be sent more than once.
pub(super) struct Ask<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) repository: &'a str,
    /// `pull` or `pull,push` (token authentication specification, "Resource Scope").
    pub(super) actions: &'static str,
    /// What is being done, after "cannot" or "asked to".
    pub(super) what: String,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Option<Payload<'a>>,
    /// How often it may be sent.
    pub(super) tries_max: u32,
}

/// Bytes to send, and who is told of each piece.
#[derive(Clone, Copy)]
pub(super) struct Payload<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) sent: &'a dyn Fn(u64),
}

/// Why an exchange gave no answer.
pub(super) enum Met {
    /// It may go better the next time.
    Passing(Box<ureq::Error>),
    /// The registry's token server wants to be asked later; the error is for when it has been asked often enough.
    Later(Option<Duration>, Box<RemoteError>),
    /// It will not.
    Final(Box<RemoteError>),
}

impl From<RemoteError> for Met {
    fn from(error: RemoteError) -> Self {
        Self::Final(Box::new(error))
    }
}

impl HttpClient {
    /// A client without any connection yet.
    #[must_use]
    pub fn new(settings: HttpSettings) -> Self {
        let HttpSettings { patience, credentials, silence_ms_max } = settings;
        let silence = Duration::from_millis(silence_ms_max);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
        let config = Agent::config_builder()
            .tls_config(tls.unversioned_rustls_crypto_provider(provider).build())
            .user_agent(USER_AGENT)
            .http_status_as_error(false)
            // Each hop is decided here, with its credentials.
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_millis(CONNECT_MS_MAX)))
            .timeout_recv_response(Some(Duration::from_millis(ANSWER_MS_MAX)))
            .timeout_per_read(Some(silence))
            .timeout_per_write(Some(silence))
            .timeout_per_call(Some(Duration::from_millis(CALL_MS_MAX)))
            .build();
        Self { agent: config.new_agent(), patience, credentials, tokens: Tokens::default() }
    }

    /// Sends until there is an answer that another try would not change. Its status is the caller's to judge.
    pub(super) fn send(&self, ask: &Ask<'_>) -> Result<Response<Body>, RemoteError> {
        let mut attempt = 1;
        loop {
            let is_last = attempt >= ask.tries_max;
            match self.once(ask) {
                Ok(answer) if !may_pass(answer.status()) || is_last => return Ok(answer),
                Ok(answer) => self.patience.pause(attempt, retry_after(answer.headers())),
                Err(Met::Final(error)) => return Err(*error),
                Err(Met::Later(_, error)) if is_last => return Err(*error),
                Err(Met::Later(asked, _)) => self.patience.pause(attempt, asked),
                Err(Met::Passing(source)) if is_last || !is_passing(&source) => {
                    let (registry, what) = (ask.endpoint.registry().to_owned(), ask.what.clone());
                    return Err(RemoteError::Unreachable { registry, what, attempts: attempt, source });
                }
                Err(Met::Passing(_)) => self.patience.pause(attempt, None),
            }
            attempt += 1;
        }
    }

    /// As `send`, for an answer that must have one of these statuses.
    pub(super) fn expect(&self, ask: &Ask<'_>, wanted: &[StatusCode]) -> Result<Response<Body>, RemoteError> {
        let mut answer = self.send(ask)?;
        if wanted.contains(&answer.status()) { Ok(answer) } else { Err(self.refusal(ask, &mut answer)) }
    }

    /// What an answer with another status than the wanted ones means.
    pub(super) fn refusal(&self, ask: &Ask<'_>, answer: &mut Response<Body>) -> RemoteError {
        let detail = words(answer.body_mut());
        let (registry, what) = (ask.endpoint.registry().to_owned(), ask.what.clone());
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let has_login = self.has_login(ask);
                RemoteError::Unauthorized { registry, what, has_login, detail }
            }
            status => {
                let tries = if may_pass(status) { format!(" ({} tries)", ask.tries_max) } else { String::new() };
                RemoteError::Status { registry, what, status: status.as_u16(), detail: format!("{detail}{tries}") }
            }
        }
    }

    /// One request, with the login that it turns out to need and the redirects that it meets.
    fn once(&self, ask: &Ask<'_>) -> Result<Response<Body>, Met> {
        let home = ask.url.origin();
        let (mut url, mut has_asked, mut hops) = (ask.url.clone(), false, 0);
        loop {
            // A login is for the registry's own origin; another one may be anybody's.
            let is_home = url.origin() == home;
            let login = if is_home { self.tokens.get(ask) } else { None };
            let answer = self.exchange(ask, &url, login.as_deref())?;
            if answer.status() == StatusCode::UNAUTHORIZED && is_home && !has_asked {
                has_asked = true;
                if self.authenticate(ask, answer.headers())? {
                    continue;
                }
            }
            let is_read = ask.method == Method::GET || ask.method == Method::HEAD;
            if !is_redirect(answer.status()) || !is_read {
                return Ok(answer);
            }
            hops += 1;
            url = next_hop(ask, &url, answer.headers(), hops)?;
        }
    }

    fn exchange(&self, ask: &Ask<'_>, url: &Url, login: Option<&str>) -> Result<Response<Body>, Met> {
        let mut request = Request::builder().method(ask.method.clone()).uri(url.as_str());
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, login);
        }
        let Some(payload) = ask.body else { return self.run(ask, request, SendBody::none()) };
        let mut reader = Told { rest: payload.bytes, done: 0, sent: payload.sent };
        request = request.header(CONTENT_LENGTH, payload.bytes.len());
        self.run(ask, request, SendBody::from_reader(&mut reader))
    }

    fn run(&self, ask: &Ask<'_>, request: http::request::Builder, body: SendBody<'_>) -> Result<Response<Body>, Met> {
        let request = request.body(body).map_err(|error| ask.protocol(error.to_string()))?;
        self.agent.run(request).map_err(|error| Met::Passing(Box::new(error)))
    }

    /// A request beside the registry, to the server that gives tokens.
    pub(super) fn beside(
        &self,
        ask: &Ask<'_>,
        request: http::request::Builder,
        body: &[u8],
    ) -> Result<Response<Body>, Met> {
        if body.is_empty() {
            return self.run(ask, request, SendBody::none());
        }
        let mut rest = body;
        self.run(ask, request, SendBody::from_reader(&mut rest))
    }
}

impl Ask<'_> {
    /// An answer that makes no sense.
    pub(super) fn protocol(&self, detail: impl Into<String>) -> RemoteError {
        let (registry, what) = (self.endpoint.registry().to_owned(), self.what.clone());
        RemoteError::Protocol { registry, what, detail: detail.into() }
    }

    fn redirect(&self, reason: impl Into<String>) -> RemoteError {
        let (registry, what) = (self.endpoint.registry().to_owned(), self.what.clone());
        RemoteError::Redirect { registry, what, reason: reason.into() }
    }
}

/// Tells how much of a body is under way.
struct Told<'a> {
    rest: &'a [u8],
    done: u64,
    sent: &'a dyn Fn(u64),
}

impl Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.rest.read(buffer)?;
        self.done += count as u64;
        (self.sent)(self.done);
        Ok(count)
    }
}

fn next_hop(ask: &Ask<'_>, from: &Url, headers: &HeaderMap, hops: usize) -> Result<Url, RemoteError> {
    if hops > REDIRECTS_MAX {
        return Err(ask.redirect(format!("more than {REDIRECTS_MAX} times")));
    }
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let to = location.and_then(|location| from.join(location).ok());
    let to = to.ok_or_else(|| ask.redirect("without saying where to"))?;
    // An address of this machine is followed only from this machine: nobody else may aim requests at it.
    let is_same = to.scheme() == "http" && to.origin() == from.origin();
    if may_lead(from, &to) || is_same {
        return Ok(to);
    }
    Err(ask.redirect(format!(
        "to an address that is not encrypted, or this machine's own ({})",
        to.origin().ascii_serialization()
    )))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Statuses that say "not now" (RFC 9110 section 15.6, RFC 6585 section 4).
pub(super) fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

fn is_passing(error: &ureq::Error) -> bool {
    use ureq::Error;
    matches!(error, Error::Io(_) | Error::Timeout(_) | Error::ConnectionFailed | Error::Protocol(_))
}

/// `Retry-After` in seconds, or as a date beside the answer's own `Date`: this machine's clock is not asked.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let asked = text(RETRY_AFTER)?.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(asked).ok()?;
    until.duration_since(httpdate::parse_http_date(text(DATE)?).ok()?).ok()
}

/// What a registry says of a failure (distribution specification, "Error Codes"), cleaned for a terminal.
fn words(body: &mut Body) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: Vec<Said>,
    }
    #[derive(serde::Deserialize)]
    struct Said {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let mut bytes = Vec::new();
    // An answer that breaks off says as much as has come.
    let _ = body.as_reader().take(ERROR_BYTES_MAX).read_to_end(&mut bytes);
    let said = serde_json::from_slice::<Errors>(&bytes).map(|found| found.errors).unwrap_or_default();
    let said: Vec<_> = said.iter().map(|one| format!("{} {}", one.code, one.message).trim().to_owned()).collect();
    let said: String = said.join("; ").chars().filter(|c| !c.is_control()).take(ERROR_CHARS_MAX).collect();
    if said.is_empty() { said } else { format!(" ({said})") }
}
