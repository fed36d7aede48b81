//! Who may do what, and how guessing is slowed.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::name::Repository;
use crate::settings::Access;
use tokens::{Grant, Scope};

pub(crate) mod guard;
pub(crate) mod tokens;

/// A request's `Authorization`: a token is 47 bytes, a user's name is free.
const AUTHORIZATION_BYTES_MAX: usize = 1_024;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Everybody may do everything.
    Anybody,
    /// Somebody without a token.
    Anonymous {
        /// Whether that is enough to pull.
        may_pull: bool,
    },
    /// The holder of a token.
    Holder(Grant),
}

impl Caller {
    /// Whether the caller may do this in this repository.
    pub(crate) fn may(&self, scope: Scope, repository: &Repository) -> bool {
        match self {
            Self::Anybody => true,
            Self::Anonymous { may_pull } => *may_pull && scope == Scope::Pull,
            Self::Holder(grant) => grant.allows(scope, repository.as_str()),
        }
    }
}

/// Who asks without a token.
pub(crate) fn without_token(access: Access) -> Caller {
    match access {
        Access::Open => Caller::Anybody,
        Access::Tokens { anonymous_pull } => Caller::Anonymous { may_pull: anonymous_pull },
    }
}

/// What a request shows (RFC 7617 and RFC 6750).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing. Clients without a login send an empty one where they were asked for any.
    Nothing,
    /// A token: as Bearer, or as the password of any user.
    Token(String),
    /// Something that holds no token.
    Unreadable,
}

/// What a request shows.
pub(crate) fn shown(headers: &HeaderMap) -> Shown {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Shown::Nothing };
    let text = value.to_str().ok().filter(|text| text.len() <= AUTHORIZATION_BYTES_MAX);
    let Some((scheme, rest)) = text.and_then(|text| text.split_once(' ')) else { return Shown::Unreadable };
    let token = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.trim().to_owned()),
        "basic" => password(rest.trim()),
        _ => None,
    };
    match token {
        Some(token) if token.is_empty() => Shown::Nothing,
        Some(token) => Shown::Token(token),
        None => Shown::Unreadable,
    }
}

fn password(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    Some(decoded.split_once(':')?.1.to_owned())
}

/// Who a client is for the guard: one customer of IPv6 has a whole /64 to guess from.
pub(crate) fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: &Shown) {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(shown(&headers), *expected, "{value}");
    }

    #[test]
    fn a_token_comes_as_bearer_or_as_password() {
        check("Bearer abc", &Shown::Token("abc".to_owned()));
        check(&format!("basic {}", STANDARD.encode("anyone:a:b")), &Shown::Token("a:b".to_owned()));
        check(&format!("Basic {}", STANDARD.encode(":")), &Shown::Nothing);
        check("Basic ***", &Shown::Unreadable);
        check("Digest abc", &Shown::Unreadable);
        check(&format!("Bearer {}", "a".repeat(AUTHORIZATION_BYTES_MAX)), &Shown::Unreadable);
        assert_eq!(shown(&HeaderMap::new()), Shown::Nothing);
    }

    #[test]
    fn a_network_of_one_customer_is_one_client() {
        let [one, same, other] =
            ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"].map(|text| client_of(text.parse().unwrap()));
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_eq!(client_of("::ffff:10.0.0.1".parse().unwrap()), client_of("10.0.0.1".parse().unwrap()));
    }
}
