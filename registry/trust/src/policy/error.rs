//! What can be wrong with trust rules, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::identity::IdentityError;
use crate::key::PublicKeyError;

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the [[trust]] rule `{prefix}` of {} cannot be used", .file.display())]
pub struct PolicyError {
    /// The rule's prefix, as it was written.
    pub prefix: String,
    /// The file that it stands in.
    pub file: PathBuf,
    /// What is wrong.
    #[source]
    pub problem: Problem,
}

impl PolicyError {
    pub(crate) fn new(prefix: &str, file: &Path, problem: Problem) -> Self {
        Self { prefix: prefix.to_owned(), file: file.to_owned(), problem }
    }
}

/// What is wrong with a rule.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A prefix that fits everything or nothing.
    #[error("its prefix is none; write a registry host, or a host and the beginning of a path")]
    Prefix,
    /// Two rules for one prefix.
    #[error("another rule has the same prefix; remove one of them")]
    Duplicate,
    /// None or several of keys, identities and signatures.
    #[error("it needs exactly one of keys, identities and signatures = \"none\"")]
    Signers,
    /// An empty list would trust nobody.
    #[error("its list of {0} is empty; name at least one, or write signatures = \"none\"")]
    Empty(&'static str),
    /// A list over its limit.
    #[error("its list of {what} has {found} entries, at most {max} are taken")]
    TooMany {
        /// Keys or identities.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Provenance that nobody could have signed.
    #[error("it wants provenance without signatures; name the keys or identities that sign it")]
    UnsignedProvenance,
    /// A trusted root that nothing is checked against.
    #[error("it names a trusted-root without identities; remove it")]
    UnusedRoot,
    /// A builder or source that would fit others too.
    #[error("its {what} `{found}` is not a URI with a path; write it as https://host/path")]
    ProvenanceUri {
        /// Builder or source.
        what: &'static str,
        /// As it was written.
        found: String,
    },
    /// A file that cannot be read.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No public key.
    #[error("its key {name} cannot be used")]
    Key {
        /// What the rule calls it.
        name: String,
        /// Why.
        #[source]
        source: PublicKeyError,
    },
    /// No identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A trusted root that is none.
    #[error("its trusted root cannot be used; write a Sigstore trusted_root.json")]
    Root(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A trusted root with which nothing could ever be verified; other JSON files look like one, too.
    #[error(
        "its trusted root names no authority, no certificate log or no transparency log; write a complete trusted_root.json"
    )]
    IncompleteRoot,
}
