//! What the policy says: trusted and why, or not and what to do about it.

use std::fmt;
use std::path::PathBuf;

use lockgate_model::ids::Digest;

use crate::provenance::Provenance;
use crate::statement::{SIGNATURE_PREDICATE, SUBJECTS_MAX};
use crate::text::shown;

/// Findings that a refusal shows; more are counted.
const FINDINGS_SHOWN_MAX: usize = 8;

/// Why a plugin may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trusted {
    /// There is no rule at all: the pin in the lock file is all that was asked for.
    PinOnly,
    /// A rule says that nobody signs here.
    Unsigned {
        /// Its prefix.
        prefix: String,
    },
    /// Signed as a rule wants it.
    Signed {
        /// Its prefix.
        prefix: String,
        /// By whom.
        signer: Signer,
        /// Digest of the bundle with the signature.
        bundle: Digest,
        /// What was attested of the build, when the rule asks for it.
        provenance: Option<Provenance>,
    },
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// The holder of a key.
    Key {
        /// What the rule calls the key.
        name: String,
        /// The digest of its SubjectPublicKeyInfo.
        id: Digest,
    },
    /// Whom a certificate names.
    Identity {
        /// The OIDC issuer.
        issuer: String,
        /// The subject: an e-mail address or a URI.
        subject: String,
    },
}

/// Why a plugin may not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// There are rules, and none is about this reference.
    #[error(
        "no [[trust]] rule covers {reference}; add one to {} with prefix = \"{}\" and keys, identities or \
         signatures = \"none\" (rules there are for {})",
        .file.display(), shown(.name), .prefixes.join(", ")
    )]
    Uncovered {
        /// The reference.
        reference: String,
        /// Its registry and path.
        name: String,
        /// A file that has rules.
        file: PathBuf,
        /// The prefixes that there are.
        prefixes: Vec<String>,
    },
    /// The rule is not met.
    #[error(transparent)]
    Refused(Box<Refusal>),
}

/// Which rule is not met, and by what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The reference.
    pub reference: String,
    /// Digest of its manifest.
    pub manifest: Digest,
    /// The rule's prefix.
    pub prefix: String,
    /// The file that it stands in.
    pub file: PathBuf,
    /// What the rule wants of signers, in words.
    pub wanted: String,
    /// What was not found.
    pub missing: Missing,
    /// Every bundle that was looked at, and why it does not count.
    pub findings: Vec<Finding>,
    /// Bundles beyond `BUNDLES_MAX`, which were not looked at.
    pub not_looked_at: usize,
}

/// What was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A signature.
    Signature,
    /// A provenance attestation that says what the rule wants; a signature was found.
    Provenance,
}

/// A bundle that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The bundle's digest.
    pub bundle: Digest,
    /// Why.
    pub reason: Reason,
}

/// Why a bundle does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Over a limit.
    #[error("its {what} has {size_bytes} bytes, at most {max_bytes} are taken")]
    TooLarge {
        /// The bundle or its statement.
        what: &'static str,
        /// Its size.
        size_bytes: usize,
        /// The limit.
        max_bytes: usize,
    },
    /// Over the limit of subjects.
    #[error("its statement has {subjects} subjects, at most {SUBJECTS_MAX} are taken")]
    TooManySubjects {
        /// How many it has.
        subjects: usize,
    },
    /// Not a bundle, or not of the version that is read.
    #[error("malformed: {0}")]
    Malformed(String),
    /// A signature of bare bytes.
    #[error("it signs a file and holds no statement; sign the image, not the file")]
    NoStatement,
    /// About something else.
    #[error("it is about another manifest{}", .found.map(|found| format!(" ({found})")).unwrap_or_default())]
    OtherSubject {
        /// About what, when it says so.
        found: Option<Digest>,
    },
    /// The same thing twice among its subjects: which of their names counts cannot be told.
    #[error("its statement names the same subject twice")]
    DuplicateSubject,
    /// Made with a key that the rule does not name.
    #[error("made with another key (hint {})", shown(.hint))]
    OtherKey {
        /// As the bundle names it.
        hint: String,
    },
    /// It claims one of the rule's keys, and the signature does not fit: bundle or payload were changed.
    #[error("its signature is invalid, though it claims the key {key}")]
    InvalidSignature {
        /// The key that it claims.
        key: String,
    },
    /// Made with a certificate, where the rule names keys.
    #[error("made with a certificate, the rule names keys")]
    NoKey,
    /// Made with a key, where the rule names identities.
    #[error("made with a key, the rule names identities")]
    NoCertificate,
    /// Certificate, log entry or signature were refused.
    #[error("{0}")]
    Certificate(String),
    /// All is right, but for who it is.
    #[error("signed by {} of {}, whom the rule does not name", shown(.subject), shown(.issuer))]
    OtherIdentity {
        /// The OIDC issuer.
        issuer: String,
        /// The subject.
        subject: String,
    },
    /// By the right signer, but it says something else.
    #[error("by the right signer, but it is a `{}` and not a `{wanted}`", shown(.found))]
    OtherPredicate {
        /// Its predicate type.
        found: String,
        /// The one that is looked for.
        wanted: &'static str,
    },
    /// A provenance attestation by the right signer of another build.
    #[error("by the right signer, but its {fact} is `{}` and not `{wanted}`", shown(.found))]
    OtherProvenance {
        /// Builder, source or build type.
        fact: &'static str,
        /// What the rule wants.
        wanted: String,
        /// What it says.
        found: String,
    },
}

impl Reason {
    pub(crate) fn malformed(reason: impl AsRef<str>) -> Self {
        Self::Malformed(shown(reason.as_ref()))
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { name, id } => write!(f, "{name} (key sha256:{})", id.short()),
            Self::Identity { issuer, subject } => write!(f, "{} of {}", shown(subject), shown(issuer)),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "signature",
            Self::Provenance => "provenance attestation",
        })
    }
}

impl Missing {
    /// The predicate type that it would have.
    pub(crate) fn predicate(self) -> &'static str {
        match self {
            Self::Signature => SIGNATURE_PREDICATE,
            Self::Provenance => crate::provenance::PROVENANCE_PREDICATE,
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Signature => {
                "sign it with `lockgate plugin sign` or `cosign sign`, or change the rule if that is meant"
            }
            Self::Provenance => {
                "attest it with `cosign attest --type slsaprovenance1`, or change the rule's provenance if that is meant"
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reference, manifest, prefix, wanted, missing, .. } = self;
        writeln!(
            f,
            "{reference} is not trusted: the [[trust]] rule `{prefix}/` of {} is not met.",
            self.file.display()
        )?;
        writeln!(f, "It wants a {missing} of {manifest} by {wanted}.")?;
        self.write_findings(f)?;
        write!(f, "To go on, {}.", missing.remedy())
    }
}

impl Refusal {
    fn write_findings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.findings.len() + self.not_looked_at;
        match all {
            0 => return writeln!(f, "There is no signature at all."),
            1 => writeln!(f, "There is 1 bundle, and it does not count:")?,
            many => writeln!(f, "There are {many} bundles, and none counts:")?,
        }
        for finding in self.findings.iter().take(FINDINGS_SHOWN_MAX) {
            writeln!(f, "  bundle {}: {}", finding.bundle.short(), finding.reason)?;
        }
        match self.findings.len().saturating_sub(FINDINGS_SHOWN_MAX) {
            0 => {}
            more => writeln!(f, "  and {more} more")?,
        }
        match self.not_looked_at {
            0 => Ok(()),
            more => writeln!(f, "  and {more} over the limit of {}, not looked at", crate::bundle::BUNDLES_MAX),
        }
    }
}
