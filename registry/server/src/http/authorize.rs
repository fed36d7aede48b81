//! Who asks: looked up for each request, so that a token that was removed is refused at once.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};

use super::{Code, Refusal, Registry};
use crate::access::tokens::{Tokens, TokensError};
use crate::access::{Caller, Shown, shown, without_token};
use crate::settings::{Access, Event};

const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"lockgate registry\", charset=\"UTF-8\"");

/// Who asks. A client that guesses is not even heard for a while.
pub(crate) async fn caller(registry: &Arc<Registry>, headers: &HeaderMap, client: IpAddr) -> Result<Caller, Refusal> {
    let access = registry.settings.access;
    let secret = match shown(headers) {
        // Where everybody may do everything, a login from elsewhere does no harm.
        _ if access == Access::Open => return Ok(Caller::Anybody),
        Shown::Nothing => return Ok(without_token(access)),
        Shown::Token(secret) => Some(secret),
        Shown::Unreadable => None,
    };
    let wait_ms = registry.guard.wait_ms(client, registry.now());
    if wait_ms > 0 {
        return Err(wait(wait_ms));
    }
    let grant = match secret {
        Some(secret) => registry.on_disk(move |registry| find(registry, &secret)).await??,
        None => None,
    };
    match grant {
        Some(grant) => {
            registry.guard.succeeded(client);
            Ok(Caller::Holder(grant))
        }
        None => Err(failed(registry, client)),
    }
}

fn find(registry: &Registry, secret: &str) -> Result<Option<crate::access::tokens::Grant>, Refusal> {
    Tokens::of(&registry.settings.folder).grant_of(secret).map_err(|error| match error {
        TokensError::Fault(fault) => fault.into(),
        _ => Refusal::internal("the registry's list of tokens cannot be read; whoever runs the registry must mend it"),
    })
}

fn failed(registry: &Registry, client: IpAddr) -> Refusal {
    let failures = registry.guard.failed(client, registry.now());
    registry.settings.host.report(&Event::LoginFailed { client, failures });
    challenge("this token is not known; log in again with one that was not removed")
}

fn wait(wait_ms: u64) -> Refusal {
    let seconds = wait_ms.div_ceil(1_000);
    let message = format!("too many unknown tokens came from this address; try again in {seconds} s");
    Refusal::new(Code::TooManyRequests, message).with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

/// Refuses a caller who may not do this: to log in helps only those who did not.
pub(crate) fn refuse(caller: &Caller) -> Refusal {
    match caller {
        Caller::Holder(_) => {
            Refusal::new(Code::Denied, "this token does not grant that; ask for one whose scope and prefix do")
        }
        Caller::Anybody | Caller::Anonymous { .. } => {
            challenge("log in first; any user name goes, the password is a token of this registry")
        }
    }
}

fn challenge(message: &str) -> Refusal {
    Refusal::new(Code::Unauthorized, message).with_header(header::WWW_AUTHENTICATE, CHALLENGE)
}
