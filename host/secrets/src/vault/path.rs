//! Where a secret is within Vault.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::rules::shown;

const PATH_BYTES_MAX: usize = 512;

/// `MOUNT/PATH` as `vault kv get` takes it: the mount is the first part, and `data` is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvPath {
    mount: String,
    rest: String,
}

impl KvPath {
    /// `ADDRESS/v1/MOUNT/data/PATH` (Vault's HTTP API, "Read secret version").
    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        // An address with a host, as `parse_address` asks for, has a path that can grow.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["v1", &self.mount, "data"]).extend(self.rest.split('/'));
        }
        url
    }
}

impl FromStr for KvPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse =
            |reason| Err(format!("`{}` is no path in Vault, as `secret/ci/deploy` is one: {reason}", shown(text)));
        if text.len() > PATH_BYTES_MAX || text.chars().any(char::is_control) {
            return refuse("it is too long, or has control characters");
        }
        // A URL would swallow dots, and lead out of the mount.
        if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return refuse("its parts are neither empty nor dots");
        }
        match text.split_once('/') {
            Some((mount, rest)) => Ok(Self { mount: mount.to_owned(), rest: rest.to_owned() }),
            None => refuse("it has a mount and, after `/`, a path"),
        }
    }
}

impl fmt::Display for KvPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.mount, self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_leave_their_place() {
        let base = Url::parse("https://vault.example:8200/prefix/").unwrap();
        let url = |text: &str| text.parse::<KvPath>().unwrap().url(&base).to_string();
        assert_eq!(url("secret/ci/deploy"), "https://vault.example:8200/prefix/v1/secret/data/ci/deploy");
        assert_eq!(url("a b/c?d#e%2e"), "https://vault.example:8200/prefix/v1/a%20b/data/c%3Fd%23e%252e");
        for text in ["", "secret", "/a", "secret/", "secret//a", "secret/../a", "./a", "a/\n"] {
            assert!(text.parse::<KvPath>().is_err(), "{text:?}");
        }
    }
}
