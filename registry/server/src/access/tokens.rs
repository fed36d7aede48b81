//! Tokens: random, shown once, stored only as SHA-256.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockgate_model::ids::Digest;
use lockgate_model::time::Timestamp;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::name::Repository;
use crate::settings::Host;
use crate::storage::files::{make_folder, read, replace};
use crate::storage::{Fault, fault};

/// Tokens of one registry.
pub const TOKENS_MAX: usize = 1_000;
/// Letters of a token's name.
pub const TOKEN_NAME_BYTES_MAX: usize = 100;

const FILE: &str = "tokens.json";
const LOCK: &str = "tokens.json.lock";
const FILE_BYTES_MAX: u64 = 1024 * 1024;
// Tells a person, and a scanner for leaked secrets, what it is.
const TOKEN_PREFIX: &str = "lgr_";

/// What a token lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Read blobs, manifests, tags, referrers.
    Pull,
    /// Add blobs and manifests, move tags.
    Push,
    /// Remove blobs, manifests, tags.
    Delete,
}

/// What a token lets its holder do, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What.
    pub scopes: BTreeSet<Scope>,
    /// In this repository and in those below it; everywhere where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

impl Grant {
    /// Whether this may be done in this repository.
    #[must_use]
    pub fn allows(&self, scope: Scope, repository: &str) -> bool {
        let is_below =
            |prefix: &str| repository.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.scopes.contains(&scope) && self.prefix.as_deref().is_none_or(is_below)
    }
}

/// A token as it is stored. Whoever reads it cannot log in with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenEntry {
    /// What people call it.
    pub name: String,
    /// What it lets its holder do.
    #[serde(flatten)]
    pub grant: Grant,
    /// When it was made.
    pub created: Timestamp,
    sha256: Digest,
}

/// A token that was just made.
#[derive(Clone)]
pub struct NewToken {
    /// What its holder sends. It is stored nowhere.
    pub secret: String,
    /// What is stored.
    pub entry: TokenEntry,
}

/// Why a token could not be made, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The disk did not do what it should.
    #[error("cannot use the registry's tokens")]
    Fault(#[from] Fault),
    /// The file is not one of tokens.
    #[error("{path} cannot be read as a list of tokens; move it away and add the tokens again")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// No name, a long one, or a control character in it.
    #[error("`{0}` cannot name a token; use 1 to {TOKEN_NAME_BYTES_MAX} visible letters")]
    BadName(String),
    /// Not a repository.
    #[error("`{0}` is not the name of a repository; write one such as `team/plugins`")]
    BadPrefix(String),
    /// A token without a scope is of no use.
    #[error("a token needs at least one scope: pull, push, delete")]
    NoScope,
    /// Taken.
    #[error("there is a token `{0}` already; remove it first or choose another name")]
    Exists(String),
    /// Not there.
    #[error("there is no token `{0}`")]
    Unknown(String),
    /// Full.
    #[error("there are {TOKENS_MAX} tokens already; remove one first")]
    TooMany,
    /// The operating system has no randomness.
    #[error("cannot make a token")]
    Random(#[source] std::io::Error),
}

/// The tokens of a registry's folder. A running server sees a change with its next request.
#[derive(Debug, Clone)]
pub struct Tokens {
    folder: PathBuf,
}

impl Tokens {
    /// The tokens of this folder; none where there is no file.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// All of them, in the order in which they were made.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<TokenEntry>, TokensError> {
        let path = self.folder.join(FILE);
        let Some(bytes) = read(&path, FILE_BYTES_MAX)? else { return Ok(Vec::new()) };
        serde_json::from_slice(&bytes).map_err(|source| TokensError::Malformed { path, source })
    }

    /// Makes a token.
    ///
    /// # Errors
    /// When the name is taken or none, the grant is of no use, or the file cannot be written.
    pub fn add(&self, name: &str, grant: Grant, host: &dyn Host) -> Result<NewToken, TokensError> {
        check(name, &grant)?;
        let _held = self.lock()?;
        let mut entries = self.list()?;
        if entries.iter().any(|entry| entry.name == name) {
            return Err(TokensError::Exists(name.to_owned()));
        }
        if entries.len() >= TOKENS_MAX {
            return Err(TokensError::TooMany);
        }
        let random = host.random().map_err(TokensError::Random)?;
        let secret = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
        let sha256 = Digest::of(secret.as_bytes());
        let entry = TokenEntry { name: name.to_owned(), grant, created: host.now(), sha256 };
        entries.push(entry.clone());
        self.write(&entries)?;
        Ok(NewToken { secret, entry })
    }

    /// Removes a token; its holder is refused from now on.
    ///
    /// # Errors
    /// When there is none of this name, or the file cannot be written.
    pub fn remove(&self, name: &str) -> Result<(), TokensError> {
        let _held = self.lock()?;
        let mut entries = self.list()?;
        let before = entries.len();
        entries.retain(|entry| entry.name != name);
        if entries.len() == before {
            return Err(TokensError::Unknown(name.to_owned()));
        }
        self.write(&entries)
    }

    /// What a token lets its holder do; none when it is not known. Takes the same time for each.
    pub(crate) fn grant_of(&self, secret: &str) -> Result<Option<Grant>, TokensError> {
        let sha256 = Digest::of(secret.as_bytes());
        let mut found = None;
        for entry in self.list()? {
            if entry.sha256.as_bytes().ct_eq(sha256.as_bytes()).into() {
                found = Some(entry.grant);
            }
        }
        Ok(found)
    }

    fn write(&self, entries: &[TokenEntry]) -> Result<(), TokensError> {
        let path = self.folder.join(FILE);
        let encoded = serde_json::to_vec_pretty(entries);
        let bytes = encoded.map_err(|source| TokensError::Malformed { path: path.clone(), source })?;
        Ok(replace(&self.folder, &path, &bytes)?)
    }

    /// Two who change the file wait for each other.
    fn lock(&self) -> Result<File, Fault> {
        make_folder(&self.folder)?;
        let path = self.folder.join(LOCK);
        let file = File::options().append(true).create(true).open(&path).map_err(fault("open", &path))?;
        file.lock().map_err(fault("lock", &path))?;
        Ok(file)
    }
}

fn check(name: &str, grant: &Grant) -> Result<(), TokensError> {
    if name.is_empty() || name.len() > TOKEN_NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(TokensError::BadName(name.escape_debug().take(TOKEN_NAME_BYTES_MAX).collect()));
    }
    if grant.scopes.is_empty() {
        return Err(TokensError::NoScope);
    }
    match &grant.prefix {
        Some(prefix) if Repository::parse(prefix).is_none() => Err(TokensError::BadPrefix(prefix.clone())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_grant(prefix: Option<&str>, repository: &str, expected: bool) {
        let grant = Grant { scopes: BTreeSet::from([Scope::Pull]), prefix: prefix.map(str::to_owned) };
        assert_eq!(grant.allows(Scope::Pull, repository), expected, "{prefix:?} {repository}");
        assert!(!grant.allows(Scope::Push, repository));
    }

    #[test]
    fn a_grant_ends_at_a_whole_component() {
        check_grant(None, "any/thing", true);
        check_grant(Some("team"), "team", true);
        check_grant(Some("team"), "team/a/b", true);
        check_grant(Some("team"), "team-b", false);
        check_grant(Some("team"), "other/team", false);
    }
}
