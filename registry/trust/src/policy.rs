//! Who may have signed what: the rule with the longest prefix decides.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate_model::ids::Digest;
use lockgate_registry::Reference;
use sigstore_types::Bundle;

use crate::bundle::{self, BUNDLES_MAX, Claim};
use crate::identity::{Identities, Identity};
use crate::key::PublicKey;
use crate::provenance::Provenance;
use crate::rule::{ProvenanceRule, TrustRule};
use crate::statement::SIGNATURE_PREDICATE;
use crate::verdict::{Finding, Missing, Reason, Refusal, Signer, Trusted, Untrusted};

mod error;
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

    fn check<B: AsRef<[u8]>>(
        &self,
        reference: &Reference,
        manifest: &Digest,
        bundles: &[B],
    ) -> Result<Trusted, Untrusted> {
        let prefix = self.prefix.clone();
        if matches!(self.signers, Signers::Nobody) {
            return Ok(Trusted::Unsigned { prefix });
        }
        let not_looked_at = bundles.len().saturating_sub(BUNDLES_MAX);
        let bundles: Vec<_> =
            bundles.iter().take(BUNDLES_MAX).map(|bytes| self.look(bytes.as_ref(), manifest)).collect();
        let refuse = |missing| self.refusal(reference, manifest, &bundles, missing, not_looked_at);
        let signature = bundles.iter().find_map(Seen::signature).ok_or_else(|| refuse(Missing::Signature))?;
        let provenance = match &self.provenance {
            None => None,
            Some(wanted) => {
                let found = bundles.iter().find_map(|seen| seen.provenance(wanted).ok());
                Some(found.ok_or_else(|| refuse(Missing::Provenance))?)
            }
        };
        let (signer, bundle) = signature;
        Ok(Trusted::Signed { prefix, signer, bundle, provenance })
    }

    fn look(&self, bytes: &[u8], manifest: &Digest) -> Seen {
        let claim = bundle::read(bytes, manifest);
        let signed = claim.and_then(|claim| Ok((self.signers.signer(&claim.bundle, manifest)?, claim)));
        Seen { bundle: Digest::of(bytes), signed }
    }

    fn refusal(
        &self,
        reference: &Reference,
        manifest: &Digest,
        bundles: &[Seen],
        missing: Missing,
        not_looked_at: usize,
    ) -> Untrusted {
        let reason =
            |seen: &Seen| Finding { bundle: seen.bundle, reason: seen.reason(missing, self.provenance.as_ref()) };
        Untrusted::Refused(Box::new(Refusal {
            reference: reference.to_string(),
            manifest: *manifest,
            prefix: self.prefix.clone(),
            file: self.file.as_ref().clone(),
            wanted: self.signers.in_words(),
            missing,
            findings: bundles.iter().map(reason).collect(),
            not_looked_at,
        }))
    }
}

/// A bundle that was looked at, and what it says if one of the rule's signers signed it.
struct Seen {
    bundle: Digest,
    signed: Result<(Signer, Claim), Reason>,
}

impl Seen {
    fn signature(&self) -> Option<(Signer, Digest)> {
        let (signer, claim) = self.signed.as_ref().ok()?;
        (claim.statement.predicate_type == SIGNATURE_PREDICATE).then(|| (signer.clone(), self.bundle))
    }

    fn provenance(&self, wanted: &ProvenanceRule) -> Result<Provenance, Reason> {
        let (_, Claim { statement, .. }) = self.signed.as_ref().map_err(Clone::clone)?;
        if !Provenance::is_type(&statement.predicate_type) {
            return Err(other_predicate(&statement.predicate_type, Missing::Provenance));
        }
        let found = Provenance::read(&statement.predicate_type, &statement.predicate);
        found.check(wanted)?;
        Ok(found)
    }

    /// Why it is not what is missing.
    fn reason(&self, missing: Missing, wanted: Option<&ProvenanceRule>) -> Reason {
        let claim = match &self.signed {
            Err(reason) => return reason.clone(),
            Ok((_, claim)) => claim,
        };
        let other = || other_predicate(&claim.statement.predicate_type, missing);
        match (missing, wanted) {
            (Missing::Provenance, Some(wanted)) => self.provenance(wanted).err().unwrap_or_else(other),
            _ => other(),
        }
    }
}

fn other_predicate(found: &str, missing: Missing) -> Reason {
    Reason::OtherPredicate { found: found.to_owned(), wanted: missing.predicate() }
}

impl Signers {
    fn signer(&self, bundle: &Bundle, manifest: &Digest) -> Result<Signer, Reason> {
        match self {
            Self::Nobody => Err(Reason::NoKey),
            Self::Keys(keys) => key_signer(keys, bundle),
            Self::Identities(identities) => identities.signer(bundle, manifest),
        }
    }

    fn in_words(&self) -> String {
        let one_of = |names: Vec<String>| match names.as_slice() {
            [only] => only.clone(),
            many => format!("one of {}", many.join(", ")),
        };
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Keys(keys) => one_of(keys.iter().map(ToString::to_string).collect()),
            Self::Identities(all) => one_of(all.list.iter().map(ToString::to_string).collect()),
        }
    }
}

/// The key that signed. The bundle's hint only explains a failure: every key is tried, whatever the hint says.
///
/// `sigstore-verify` is not asked here: it refuses every bundle without a log entry or timestamp, which is what signing
/// with a key of one's own gives. A key needs neither: no certificate can have expired.
fn key_signer(keys: &[PublicKey], bundle: &Bundle) -> Result<Signer, Reason> {
    let envelope = bundle::envelope(bundle)?;
    let hint = bundle::key_hint(bundle).ok_or(Reason::NoKey)?;
    if let Some(key) = keys.iter().find(|key| key.has_signed(envelope)) {
        return Ok(Signer::Key { name: key.name().to_owned(), id: key.id() });
    }
    match keys.iter().find(|key| key.hint() == hint) {
        Some(key) => Err(Reason::InvalidSignature { key: key.to_string() }),
        None => Err(Reason::OtherKey { hint: hint.to_owned() }),
    }
}
