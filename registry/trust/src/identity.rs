//! Keyless signatures: a short-lived certificate names who signed, and logs prove when.
//!
//! `sigstore-verify` checks with its strictest policy: chain and code-signing usage at every proven time, the
//! certificate's SCT, inclusion in the transparency log with its checkpoint, consistency of the log entry with the
//! bundle, and the signature itself. Only then is the identity compared, here.

use std::fmt;
use std::sync::Arc;

use lockgate_model::ids::Digest;
use regex::{Regex, RegexBuilder};
use sigstore_types::{Bundle, Sha256Hash};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::{VerificationPolicy, Verifier};

use crate::rule::IdentityRule;
use crate::text::shown;
use crate::verdict::{Reason, Signer};

const REGEX_BYTES_MAX: usize = 256 * 1024;

/// Whom a rule trusts.
#[derive(Debug, Clone)]
pub struct Identity {
    issuer: String,
    subject: Subject,
}

#[derive(Debug, Clone)]
enum Subject {
    Exact(String),
    /// With the pattern as it was written.
    Matches(Regex, String),
}

/// Why an identity cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum IdentityError {
    /// No issuer.
    #[error("the issuer of an identity is empty; write the URL of whoever vouches for the subject")]
    Issuer,
    /// Neither or both ways to name a subject.
    #[error("the identity of issuer `{issuer}` needs exactly one of subject and subject-regex")]
    Subject {
        /// The issuer.
        issuer: String,
    },
    /// No regular expression, or one that is too large.
    #[error("the subject-regex of issuer `{issuer}` cannot be used")]
    Regex {
        /// The issuer.
        issuer: String,
        /// Why.
        #[source]
        source: regex::Error,
    },
}

impl Identity {
    pub(crate) fn new(rule: IdentityRule) -> Result<Self, IdentityError> {
        let issuer = rule.issuer;
        // A certificate without issuer or subject must not fit a rule that forgot to say one.
        let subject = match (rule.subject, rule.subject_regex) {
            _ if issuer.is_empty() => return Err(IdentityError::Issuer),
            (Some(exact), None) if !exact.is_empty() => Subject::Exact(exact),
            (None, Some(pattern)) if !pattern.is_empty() => match whole(&pattern) {
                Ok(regex) => Subject::Matches(regex, pattern),
                Err(source) => return Err(IdentityError::Regex { issuer, source }),
            },
            _ => return Err(IdentityError::Subject { issuer }),
        };
        Ok(Self { issuer, subject })
    }

    fn fits(&self, issuer: &str, subject: &str) -> bool {
        let subject_fits = match &self.subject {
            Subject::Exact(exact) => exact == subject,
            Subject::Matches(regex, _) => regex.is_match(subject),
        };
        subject_fits && self.issuer == issuer
    }
}

/// The whole subject must match: half a match would let a longer name pass.
fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    // The pattern alone must be one, so that `a)|(b` cannot break out of the group.
    RegexBuilder::new(pattern).size_limit(REGEX_BYTES_MAX).build()?;
    RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).size_limit(REGEX_BYTES_MAX).build()
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Exact(subject) => write!(f, "{subject} of {}", self.issuer),
            Subject::Matches(_, pattern) => write!(f, "/{pattern}/ of {}", self.issuer),
        }
    }
}

/// All identities of a rule, and the authorities that vouch for them.
#[derive(Clone)]
pub(crate) struct Identities {
    pub(crate) list: Vec<Identity>,
    verifier: Arc<Verifier>,
}

impl Identities {
    pub(crate) fn new(list: Vec<Identity>, root: &TrustedRoot) -> Result<Self, sigstore_verify::Error> {
        Ok(Self { list, verifier: Arc::new(Verifier::new(root)?) })
    }

    /// Who signed the bundle, if the rule trusts them.
    pub(crate) fn signer(&self, bundle: &Bundle, manifest: &Digest) -> Result<Signer, Reason> {
        if bundle.signing_certificate().is_none() {
            return Err(Reason::NoCertificate);
        }
        let hash = Sha256Hash::new(*manifest.as_bytes());
        let verified = self.verifier.verify(hash, bundle, &VerificationPolicy::any_identity());
        let verified = verified.map_err(|error| Reason::Certificate(shown(&error.to_string())))?;
        let issuer = verified.issuer().unwrap_or_default();
        let subject = verified.identity().map(sigstore_verify::SubjectAltName::as_str).unwrap_or_default();
        let signer = Signer::Identity { issuer: issuer.to_owned(), subject: subject.to_owned() };
        match self.list.iter().any(|identity| identity.fits(issuer, subject)) {
            true => Ok(signer),
            false => Err(Reason::OtherIdentity { issuer: issuer.to_owned(), subject: subject.to_owned() }),
        }
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}
