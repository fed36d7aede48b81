//! Signing a statement, and checking a bundle that somebody hands over.

use lockgate_model::ids::Digest;
use lockgate_trust::{
    PROVENANCE_PREDICATE, PublicKey, Reason, SignError, SigningKey, attest_statement, verify_attestation,
};

use super::BUILD_TYPE;
use super::build::Statement;
use super::read::Verified;
use super::wire::Predicate;

const SHOWN_CHARS_MAX: usize = 160;

/// Why a bundle says nothing of an artifact.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Signed by somebody else.
    #[error(
        "the bundle was signed with another key (hint {hint}); name the public key of the host that made the artifact, \
         if you trust that host"
    )]
    OtherKey {
        /// As the bundle names it.
        hint: String,
    },
    /// It claims one of the keys, and the signature does not fit.
    #[error(
        "the bundle claims the key {key}, and its signature does not fit: it was changed after it was signed; do not use \
         the artifact, and fetch both again from where they were made"
    )]
    Changed {
        /// The key.
        key: String,
    },
    /// About something else.
    #[error(
        "the bundle is not about {artifact}{}; the artifact was changed since, or this is the bundle of another one",
        .found.map(|found| format!(" but about {found}")).unwrap_or_default()
    )]
    OtherArtifact {
        /// What was asked about.
        artifact: Digest,
        /// What the bundle is about, where it says so.
        found: Option<Digest>,
    },
    /// Something else was attested.
    #[error(
        "the bundle is signed by the right key, but it is a `{found}` and no provenance; name the bundle of the \
         artifact's provenance"
    )]
    OtherPredicate {
        /// Its predicate type.
        found: String,
    },
    /// Provenance of another builder's form.
    #[error(
        "the provenance describes a build of type `{found}`, and only `{BUILD_TYPE}` is read here; read it with the tools \
         of the builder that wrote it"
    )]
    OtherBuildType {
        /// Its build type.
        found: String,
    },
    /// A statement of the right type with something in it that is not understood.
    #[error(
        "the provenance holds something that this version does not understand; use the version of Lockgate that made the \
         artifact, or a later one"
    )]
    Statement(#[source] serde_json::Error),
    /// No bundle that can be used at all.
    #[error("the bundle cannot be used; name the file that was written beside the artifact")]
    Bundle(#[source] Reason),
}

/// Signs a statement: a Sigstore bundle of version 0.3 with the hint of the key, to be stored as
/// `NAME.sigstore.json`.
///
/// # Errors
/// When the statement is too large for those who verify, or the cryptographic library refuses.
pub fn sign(statement: &Statement, key: &SigningKey) -> Result<Vec<u8>, SignError> {
    attest_statement(key, statement.as_bytes().to_vec())
}

/// Checks that one of `keys` has signed provenance of `artifact`, and gives what that says.
///
/// The signature is checked first, then the subject, then what the statement is.
///
/// # Errors
/// When the bundle is signed by somebody else, changed, about something else, or no provenance of a pipeline.
pub fn verify(bundle: &[u8], keys: &[PublicKey], artifact: &Digest) -> Result<Verified, VerifyError> {
    let attestation = verify_attestation(bundle, keys, artifact, PROVENANCE_PREDICATE);
    let attestation = attestation.map_err(|reason| VerifyError::of(reason, artifact))?;
    let build_type = attestation.predicate.pointer("/buildDefinition/buildType").and_then(serde_json::Value::as_str);
    if build_type != Some(BUILD_TYPE) {
        return Err(VerifyError::OtherBuildType { found: shown(build_type.unwrap_or_default()) });
    }
    let predicate: Predicate = serde_json::from_value(attestation.predicate.clone()).map_err(VerifyError::Statement)?;
    Verified::read(attestation, artifact, predicate).map_err(VerifyError::Statement)
}

impl VerifyError {
    fn of(reason: Reason, artifact: &Digest) -> Self {
        match reason {
            Reason::OtherKey { hint } => Self::OtherKey { hint: shown(&hint) },
            Reason::InvalidSignature { key } => Self::Changed { key },
            Reason::OtherSubject { found } => Self::OtherArtifact { artifact: *artifact, found },
            Reason::OtherPredicate { found, .. } => Self::OtherPredicate { found: shown(&found) },
            other => Self::Bundle(other),
        }
    }
}

/// Words of a bundle that nobody has vouched for, as a terminal may show them.
fn shown(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(SHOWN_CHARS_MAX).collect()
}
