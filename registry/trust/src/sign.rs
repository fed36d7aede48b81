//! Signing: a statement about a manifest or a file, in an envelope, in a bundle.

use lockgate_model::ids::Digest;
use serde_json::{Map, Value};
use sigstore_types::{
    Bundle, DsseEnvelope, DsseSignature, KeyId, MediaType, PayloadBytes, PublicKeyIdentifier, SignatureContent,
    VerificationMaterial, VerificationMaterialContent, pae,
};

use crate::signing_key::{SigningKey, SigningKeyError};
use crate::statement::{self, SIGNATURE_PREDICATE, STATEMENT_BYTES_MAX, STATEMENT_MEDIA_TYPE};
use crate::verdict::Reason;

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The statement is over the limit of those who verify.
    #[error("the statement has {size_bytes} bytes, at most {STATEMENT_BYTES_MAX} are taken; attest less")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// The statement could not be written.
    #[error("the statement cannot be encoded")]
    Statement(#[source] serde_json::Error),
    /// The bundle could not be written.
    #[error("the bundle cannot be encoded")]
    Bundle(#[source] sigstore_types::Error),
    /// Those who verify would refuse the statement.
    #[error("the statement is not signed, as nobody would accept it; write an in-toto statement of version 1")]
    Refused(#[source] Reason),
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] SigningKeyError),
}

/// Signs a manifest: a bundle (Sigstore bundle format 0.3, JSON) that `cosign verify --key K.pub
/// --insecure-ignore-tlog` accepts.
///
/// # Errors
/// When the cryptographic library refuses.
pub fn sign(key: &SigningKey, manifest: &Digest) -> Result<Vec<u8>, SignError> {
    attest(key, manifest, SIGNATURE_PREDICATE, &Value::Object(Map::new()))
}

/// Attests something of a manifest, for example SLSA provenance (`PROVENANCE_PREDICATE`): a bundle as above.
///
/// # Errors
/// When the predicate is too large, or the cryptographic library refuses.
pub fn attest(
    key: &SigningKey,
    manifest: &Digest,
    predicate_type: &str,
    predicate: &Value,
) -> Result<Vec<u8>, SignError> {
    let statement = statement::write(manifest, predicate_type, predicate).map_err(SignError::Statement)?;
    sign_statement(key, statement)
}

/// Attests by a statement that is written already (in-toto attestation framework, "Statement" of version 1, JSON): a
/// bundle as above, whose payload is these very bytes.
///
/// # Errors
/// When it is no statement, too large, or the cryptographic library refuses.
pub fn attest_statement(key: &SigningKey, statement: Vec<u8>) -> Result<Vec<u8>, SignError> {
    if statement.len() <= STATEMENT_BYTES_MAX {
        statement::read(&statement).map_err(SignError::Refused)?;
    }
    sign_statement(key, statement)
}

fn sign_statement(key: &SigningKey, statement: Vec<u8>) -> Result<Vec<u8>, SignError> {
    if statement.len() > STATEMENT_BYTES_MAX {
        return Err(SignError::TooLarge { size_bytes: statement.len() });
    }
    let signature = key.sign(&pae(STATEMENT_MEDIA_TYPE, &statement))?;
    let signature = DsseSignature::new(signature, KeyId::default());
    let envelope = DsseEnvelope::new(STATEMENT_MEDIA_TYPE, PayloadBytes::new(statement), signature);
    let hint = PublicKeyIdentifier::new(key.public().hint());
    let material = VerificationMaterial::new(VerificationMaterialContent::PublicKey(hint));
    let bundle = Bundle::new(MediaType::Bundle0_3, material, SignatureContent::DsseEnvelope(envelope));
    Ok(bundle.to_json().map_err(SignError::Bundle)?.into_bytes())
}
