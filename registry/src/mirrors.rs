//! Where plugins are kept, in the style of containers-registries.conf(5): the longest prefix of `host/path` that a mirror
//! names wins, and its locations are tried in order. What no mirror names is kept where its own reference says.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::reference::Reference;
use crate::remote::Endpoint;

const OCI_LAYOUT: &str = "oci-layout:";

/// One `[[mirrors]]` entry of `lockgate.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// `host[:port]/` or `host[:port]/path/`; the last `/` may be left out.
    pub prefix: String,
    /// Where its plugins are kept: one place, or several that are tried in order.
    #[serde(rename = "location", deserialize_with = "one_or_more")]
    pub locations: Vec<Location>,
}

/// A place that keeps plugins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// `oci-layout:DIR`: an OCI image layout in this folder; its names are `path:tag` of the references.
    OciLayout(PathBuf),
    /// `[http://|https://]host[:port][/path]`: a registry, and what takes the prefix's place.
    Registry(Endpoint),
}

/// A place of one reference's plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) location: Location,
    /// The repository's path there; in a registry, below the endpoint's own path.
    pub(crate) path: String,
}

/// What is wrong with a mirror.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// Two mirrors for one prefix.
    #[error(
        "two mirrors have the prefix `{0}`; give one mirror both locations, or remove one of them from lockgate.toml"
    )]
    Duplicate(String),
    /// A prefix that fits everything or nothing.
    #[error("`{0}` is not a mirror prefix; write a registry host, or a host and the beginning of a path")]
    InvalidPrefix(String),
    /// A location of another form.
    #[error("`{text}` is not a mirror location{reason}; write oci-layout:DIR, or a registry as host[:port][/path]")]
    InvalidLocation {
        /// As written.
        text: String,
        /// What is wrong, after a colon.
        reason: String,
    },
    /// A mirror without a place.
    #[error("the mirror of `{0}` has no location; write one, or remove the mirror")]
    NoLocation(String),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OciLayout(path) => write!(f, "{OCI_LAYOUT}{}", path.display()),
            Self::Registry(endpoint) => write!(f, "{endpoint}"),
        }
    }
}

impl FromStr for Location {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, MirrorError> {
        let invalid = |reason| MirrorError::InvalidLocation { text: text.to_owned(), reason };
        match text.strip_prefix(OCI_LAYOUT) {
            Some("") => Err(invalid(String::new())),
            Some(path) => Ok(Self::OciLayout(PathBuf::from(path))),
            None => text.parse().map(Self::Registry).map_err(|reason| invalid(format!(": {reason}"))),
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

    /// Where a reference's plugin is kept, the place to ask first in front.
    pub(crate) fn places(&self, reference: &Reference) -> Vec<Place> {
        let name = reference.name();
        for mirror in &self.entries {
            // Prefixes end at a `/`, so that `registry.example/lock` does not take `registry.example/lockgate/cargo`.
            let Some(below) = name.strip_prefix(&mirror.prefix) else { continue };
            if below.is_empty() || below.starts_with('/') {
                return mirror.locations.iter().map(|location| Place::of(location, below, reference)).collect();
            }
        }
        let location = Location::Registry(Endpoint::of_registry(reference.registry()));
        vec![Place { location, path: reference.repository().to_owned() }]
    }

    /// The places of a reference, for people.
    #[must_use]
    pub fn locate(&self, reference: &Reference) -> Vec<String> {
        self.places(reference).iter().map(|place| place.location.to_string()).collect()
    }
}

impl Place {
    fn of(location: &Location, below: &str, reference: &Reference) -> Self {
        let path = match location {
            // A layout stands in for a whole registry.
            Location::OciLayout(_) => reference.repository(),
            Location::Registry(_) => below.trim_start_matches('/'),
        };
        Self { location: location.clone(), path: path.to_owned() }
    }
}

impl Location {
    /// Folders that are relative stand in `base`.
    fn based(self, base: &Path) -> Self {
        match self {
            Self::OciLayout(path) => Self::OciLayout(base.join(path)),
            registry @ Self::Registry(_) => registry,
        }
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
        if self.locations.is_empty() {
            return Err(MirrorError::NoLocation(self.prefix));
        }
        let locations = self.locations.into_iter().map(|location| location.based(base)).collect();
        Ok(Self { prefix: prefix.to_owned(), locations })
    }
}

fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Location>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(String),
        More(Vec<String>),
    }
    let texts = match Written::deserialize(deserializer)? {
        Written::One(text) => vec![text],
        Written::More(texts) => texts,
    };
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}
