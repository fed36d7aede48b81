//! Where plugins of a registry are kept: the longest prefix of `host/path` that a mirror names wins.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::reference::Reference;

const OCI_LAYOUT: &str = "oci-layout:";

/// One `[[mirrors]]` entry of `lockgate.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// `host[:port]/` or `host[:port]/path/`; the last `/` may be left out.
    pub prefix: String,
    /// Where its plugins are kept.
    pub location: Location,
}

/// A place that keeps plugins, written `oci-layout:DIR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// An OCI image layout in this folder; its names are `path:tag` of the references.
    OciLayout(PathBuf),
}

/// Why no plugin can be looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// No prefix fits.
    #[error(
        "no mirror maps `{name}` of {reference}; a remote registry client is not part of this version: \
         add a [[mirrors]] entry with prefix = \"{host}/\" and location = \"oci-layout:DIR\" to lockgate.toml{}",
        configured(.prefixes)
    )]
    Unmapped {
        /// The reference.
        reference: String,
        /// Its registry and path.
        name: String,
        /// Its registry.
        host: String,
        /// The prefixes that there are.
        prefixes: Vec<String>,
    },
    /// Two mirrors for one prefix.
    #[error("two mirrors have the prefix `{0}`; remove one of them from lockgate.toml")]
    Duplicate(String),
    /// A prefix that fits everything or nothing.
    #[error("`{0}` is not a mirror prefix; write a registry host, or a host and the beginning of a path")]
    InvalidPrefix(String),
    /// A location of another form.
    #[error("`{0}` is not a mirror location; write oci-layout:DIR")]
    InvalidLocation(String),
}

fn configured(prefixes: &[String]) -> String {
    match prefixes {
        [] => String::new(),
        some => format!(" (mirrors there are for {})", some.join(", ")),
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OciLayout(path) => write!(f, "{OCI_LAYOUT}{}", path.display()),
        }
    }
}

impl FromStr for Location {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, MirrorError> {
        match text.strip_prefix(OCI_LAYOUT) {
            Some(path) if !path.is_empty() => Ok(Self::OciLayout(PathBuf::from(path))),
            _ => Err(MirrorError::InvalidLocation(text.to_owned())),
        }
    }
}

impl Serialize for Location {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// All mirrors of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrors {
    // Longest prefix first: the first that fits is the one that wins.
    entries: Vec<Mirror>,
}

impl Mirrors {
    /// Mirrors as configured; folders that are relative stand in `base`, the configuration file's own folder.
    ///
    /// # Errors
    /// When a prefix is none, or stands there twice.
    pub fn new(entries: impl IntoIterator<Item = Mirror>, base: &Path) -> Result<Self, MirrorError> {
        let mut entries = entries.into_iter().map(|entry| entry.normalised(base)).collect::<Result<Vec<_>, _>>()?;
        entries.sort_by(|one, other| other.prefix.len().cmp(&one.prefix.len()).then(one.prefix.cmp(&other.prefix)));
        match entries.windows(2).find(|pair| pair[0].prefix == pair[1].prefix) {
            Some(pair) => Err(MirrorError::Duplicate(pair[0].prefix.clone())),
            None => Ok(Self { entries }),
        }
    }

    /// These mirrors, and `fallback` for a prefix that none of them names.
    #[must_use]
    pub fn or(mut self, fallback: Self) -> Self {
        let is_new = |mirror: &Mirror| self.entries.iter().all(|entry| entry.prefix != mirror.prefix);
        let new: Vec<_> = fallback.entries.into_iter().filter(is_new).collect();
        self.entries.extend(new);
        self.entries
            .sort_by(|one, other| other.prefix.len().cmp(&one.prefix.len()).then(one.prefix.cmp(&other.prefix)));
        self
    }

    /// Where a reference's plugin is kept.
    ///
    /// # Errors
    /// When no mirror names its registry.
    pub fn locate(&self, reference: &Reference) -> Result<&Location, MirrorError> {
        let name = reference.name();
        // Prefixes end at a `/`, so that `registry.example/lock` does not take `registry.example/lockgate/cargo`.
        let fits = |mirror: &&Mirror| name == mirror.prefix || name.starts_with(&format!("{}/", mirror.prefix));
        let found = self.entries.iter().find(fits).map(|mirror| &mirror.location);
        found.ok_or_else(|| MirrorError::Unmapped {
            reference: reference.to_string(),
            host: reference.registry().to_owned(),
            prefixes: self.entries.iter().map(|mirror| format!("{}/", mirror.prefix)).collect(),
            name,
        })
    }
}

impl Mirror {
    fn normalised(self, base: &Path) -> Result<Self, MirrorError> {
        let prefix = self.prefix.strip_suffix('/').unwrap_or(&self.prefix);
        // A prefix is what a reference begins with: it is one when a whole reference can be made of it.
        let is_prefix = format!("{prefix}/x:x").parse::<Reference>().is_ok();
        if !is_prefix {
            return Err(MirrorError::InvalidPrefix(self.prefix));
        }
        let Location::OciLayout(path) = self.location;
        Ok(Self { prefix: prefix.to_owned(), location: Location::OciLayout(base.join(path)) })
    }
}
