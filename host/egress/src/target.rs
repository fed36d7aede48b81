//! Where a request goes, read strictly: a text that two programs could read in two ways is none.

use std::fmt;
use std::net::IpAddr;

use lockgate_model::grant::Scheme;
use lockgate_ports::egress::EgressError;
use url::{Host, Url};

const URL_BYTES_MAX: usize = 16 * 1024;
const HOST_BYTES_MAX: usize = 253;

/// A host and a port, as rules name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    /// Lower case; a version 6 address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Where the host is an address itself, however it was written.
    pub(crate) address: Option<IpAddr>,
}

/// What a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) site: Site,
    /// With dots resolved, as it is sent; without its query.
    pub(crate) path: String,
    /// The whole of it, as it is sent.
    pub(crate) url: String,
}

impl Target {
    /// Reads a URL.
    pub(crate) fn of_url(text: &str) -> Result<Self, EgressError> {
        let scheme = check_form(text).map_err(|why| invalid(text, why))?;
        let url = Url::parse(text).map_err(|source| invalid(text, &source.to_string()))?;
        if url.fragment().is_some() {
            return Err(invalid(text, "it has a fragment, which is never sent; leave `#` and what follows away"));
        }
        let host = url.host().map(|host| host.to_owned());
        let port = url.port_or_known_default().filter(|port| *port != 0);
        let site = Site::new(host, port).map_err(|why| invalid(text, why))?;
        Ok(Self { scheme, site, path: url.path().to_owned(), url: url.into() })
    }
}

impl Site {
    /// Reads `HOST:PORT`, as `CONNECT` has it (RFC 9112, section 3.2.3).
    pub(crate) fn of_authority(text: &str) -> Result<Self, EgressError> {
        let refused = |why: &str| EgressError::Invalid(format!("`{text}` is no host with a port: {why}"));
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'/' | b'\\' | b'%')) {
            return Err(refused("it holds what belongs to no host"));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| refused("it has no port"))?;
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse::<u16>().ok().filter(|port| is_number && *port != 0);
        let host = Host::parse(host).map_err(|source| refused(&source.to_string()))?;
        Self::new(Some(host), port).map_err(refused)
    }

    fn new(host: Option<Host<String>>, port: Option<u16>) -> Result<Self, &'static str> {
        let (host, address) = match host.ok_or("it has no host")? {
            Host::Domain(name) if is_name(&name) => (name, None),
            Host::Domain(_) => return Err("its host is no name"),
            Host::Ipv4(address) => (address.to_string(), Some(IpAddr::V4(address))),
            Host::Ipv6(address) => (address.to_string(), Some(IpAddr::V6(address))),
        };
        Ok(Self { host, port: port.ok_or("its port is none")?, address })
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            _ => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// What the parser would let pass, repair or forget (WHATWG URL, "validation errors") is refused before it sees it.
fn check_form(text: &str) -> Result<Scheme, &'static str> {
    if text.len() > URL_BYTES_MAX {
        return Err("it is too long");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err("it holds a blank, a backslash or what is not ASCII; percent-encode it");
    }
    let (scheme, rest) = text.split_once("://").ok_or("it is not absolute")?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return Err("its scheme is neither `http` nor `https`"),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("it holds user information; send a header instead");
    }
    if authority.is_empty() { Err("it has no host") } else { Ok(scheme) }
}

fn is_name(name: &str) -> bool {
    let inner = name.strip_suffix('.').unwrap_or(name);
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_part);
    inner.len() <= HOST_BYTES_MAX && inner.split('.').all(is_label)
}

/// Queries and user information may hold secrets: they are not repeated.
fn invalid(text: &str, why: &str) -> EgressError {
    let shown = text.split(['?', '#']).next().unwrap_or_default();
    let shown = if shown.contains('@') { "a URL" } else { shown };
    let shown: String = shown.chars().take(200).flat_map(char::escape_default).collect();
    EgressError::Invalid(format!("`{shown}` is not requested: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, u16, &str)>) {
        let found = Target::of_url(text);
        let found =
            found.as_ref().ok().map(|target| (target.site.host.as_str(), target.site.port, target.path.as_str()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn hosts_are_as_rules_name_them_and_dots_are_resolved() {
        check("http://API.example", Some(("api.example", 80, "/")));
        check("https://api.example./v1?x=1", Some(("api.example.", 443, "/v1")));
        check("https://api.example:8443/v1/../admin", Some(("api.example", 8443, "/admin")));
        check("https://api.example/v1/%2e%2E/admin", Some(("api.example", 443, "/admin")));
        check("https://api.example/v1/%2fadmin", Some(("api.example", 443, "/v1/%2fadmin")));
    }

    #[test]
    fn addresses_are_addresses_however_they_are_written() {
        for text in
            ["http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://%31%32%37.1/"]
        {
            check(text, Some(("127.0.0.1", 80, "/")));
        }
        check("http://[::FFFF:127.0.0.1]/", Some(("::ffff:127.0.0.1", 80, "/")));
        assert_eq!(Site::of_authority("2130706433:80").unwrap().to_string(), "127.0.0.1:80");
        assert_eq!(Site::of_authority("[0:0::1]:443").unwrap().to_string(), "[::1]:443");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in [
            "",
            "/x",
            "ftp://a.example/",
            "http:a.example",
            "http:///a.example",
            "http://",
            "http://u@a.example/",
            "http://u:p@a.example/",
            "http://@a.example/",
            "http://a.example\\@b.example/",
            "http://a.example/x#y",
            "http://a.example/ x",
            "http://a.exa\nmple/",
            "http://a.example:0/",
            "http://a.example:99999/",
            "http://a..example/",
            "http://a*.example/",
            "http://bücher.example/",
            "http://300.1.1.1/",
        ] {
            check(text, None);
        }
        for text in
            ["a.example", "a.example:", "a.example:0", "a.example:+1", "u@a.example:1", "a.example/x:1", ":1", "::1:1"]
        {
            assert!(Site::of_authority(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_may_be_secret_is_not_repeated() {
        for text in ["http://user:hunter2@a.example/", "http://a.example:0/?token=hunter2"] {
            assert!(!Target::of_url(text).unwrap_err().to_string().contains("hunter2"), "{text}");
        }
    }
}
