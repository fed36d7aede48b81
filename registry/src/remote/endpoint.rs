//! Where a registry is spoken to: scheme, host, and the beginning of its repositories' paths.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use crate::reference::Reference;

/// `[http://|https://]host[:port][/path]`. Without a scheme it is HTTPS, but for this machine's own loopback names,
/// which are spoken to in plain HTTP as container tools do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    is_plain: bool,
    registry: String,
    path: String,
}

impl Endpoint {
    /// The registry that a reference itself names.
    #[must_use]
    pub fn of_registry(registry: &str) -> Self {
        Self { is_plain: is_loopback_name(registry), registry: registry.to_owned(), path: String::new() }
    }

    /// `host[:port]`, for logins and for errors.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Put before the path of each repository; empty, or without `/` at both ends.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The URL of the API's root, `scheme://host[:port]/v2/`.
    pub(super) fn root(&self) -> String {
        format!("{}://{}/v2/", if self.is_plain { "http" } else { "https" }, self.registry)
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (registry, path) = rest.split_once('/').unwrap_or((rest, ""));
        // It is one when a whole reference can begin with it.
        format!("{rest}/x:x").parse::<Reference>().map_err(|error| error.reason)?;
        let is_plain = match scheme {
            None => is_loopback_name(registry),
            Some("http") => true,
            Some("https") => false,
            Some(other) => return Err(format!("`{other}` is no scheme of a registry; write https:// or http://")),
        };
        Ok(Self { is_plain, registry: registry.to_owned(), path: path.to_owned() })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_usual = self.is_plain == is_loopback_name(&self.registry);
        if !is_usual {
            f.write_str(if self.is_plain { "http://" } else { "https://" })?;
        }
        f.write_str(&self.registry)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, "/{}", self.path) }
    }
}

/// Whether credentials may travel to this URL: encrypted, or not leaving the machine.
pub(super) fn is_private(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

/// Whether a request may be led from one URL to another with all that it says: encrypted, or within this machine.
pub(super) fn may_lead(from: &Url, to: &Url) -> bool {
    to.scheme() == "https" || (is_private(to) && is_loopback(from))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_loopback_name(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => registry,
    };
    let inner = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
    inner == "localhost" || inner.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
