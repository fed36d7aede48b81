//! Who may have signed what: the rule with the longest prefix decides.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate_model::ids::Digest;
use lockgate_registry::Reference;

use crate::identity::{Identities, Identity};
use crate::key::PublicKey;
use crate::rule::{ProvenanceRule, TrustRule};
use crate::verdict::{Trusted, Untrusted};

mod error;
mod judge;
mod read;

pub use error::{PolicyError, Problem};

/// All trust rules of a host.
#[derive(Debug, Clone, Default)]
pub struct TrustPolicy {
    // Longest prefix first: the first that fits is the one that wins.
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    prefix: String,
    file: Arc<PathBuf>,
    signers: Signers,
    provenance: Option<ProvenanceRule>,
}

#[derive(Debug, Clone)]
enum Signers {
    Nobody,
    Keys(Vec<PublicKey>),
    Identities(Identities),
}

/// What is asked of a reference, before anything is fetched.
#[derive(Debug, Clone, Copy)]
pub enum Requirement<'a> {
    /// There is no rule at all: its pin is enough.
    PinOnly,
    /// There are rules, and none is about it: it will be refused.
    Uncovered,
    /// A rule says that nobody signs here.
    Unsigned {
        /// The rule's prefix.
        prefix: &'a str,
    },
    /// A signature by one of these keys.
    Keys {
        /// The rule's prefix.
        prefix: &'a str,
        /// Any one of them.
        keys: &'a [PublicKey],
        /// What must be attested of its build.
        provenance: Option<&'a ProvenanceRule>,
    },
    /// A keyless signature by one of these identities.
    Identities {
        /// The rule's prefix.
        prefix: &'a str,
        /// Any one of them.
        identities: &'a [Identity],
        /// What must be attested of its build.
        provenance: Option<&'a ProvenanceRule>,
    },
}

impl Requirement<'_> {
    /// Whether the bundles attached to a plugin have to be fetched to decide.
    #[must_use]
    pub fn needs_bundles(&self) -> bool {
        matches!(self, Self::Keys { .. } | Self::Identities { .. })
    }
}

impl TrustPolicy {
    /// The rules of `file`; paths that are relative stand in its folder. Keys and trusted roots are read now, so that
    /// what is wrong with them is said before anything is fetched.
    ///
    /// # Errors
    /// When a rule contradicts itself, two have one prefix, or a key or root cannot be read.
    pub fn new(rules: impl IntoIterator<Item = TrustRule>, file: &Path) -> Result<Self, PolicyError> {
        let file = Arc::new(file.to_owned());
        let rules = rules.into_iter().map(|rule| read::rule(rule, &file)).collect::<Result<Vec<_>, _>>()?;
        let policy = Self { rules }.sorted();
        match policy.rules.windows(2).find(|pair| pair[0].prefix == pair[1].prefix) {
            Some(pair) => Err(PolicyError::new(&pair[0].prefix, &file, Problem::Duplicate)),
            None => Ok(policy),
        }
    }

    /// These rules, and `fallback` for a prefix that none of them names.
    #[must_use]
    pub fn or(mut self, fallback: Self) -> Self {
        let is_new = |rule: &Rule| self.rules.iter().all(|mine| mine.prefix != rule.prefix);
        let new: Vec<_> = fallback.rules.into_iter().filter(is_new).collect();
        self.rules.extend(new);
        self.sorted()
    }

    /// Whether there is no rule at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn sorted(mut self) -> Self {
        self.rules.sort_by(|one, other| other.prefix.len().cmp(&one.prefix.len()).then(one.prefix.cmp(&other.prefix)));
        self
    }

    /// What is asked of a reference.
    #[must_use]
    pub fn requirement(&self, reference: &Reference) -> Requirement<'_> {
        match self.rule(reference) {
            Some(rule) => rule.requirement(),
            None if self.rules.is_empty() => Requirement::PinOnly,
            None => Requirement::Uncovered,
        }
    }

    /// Whether a plugin may be used: `manifest` is its manifest's digest, and `bundles` is what is attached to that, in
    /// any order. Without a rule that wants signatures, `bundles` may be empty.
    ///
    /// # Errors
    /// When no rule is about it although there are rules, or its rule is not met.
    pub fn check<B: AsRef<[u8]>>(
        &self,
        reference: &Reference,
        manifest: &Digest,
        bundles: &[B],
    ) -> Result<Trusted, Untrusted> {
        match self.rule(reference) {
            Some(rule) => rule.check(reference, manifest, bundles),
            None => self.without_rule(reference),
        }
    }

    fn rule(&self, reference: &Reference) -> Option<&Rule> {
        let name = reference.name();
        // Prefixes end at a `/`, so that `registry.example/lock` does not take `registry.example/lockgate/cargo`.
        let fits = |rule: &&Rule| name == rule.prefix || name.starts_with(&format!("{}/", rule.prefix));
        self.rules.iter().find(fits)
    }

    fn without_rule(&self, reference: &Reference) -> Result<Trusted, Untrusted> {
        let Some(first) = self.rules.first() else { return Ok(Trusted::PinOnly) };
        Err(Untrusted::Uncovered {
            reference: reference.to_string(),
            name: reference.name(),
            file: first.file.as_ref().clone(),
            prefixes: self.rules.iter().map(|rule| format!("{}/", rule.prefix)).collect(),
        })
    }
}

impl Rule {
    fn requirement(&self) -> Requirement<'_> {
        let (prefix, provenance) = (self.prefix.as_str(), self.provenance.as_ref());
        match &self.signers {
            Signers::Nobody => Requirement::Unsigned { prefix },
            Signers::Keys(keys) => Requirement::Keys { prefix, keys, provenance },
            Signers::Identities(all) => Requirement::Identities { prefix, identities: &all.list, provenance },
        }
    }
}
