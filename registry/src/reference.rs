//! OCI references: `host[:port]/path[:tag][@digest]`, by the grammar of the OCI distribution specification ("Pulling
//! manifests") and its reference implementation. The host is never left out: nothing is pulled from a default place.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use lockgate_model::ids::Digest;
use serde::{Deserialize, Serialize};

/// A reference as text, with tag and digest.
pub const REFERENCE_BYTES_MAX: usize = 512;
/// Host, port and path together.
pub const NAME_BYTES_MAX: usize = 255;
/// A tag (OCI distribution specification: "at most 128 characters").
pub const TAG_BYTES_MAX: usize = 128;

/// Why a text is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a plugin reference: {reason}")]
pub struct ReferenceError {
    /// The text as given, cut to 80 characters.
    pub text: String,
    /// What is wrong and how it should be.
    pub reason: String,
}

/// Names a plugin in a registry, by tag, by digest or by both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// The registry: `host` or `host:port`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path within the registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The manifest's digest.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Registry and path, without tag and digest: what mirrors look at.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// `path:tag`, the name that a layout keeps a manifest under; none when the reference has no tag.
    #[must_use]
    pub fn path_and_tag(&self) -> Option<String> {
        self.tag.as_ref().map(|tag| format!("{}:{tag}", self.repository))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|reason| ReferenceError { text: text.chars().take(80).collect(), reason })
    }
}

impl Serialize for Reference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    if text.len() > REFERENCE_BYTES_MAX {
        return Err(format!("it has {} bytes, at most {REFERENCE_BYTES_MAX} are allowed", text.len()));
    }
    let (rest, digest) = split_digest(text)?;
    let (registry, rest) = rest.split_once('/').ok_or("it names no registry; write host/path:tag")?;
    let (repository, tag) = match rest.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag.to_owned())),
        None => (rest, None),
    };
    check_registry(registry)?;
    check_repository(repository)?;
    tag.as_deref().map_or(Ok(()), check_tag)?;
    let name_bytes = registry.len() + 1 + repository.len();
    if name_bytes > NAME_BYTES_MAX {
        return Err(format!("host and path have {name_bytes} bytes, at most {NAME_BYTES_MAX} are allowed"));
    }
    if tag.is_none() && digest.is_none() {
        return Err("it names no version; add a tag such as :0.1, or @ and a digest".to_owned());
    }
    Ok(Reference { registry: registry.to_owned(), repository: repository.to_owned(), tag, digest })
}

fn split_digest(text: &str) -> Result<(&str, Option<Digest>), String> {
    match text.split_once('@') {
        None => Ok((text, None)),
        Some((rest, digest)) => {
            let digest = digest.parse::<Digest>().map_err(|error| error.to_string())?;
            Ok((rest, Some(digest)))
        }
    }
}

fn check_registry(registry: &str) -> Result<(), String> {
    let (host, port) = split_port(registry);
    if !port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0)) {
        return Err(format!("`{registry}` has no valid port (1 to 65535)"));
    }
    // As container tools do, so that `lockgate/cargo:0.1` is a forgotten host and not a host of that name.
    if !host.contains('.') && !host.starts_with('[') && host != "localhost" && port.is_none() {
        return Err(format!(
            "`{registry}` is no registry host (no dot, no port); write registry.example/{registry}/..."
        ));
    }
    if is_host(host) { Ok(()) } else { Err(format!("`{host}` is not a host name")) }
}

fn split_port(registry: &str) -> (&str, Option<&str>) {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_host_label),
    }
}

fn is_host_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
}

fn check_repository(repository: &str) -> Result<(), String> {
    match repository.split('/').find(|component| !is_path_component(component)) {
        None => Ok(()),
        Some(component) => Err(format!(
            "`{component}` in its path is not allowed; use lower-case letters and digits, joined by `.`, `_`, `__` or `-`"
        )),
    }
}

/// `[a-z0-9]+ ((\.|_|__|-+) [a-z0-9]+)*`
fn is_path_component(component: &str) -> bool {
    let is_alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends_well = bytes.first().is_some_and(is_alphanumeric) && bytes.last().is_some_and(is_alphanumeric);
    ends_well
        && component
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-'))
}

/// Whether a text may be a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub(crate) fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts_well = text.bytes().next().is_some_and(is_word);
    starts_well && text.len() <= TAG_BYTES_MAX && text.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

fn check_tag(tag: &str) -> Result<(), String> {
    if is_tag(tag) {
        return Ok(());
    }
    let shown: String = tag.chars().take(40).collect();
    Err(format!(
        "`{shown}` is not a tag; use up to {TAG_BYTES_MAX} letters, digits, `_`, `.` or `-`, no `.` or `-` first"
    ))
}
