//! An attestation checked against keys that one has, without a policy: what it says of one subject.

use lockgate_model::ids::Digest;
use serde_json::Value;
use sigstore_types::Statement;

use crate::bundle;
use crate::key::{self, PublicKey};
use crate::statement;
use crate::text::shown;
use crate::verdict::{Reason, Signer};

/// What somebody has attested of a file or a manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Attestation {
    /// Whose key signed it.
    pub signer: Signer,
    /// What the statement calls the subject; empty where it says only the digest.
    pub name: String,
    /// The statement as it was signed: JSON.
    pub statement: Vec<u8>,
    /// Its predicate.
    pub predicate: Value,
}

/// Reads a bundle whose statement is about `subject`, of the type `predicate_type`, and signed by one of `keys`.
///
/// The signature comes first: nothing that a bundle says is looked at before it is known who says it.
///
/// # Errors
/// When the bundle is malformed or over a limit, signed by somebody else, changed, or about something else.
pub fn verify_attestation(
    bundle: &[u8],
    keys: &[PublicKey],
    subject: &Digest,
    predicate_type: &'static str,
) -> Result<Attestation, Reason> {
    let claim = bundle::parse(bundle)?;
    let signer = key::signer(keys, &claim.bundle)?;
    statement::check_subject(&claim.statement, subject)?;
    let name = name_of(&claim.statement, subject)?;
    if claim.statement.predicate_type != predicate_type {
        return Err(Reason::OtherPredicate { found: claim.statement.predicate_type, wanted: predicate_type });
    }
    let statement = bundle::envelope(&claim.bundle)?.payload.as_bytes().to_vec();
    Ok(Attestation { signer, name, statement, predicate: claim.statement.predicate })
}

/// The name that goes with the digest, as it may be shown. A statement may be about many things, about each once.
fn name_of(statement: &Statement, subject: &Digest) -> Result<String, Reason> {
    let is_it =
        |digest: &sigstore_types::Digest| digest.sha256.is_some_and(|hash| hash.as_bytes() == subject.as_bytes());
    let mut named = statement.subject.iter().filter(|one| is_it(&one.digest)).map(|one| shown(&one.name));
    match (named.next(), named.next()) {
        (Some(name), None) => Ok(name),
        (_, Some(_)) => Err(Reason::DuplicateSubject),
        (None, _) => Err(Reason::OtherSubject { found: None }),
    }
}
