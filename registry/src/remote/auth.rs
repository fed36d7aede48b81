//! Logging in: Basic (RFC 7617), and Bearer tokens from the server that a challenge names (the distribution project's
//! token authentication specification).

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request};
use url::Url;

use super::credentials::Credential;
use super::endpoint::{is_private, may_lead};
use super::error::RemoteError;
use super::http::{Ask, HttpClient, Met, may_pass, retry_after};

/// What a token server answers.
const TOKEN_BYTES_MAX: u64 = 256 * 1024;
/// Logins that are remembered; beyond that they are asked for again.
const TOKENS_MAX: usize = 1024;
const CLIENT_ID: &str = "lockgate";

/// Values of `Authorization` that a registry took, by its root (scheme and host), repository and actions.
#[derive(Default)]
pub(super) struct Tokens(Mutex<BTreeMap<(String, String, &'static str), String>>);

impl Tokens {
    pub(super) fn get(&self, ask: &Ask<'_>) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key(ask)).cloned()
    }

    fn set(&self, ask: &Ask<'_>, value: String) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TOKENS_MAX {
            known.clear();
        }
        known.insert(key(ask), value);
    }
}

fn key(ask: &Ask<'_>) -> (String, String, &'static str) {
    (ask.endpoint.root(), ask.repository.to_owned(), ask.actions)
}

/// What a registry asks for (RFC 9110 section 11.6.1).
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl HttpClient {
    /// Answers a challenge; whether there is something new to answer with.
    pub(super) fn authenticate(&self, ask: &Ask<'_>, headers: &HeaderMap) -> Result<bool, Met> {
        let login = self.login(ask)?;
        if login.is_some() && !is_private(&ask.url) {
            return Err(unencrypted(ask, "the registry").into());
        }
        let value = match challenge(headers) {
            Some(Challenge::Bearer { realm, service, scope }) => {
                let scope = scope.unwrap_or_else(|| format!("repository:{}:{}", ask.repository, ask.actions));
                Some(format!("Bearer {}", self.token(ask, &realm, service.as_deref(), &scope, login.as_ref())?))
            }
            Some(Challenge::Basic) => match login {
                Some(Credential::Password { user, password }) => Some(basic(&user, &password)),
                Some(Credential::Refresh(_)) | None => None,
            },
            None => None,
        };
        let Some(value) = value else { return Ok(false) };
        HeaderValue::from_str(&value).map_err(|_| ask.protocol("its token holds bytes that no header may hold"))?;
        let is_new = self.tokens.get(ask).as_ref() != Some(&value);
        self.tokens.set(ask, value);
        Ok(is_new)
    }

    /// Whether this machine has a login for it.
    pub(super) fn has_login(&self, ask: &Ask<'_>) -> bool {
        self.login(ask).is_ok_and(|login| login.is_some())
    }

    fn login(&self, ask: &Ask<'_>) -> Result<Option<Credential>, RemoteError> {
        let registry = ask.endpoint.registry();
        let failed = |detail| RemoteError::Login { registry: registry.to_owned(), detail };
        self.credentials.find(registry, ask.repository).map_err(failed)
    }

    fn token(
        &self,
        ask: &Ask<'_>,
        realm: &str,
        service: Option<&str>,
        scope: &str,
        login: Option<&Credential>,
    ) -> Result<String, Met> {
        let mut url: Url = realm.parse().map_err(|_| ask.protocol(format!("its token server is `{realm}`")))?;
        // Whoever asks for a token shows the login to the token server: only where nobody listens.
        if !may_lead(&ask.url, &url) && (login.is_some() || url.origin() != ask.url.origin()) {
            return Err(unencrypted(ask, "its token server").into());
        }
        let mut fields: Vec<_> = service.map(|service| ("service", service)).into_iter().collect();
        fields.push(("scope", scope));
        let answer = match login {
            Some(Credential::Refresh(token)) => {
                fields.extend([("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("refresh_token", token)]);
                let form = form(&fields);
                let request = Request::builder().method(Method::POST).uri(url.as_str());
                let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                self.beside(ask, request.header(http::header::CONTENT_LENGTH, form.len()), form.as_bytes())?
            }
            other => {
                url.query_pairs_mut().extend_pairs(&fields);
                let mut request = Request::builder().method(Method::GET).uri(url.as_str());
                if let Some(Credential::Password { user, password }) = other {
                    request = request.header(AUTHORIZATION, basic(user, password));
                }
                self.beside(ask, request, &[])?
            }
        };
        read_token(ask, &url, answer, login.is_some())
    }
}

fn read_token(
    ask: &Ask<'_>,
    server: &Url,
    mut answer: http::Response<ureq::Body>,
    has_login: bool,
) -> Result<String, Met> {
    #[derive(serde::Deserialize)]
    struct Granted {
        token: Option<String>,
        access_token: Option<String>,
    }
    let (registry, what) = (ask.endpoint.registry().to_owned(), ask.what.clone());
    if may_pass(answer.status()) {
        let detail = format!(" (by its token server {})", server.authority());
        let error = RemoteError::Status { registry, what, status: answer.status().as_u16(), detail };
        return Err(Met::Later(retry_after(answer.headers()), Box::new(error)));
    }
    if !answer.status().is_success() {
        let detail = format!(" (its token server {} answered {})", server.authority(), answer.status().as_u16());
        return Err(RemoteError::Unauthorized { registry, what, has_login, detail }.into());
    }
    let mut bytes = Vec::new();
    let read = answer.body_mut().as_reader().take(TOKEN_BYTES_MAX).read_to_end(&mut bytes);
    read.map_err(|error| Met::Passing(Box::new(ureq::Error::Io(error))))?;
    let granted: Option<Granted> = serde_json::from_slice(&bytes).ok();
    let token = granted.and_then(|granted| granted.token.or(granted.access_token)).filter(|token| !token.is_empty());
    token.ok_or_else(|| ask.protocol("its token server gave no token").into())
}

/// The strongest challenge that can be answered. A header that cannot be read is as good as none.
fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let texts: Vec<_> = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect();
    let all: Vec<_> = texts.iter().filter_map(|text| http_auth::parse_challenges(text).ok()).flatten().collect();
    let bearer = all.iter().find(|one| one.scheme.eq_ignore_ascii_case("bearer")).and_then(|one| {
        let param = |wanted: &str| {
            let found = one.params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.to_unescaped())
        };
        Some(Challenge::Bearer { realm: param("realm")?, service: param("service"), scope: param("scope") })
    });
    let basic = || all.iter().any(|one| one.scheme.eq_ignore_ascii_case("basic")).then_some(Challenge::Basic);
    bearer.or_else(basic)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn unencrypted(ask: &Ask<'_>, whom: &str) -> RemoteError {
    let detail = format!("{whom} is not spoken to over an encrypted connection; write an https:// location");
    RemoteError::Login { registry: ask.endpoint.registry().to_owned(), detail }
}
