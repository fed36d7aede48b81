//! What may be written into a file of secrets or bound in a configuration: names, hosts, values, dates.

use std::net::{Ipv4Addr, Ipv6Addr};

use lockgate_model::ids::is_word;

use crate::limits::{HOST_BYTES_MAX, HOSTS_MAX, RECIPIENTS_MAX, SECRETS_MAX, VALUE_BYTES_MAX};

const SHOWN_CHARS_MAX: usize = 80;

/// Why something cannot be kept. Shows names and hosts, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No word.
    #[error(
        "`{0}` cannot name a secret: a name is a letter or `_`, then letters, digits, `-`, `_` or `.`, at most 100"
    )]
    Name(String),
    /// Nothing that a request could go to.
    #[error("a secret cannot be bound to `{host}`: {reason}; write `api.example` or `api.example:8443`")]
    Host {
        /// What was given.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Over the limit.
    #[error("a secret is bound to at most {HOSTS_MAX} hosts")]
    TooManyHosts,
    /// Most likely a variable that was not set.
    #[error("the value is empty; a secret has at least one byte")]
    Empty,
    /// Over the limit.
    #[error("the value has {0} bytes; a secret has at most {VALUE_BYTES_MAX}")]
    TooLarge(usize),
    /// Nobody could open it.
    #[error("there is no recipient; name at least one (`age1...`)")]
    NoRecipient,
    /// Over the limit.
    #[error("there are more than {RECIPIENTS_MAX} recipients")]
    TooManyRecipients,
    /// The text is not shown: it may be a private key.
    #[error("this is no recipient: one is written `age1` and 58 letters and digits, as `age-keygen -y` prints it")]
    Recipient,
    /// Most likely pasted from the wrong line.
    #[error("this is a private key, where its public part (`age1...`) belongs; treat the key as known to others")]
    PrivateKey,
    /// Named already.
    #[error("the recipient {0} stands there twice")]
    SameRecipient(String),
    /// Over the limit.
    #[error("a file keeps at most {SECRETS_MAX} secrets")]
    TooManySecrets,
    /// No date.
    #[error("`{0}` is no date; write year, month and day as 2026-11-27")]
    Date(String),
}

pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    if is_word(name) { Ok(()) } else { Err(Refusal::Name(shown(name))) }
}

pub(crate) fn check_hosts(hosts: &[String]) -> Result<(), Refusal> {
    if hosts.len() > HOSTS_MAX {
        return Err(Refusal::TooManyHosts);
    }
    hosts.iter().try_for_each(|host| check_host(host))
}

pub(crate) fn check_value(value: &[u8]) -> Result<(), Refusal> {
    match value.len() {
        0 => Err(Refusal::Empty),
        length if length > VALUE_BYTES_MAX => Err(Refusal::TooLarge(length)),
        _ => Ok(()),
    }
}

/// Year, month and day (RFC 3339, `full-date`); whether the month has such a day is not asked.
pub(crate) fn check_date(date: &str) -> Result<(), Refusal> {
    let bytes = date.as_bytes();
    let is_shaped = bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    let is_real = || ("01"..="12").contains(&&date[5..7]) && ("01"..="31").contains(&&date[8..]);
    if is_shaped && is_real() { Ok(()) } else { Err(Refusal::Date(shown(date))) }
}

/// Exactly what `Secret::is_bound_to` understands: what it would read otherwise would never match.
fn check_host(host: &str) -> Result<(), Refusal> {
    let refuse = |reason| Err(Refusal::Host { host: shown(host), reason });
    if host.len() > HOST_BYTES_MAX {
        return refuse("it is too long");
    }
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((name, "")) => (name, None),
            Some((name, rest)) if rest.starts_with(':') => (name, Some(&rest[1..])),
            _ => return refuse("a version 6 address ends with `]`, then its port"),
        },
        None => match host.split_once(':') {
            Some((name, port)) if !port.contains(':') => (name, Some(port)),
            _ => (host, None),
        },
    };
    if port.is_some_and(|port| !is_port(port)) {
        return refuse("a port is a number from 1 to 65535");
    }
    check_host_name(name).or_else(refuse)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0') && text.parse::<u16>().is_ok()
}

fn check_host_name(name: &str) -> Result<(), &'static str> {
    if name.contains(':') {
        let address: Ipv6Addr = name.parse().map_err(|_| "it is no version 6 address")?;
        let is_canonical = address.to_string() == name;
        return if is_canonical { Ok(()) } else { Err("a version 6 address is written in its short form") };
    }
    if name.is_empty() || name.split('.').any(str::is_empty) {
        return Err("a part of its name is empty");
    }
    if name.contains('*') {
        return Err("each host is named, there are no patterns");
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')) {
        return Err("only the host stands there, without scheme, user and path, in ASCII");
    }
    let is_numeric = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_numeric && name.parse::<Ipv4Addr>().is_err() {
        return Err("it is no version 4 address");
    }
    Ok(())
}

/// Foreign words as they may be shown: cut, and without anything that a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut cut: String = text.chars().take(SHOWN_CHARS_MAX).map(plain).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        cut.push_str("...");
    }
    cut
}

#[cfg(test)]
mod tests {
    use lockgate_ports::secrets::{Secret, SecretValue};

    use super::*;

    #[test]
    fn a_host_is_what_a_request_can_be_compared_with() {
        for (host, name, port) in [
            ("api.example", "api.example", 443),
            ("API.example:8443", "api.example", 8443),
            ("127.0.0.1:80", "127.0.0.1", 80),
            ("::1", "::1", 443),
            ("[::1]", "::1", 443),
            ("[2001:db8::1]:90", "2001:db8::1", 90),
        ] {
            check_host(host).unwrap();
            let secret = Secret { value: SecretValue::new(vec![1]), hosts: vec![host.to_owned()] };
            assert!(secret.is_bound_to(name, port), "{host}");
        }
    }

    #[test]
    fn what_would_never_match_is_no_host() {
        for host in [
            "",
            ".",
            "api.example.",
            "a..b",
            "*.example",
            "https://api.example",
            "api.example/path",
            "u@api.example",
            "api.example:",
            "api.example:0",
            "api.example:080",
            "api.example:65536",
            "api.example:+1",
            "käse.example",
            "300.1.1.1",
            "0:0:0:0:0:0:0:1",
            "[::1",
            "[::1]80",
            "[]",
            "a b",
        ] {
            assert!(matches!(check_host(host), Err(Refusal::Host { .. })), "{host}");
        }
        assert!(check_host(&"a".repeat(HOST_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_date_has_a_month_and_a_day() {
        for (date, is_one) in [
            ("2026-11-27", true),
            ("2026-13-01", false),
            ("2026-00-01", false),
            ("2026-1-1", false),
            ("2026-11-32", false),
        ] {
            assert_eq!(check_date(date).is_ok(), is_one, "{date}");
        }
    }

    #[test]
    fn limits_hold_from_both_sides() {
        assert!(check_value(&vec![0; VALUE_BYTES_MAX]).is_ok());
        assert_eq!(check_value(&vec![0; VALUE_BYTES_MAX + 1]), Err(Refusal::TooLarge(VALUE_BYTES_MAX + 1)));
        assert_eq!(check_value(&[]), Err(Refusal::Empty));
        let hosts = vec!["a.example".to_owned(); HOSTS_MAX + 1];
        assert!(check_hosts(&hosts[1..]).is_ok());
        assert_eq!(check_hosts(&hosts), Err(Refusal::TooManyHosts));
    }
}
