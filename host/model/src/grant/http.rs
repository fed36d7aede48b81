//! Which requests a step may send, and to whom.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// How a request travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where none is written.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Requests to one host: `[METHODS ][http://]HOST[:PORT][/PATH][@NETWORK]`.
///
/// - METHODS: one method or several with commas, upper case (`GET`, `GET,HEAD`); any where left out.
/// - `https` where no scheme is written; PORT is the scheme's own where left out.
/// - HOST: a name, an IP address (version 6 in brackets), or `*.` and a name for every name below it.
/// - PATH: what a request's path must begin with, whole parts only: `/v1` allows `/v1` and `/v1/x`, not `/v10`.
/// - NETWORK: the address or network (CIDR, RFC 4632) that the name may stand for although it is not a public one. A
///   host that is itself an address, or `localhost`, needs none: it is granted by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpRule {
    /// Upper case; empty for any.
    pub methods: Vec<String>,
    /// How.
    pub scheme: Scheme,
    /// Lower case; begins with `*.` where it stands for all names below. Version 6 addresses without brackets.
    pub host: String,
    /// Which port.
    pub port: u16,
    /// Begins with `/`; `/` for any path.
    pub path: String,
    /// Where the name may lead although it is no public address.
    pub network: Option<IpNet>,
}

impl HttpRule {
    /// Whether it is about this host and port.
    #[must_use]
    pub fn reaches(&self, scheme: Scheme, host: &str, port: u16) -> bool {
        self.scheme == scheme && self.reaches_host(host, port)
    }

    /// The same for a connection whose scheme cannot be seen.
    #[must_use]
    pub fn reaches_host(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_named = match self.host.strip_prefix("*.") {
            Some(parent) => host.strip_suffix(parent).is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            None => self.host == host,
        };
        is_named && self.port == port
    }

    /// Whether it allows this request; `path` without its query.
    #[must_use]
    pub fn allows(&self, method: &str, scheme: Scheme, host: &str, port: u16, path: &str) -> bool {
        let has_method = self.methods.is_empty() || self.methods.iter().any(|allowed| allowed == method);
        has_method && self.reaches(scheme, host, port) && self.allows_path(path)
    }

    /// Whether every path and every method is allowed: what a tunnel needs, for nobody can look into it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.methods.is_empty() && self.path == "/"
    }

    /// Whether it allows nothing but reading.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        !self.methods.is_empty() && self.methods.iter().all(|method| matches!(method.as_str(), "GET" | "HEAD"))
    }

    /// Whether the host may be at this address although it is not a public one.
    #[must_use]
    pub fn names_address(&self, address: IpAddr) -> bool {
        let is_itself = self.host.parse::<IpAddr>().is_ok_and(|host| host == address);
        let is_local = self.host == "localhost" && address.is_loopback();
        is_itself || is_local || self.network.is_some_and(|network| network.contains(&address))
    }

    /// A path that could be read in two ways is allowed by no prefix: dots may be resolved behind the host's back.
    fn allows_path(&self, path: &str) -> bool {
        if self.path == "/" {
            return true;
        }
        let lower = path.to_ascii_lowercase();
        // Some servers cut parameters (`..;x`) off a part, or decode twice.
        let is_dotted = path.split('/').any(|part| matches!(part.split(';').next(), Some("." | "..")));
        if is_dotted
            || lower.contains("%25")
            || lower.contains("%2e")
            || lower.contains("%2f")
            || lower.contains("%5c")
            || path.contains('\\')
        {
            return false;
        }
        let prefix = self.path.trim_end_matches('/');
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Why a text is no rule for requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no grant for requests: {why}; write `[METHODS ][http://]HOST[:PORT][/PATH][@NETWORK]`")]
pub struct HttpRuleError {
    text: String,
    why: &'static str,
}

impl FromStr for HttpRule {
    type Err = HttpRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|why| HttpRuleError { text: text.to_owned(), why })
    }
}

fn parse(text: &str) -> Result<HttpRule, &'static str> {
    let (methods, rest) = match text.trim().split_once(' ') {
        Some((methods, rest)) => (read_methods(methods)?, rest.trim()),
        None => (Vec::new(), text.trim()),
    };
    let (scheme, rest) = match rest.split_once("://") {
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("http", rest)) => (Scheme::Http, rest),
        Some(_) => return Err("its scheme is neither `http` nor `https`"),
        None => (Scheme::Https, rest),
    };
    let (rest, network) = match rest.rsplit_once('@') {
        Some((rest, network)) => (rest, Some(read_network(network)?)),
        None => (rest, None),
    };
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'*' | b'\\');
    if !path.bytes().all(is_plain) || path.split('/').any(|part| matches!(part, "." | "..")) {
        return Err("its path is none; a path is literal, without query and dots");
    }
    let (host, port) = read_authority(authority, scheme)?;
    Ok(HttpRule { methods, scheme, host, port, path: path.to_owned(), network })
}

fn read_methods(text: &str) -> Result<Vec<String>, &'static str> {
    let is_method = |method: &str| !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let methods: Vec<String> = text.split(',').map(str::to_owned).collect();
    if methods.iter().all(|method| is_method(method)) {
        Ok(methods)
    } else {
        Err("its methods are not upper case words")
    }
}

fn read_network(text: &str) -> Result<IpNet, &'static str> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "what stands behind `@` is neither an address nor a network")
}

fn read_authority(text: &str, scheme: Scheme) -> Result<(String, u16), &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("its bracket is not closed")?;
            (host, rest.strip_prefix(':').or(if rest.is_empty() { None } else { Some("?") }))
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        Some(port) => port.parse::<u16>().ok().filter(|port| *port != 0).ok_or("its port is none")?,
        None => scheme.port(),
    };
    let host = host.to_ascii_lowercase();
    // An address has many forms, and is compared in one.
    let address = host.parse::<IpAddr>().ok();
    let host = address.map_or(host, |address| address.to_string());
    let is_address = address.is_some();
    if is_address || is_name(host.strip_prefix("*.").unwrap_or(&host)) {
        Ok((host, port))
    } else {
        Err("it has no host")
    }
}

/// A host name (RFC 1123, section 2.1). One whose last part is a number could be read as an address in another form.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=63).contains(&label.len())
            && label.bytes().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    host.len() <= 253 && host.split('.').all(is_label) && !is_number
}

impl TryFrom<String> for HttpRule {
    type Error = HttpRuleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<HttpRule> for String {
    fn from(rule: HttpRule) -> Self {
        rule.to_string()
    }
}

impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.methods.is_empty() {
            write!(f, "{} ", self.methods.join(","))?;
        }
        if self.scheme == Scheme::Http {
            f.write_str("http://")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        if self.port != self.scheme.port() {
            write!(f, ":{}", self.port)?;
        }
        if self.path != "/" {
            f.write_str(&self.path)?;
        }
        self.network.map_or(Ok(()), |network| write!(f, "@{network}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> HttpRule {
        text.parse().expect("a rule")
    }

    fn check(text: &str, (method, scheme, host, port, path): (&str, Scheme, &str, u16, &str), expected: bool) {
        assert_eq!(
            rule(text).allows(method, scheme, host, port, path),
            expected,
            "{text}: {method} {host}:{port}{path}"
        );
    }

    #[test]
    fn a_host_alone_is_https_on_its_port_with_any_method_and_path() {
        check("api.example", ("POST", Scheme::Https, "API.example.", 443, "/x"), true);
        check("api.example", ("GET", Scheme::Http, "api.example", 80, "/"), false);
        check("api.example", ("GET", Scheme::Https, "api.example", 8443, "/"), false);
        check("api.example", ("GET", Scheme::Https, "api.example.evil", 443, "/"), false);
    }

    #[test]
    fn methods_and_paths_narrow() {
        let text = "GET,HEAD http://api.example:8080/v1/";
        check(text, ("GET", Scheme::Http, "api.example", 8080, "/v1/x"), true);
        check(text, ("GET", Scheme::Http, "api.example", 8080, "/v1"), true);
        check(text, ("POST", Scheme::Http, "api.example", 8080, "/v1/x"), false);
        for path in [
            "/v10",
            "/",
            "/v1/../admin",
            "/v1/%2e%2e/admin",
            "/v1/%2Fadmin",
            "/v1/..\\admin",
            "/v1/..;/admin",
            "/v1/%252e%252e/a",
        ] {
            check(text, ("GET", Scheme::Http, "api.example", 8080, path), false);
        }
    }

    #[test]
    fn a_star_stands_for_names_below() {
        check("*.example", ("GET", Scheme::Https, "a.b.example", 443, "/"), true);
        check("*.example", ("GET", Scheme::Https, "example", 443, "/"), false);
        check("*.example", ("GET", Scheme::Https, "evilexample", 443, "/"), false);
        check("*.example", ("GET", Scheme::Https, ".example", 443, "/"), false);
    }

    #[test]
    fn addresses_that_are_not_public_are_named() {
        let names = |text: &str, address: &str| rule(text).names_address(address.parse().expect("an address"));
        assert!(names("http://127.0.0.1:80", "127.0.0.1") && !names("http://127.0.0.1:80", "127.0.0.2"));
        assert!(names("localhost", "::1") && !names("localhost", "10.0.0.1"));
        assert!(names("vault.example@10.1.0.0/16", "10.1.2.3") && !names("vault.example@10.1.0.0/16", "10.2.0.1"));
        assert!(!names("vault.example", "10.1.2.3") && names("[fd00::1]", "fd00::1"));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            "get api.example",
            "ftp://api.example",
            "api.example:0",
            "api.example:x",
            "api example/",
            "*",
            "*.*",
            "a.example/x?y",
            "a.example/../b",
            "2130706433",
            "0x7f000001",
            "127.1",
            "[::1",
            "[::1]x",
            "a..b",
            "a.example@x",
            "user@a.example",
            "-a.example",
            "GET, a.example/*",
        ] {
            assert!(text.parse::<HttpRule>().is_err(), "{text}");
        }
    }

    #[test]
    fn its_text_reads_back() {
        for text in [
            "api.example",
            "GET,HEAD http://api.example:8080/v1",
            "[::1]:8443",
            "*.example",
            "v.example:8200@10.0.0.0/8",
        ] {
            assert_eq!(rule(text).to_string(), text);
        }
        assert_eq!(rule("https://api.example:443/").to_string(), "api.example");
    }
}
