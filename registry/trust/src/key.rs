//! Public keys, as rules name them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_model::ids::Digest;
use sigstore_crypto::{KeyAlgorithm, SigningScheme, VerificationKey, validate_raw_public_key};
use sigstore_types::{Bundle, DerPublicKey, DsseEnvelope};

use crate::bundle;
use crate::verdict::{Reason, Signer};

/// A public key: ECDSA on P-256 (SHA-256) or P-384 (SHA-384), Ed25519, or RSA from 2048 bits (PKCS #1 v1.5, SHA-256).
///
/// Ed25519 means the signature of RFC 8032 over the message itself. cosign 3.1.1 signs with the prehashed Ed25519ph when
/// it is given such a key, which neither its own `verify` nor this accepts.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    spki: DerPublicKey,
    scheme: SigningScheme,
}

/// Why a text is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not one `PUBLIC KEY` block of PEM.
    #[error(
        "it is not a public key in PEM ({0}); write the file that `lockgate plugin sign` or `cosign` put beside the private key"
    )]
    Pem(String),
    /// A key that cannot be used here.
    #[error("its key cannot be used ({0}); use ECDSA P-256 or P-384, Ed25519, or RSA of 2048 to 8192 bits")]
    Unsupported(String),
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----` (SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7); `name` is for messages.
    ///
    /// # Errors
    /// When the text is something else, or the key of another kind.
    pub fn from_pem(name: impl Into<String>, pem: &str) -> Result<Self, PublicKeyError> {
        let spki = DerPublicKey::from_pem(pem).map_err(|error| PublicKeyError::Pem(error.to_string()))?;
        Self::from_spki(name.into(), spki)
    }

    pub(crate) fn from_spki(name: String, spki: DerPublicKey) -> Result<Self, PublicKeyError> {
        let unsupported = |error: sigstore_crypto::Error| PublicKeyError::Unsupported(error.to_string());
        let scheme = scheme_of(KeyAlgorithm::from_spki(&spki).map_err(unsupported)?)?;
        let key = VerificationKey::from_spki_with_scheme(&spki, scheme).map_err(unsupported)?;
        validate_raw_public_key(scheme, key.as_bytes()).map_err(unsupported)?;
        Ok(Self { name, spki, scheme })
    }

    /// What the rule calls it: its file, or `inline`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id: the digest of its SubjectPublicKeyInfo.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(self.spki.as_bytes())
    }

    /// Its id as bundles write it (`verificationMaterial.publicKey.hint`): base64.
    #[must_use]
    pub fn hint(&self) -> String {
        STANDARD.encode(self.id().as_bytes())
    }

    /// As `-----BEGIN PUBLIC KEY-----`.
    #[must_use]
    pub fn to_pem(&self) -> String {
        crate::armor::encode("PUBLIC KEY", self.spki.as_bytes())
    }

    /// Whether this key made the envelope's signature (DSSE protocol: over the payload's type and the payload).
    pub(crate) fn has_signed(&self, envelope: &DsseEnvelope) -> bool {
        sigstore_crypto::verify_signature(&self.spki, &envelope.pae(), &envelope.signature.sig, self.scheme).is_ok()
    }
}

/// The key that signed. The bundle's hint only explains a failure: every key is tried, whatever the hint says.
///
/// `sigstore-verify` is not asked here: it refuses every bundle without a log entry or timestamp, which is what signing
/// with a key of one's own gives. A key needs neither: no certificate can have expired.
pub(crate) fn signer(keys: &[PublicKey], bundle: &Bundle) -> Result<Signer, Reason> {
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

/// One scheme for each kind of key: a signature is never tried under a second one.
fn scheme_of(algorithm: KeyAlgorithm) -> Result<SigningScheme, PublicKeyError> {
    match algorithm {
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::Ed25519 | KeyAlgorithm::Rsa => {
            Ok(algorithm.default_signing_scheme())
        }
        other => Err(PublicKeyError::Unsupported(format!("{other:?}"))),
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (key sha256:{})", self.name, self.id().short())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}
