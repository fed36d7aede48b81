//! Private keys to sign with: made here or by cosign, read and written in cosign's encrypted form or as plain PKCS #8.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use sigstore_crypto::KeyPair;
use sigstore_types::SignatureBytes;
use zeroize::Zeroizing;

use crate::armor;
use crate::key::PublicKey;

mod encrypted;

/// A private key in PEM.
pub const SIGNING_KEY_BYTES_MAX: usize = 64 * 1024;

const PLAIN: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
const ENCRYPTED_BY_OLD_COSIGN: &str = "ENCRYPTED COSIGN PRIVATE KEY";

/// A private key: ECDSA on P-256 with SHA-256. Its bytes are zeroed when it is dropped; the copy within the
/// cryptographic library is that library's to clear.
pub struct SigningKey {
    pkcs8: Zeroizing<Vec<u8>>,
    pair: KeyPair,
    public: PublicKey,
}

/// Why a private key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// Not one block of PEM.
    #[error(
        "the private key is not PEM ({0}); write the file that `lockgate plugin sign` or `cosign generate-key-pair` made"
    )]
    Pem(String),
    /// PEM of something else.
    #[error(
        "the file holds a `{0}` and not a private key that can be read; convert it to PKCS #8 with `openssl pkcs8 -topk8 -nocrypt`"
    )]
    Tag(String),
    /// Over the limit.
    #[error("the private key has {size_bytes} bytes, at most {SIGNING_KEY_BYTES_MAX} are taken")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
    },
    /// Encrypted, and no password was given.
    #[error("the private key is encrypted; give its password")]
    PasswordNeeded,
    /// Another password, or changed bytes: which of them cannot be told.
    #[error("the private key cannot be decrypted: the password is wrong, or the file is damaged")]
    Decrypt,
    /// Not the encrypted form that cosign writes.
    #[error("the encrypted private key is malformed: {0}")]
    Malformed(String),
    /// A key derivation that would take too much memory or time.
    #[error(
        "the encrypted private key asks for scrypt with N={n} r={r} p={p}, more than is granted; encrypt it again with `cosign`"
    )]
    TooCostly {
        /// Cost.
        n: u64,
        /// Block size.
        r: u32,
        /// Parallelism.
        p: u32,
    },
    /// A key of another kind.
    #[error("the private key cannot be used ({0}); only ECDSA P-256 can sign here")]
    Unsupported(String),
    /// The cryptographic library refused.
    #[error("the cryptographic library cannot {0}")]
    Library(&'static str),
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, SigningKeyError> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
        let document = made.map_err(|_| SigningKeyError::Library("make a key"))?;
        Self::from_pkcs8(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Reads a key; `password` is needed when `is_encrypted` says so, and not looked at otherwise.
    ///
    /// # Errors
    /// When the text is no private key, of another kind than P-256, or the password does not fit.
    pub fn read(pem: &str, password: Option<&[u8]>) -> Result<Self, SigningKeyError> {
        let block = parse(pem)?;
        let tag = block.tag().to_owned();
        let contents = Zeroizing::new(block.into_contents());
        match tag.as_str() {
            PLAIN => Self::from_pkcs8(contents),
            ENCRYPTED | ENCRYPTED_BY_OLD_COSIGN => {
                let password = password.ok_or(SigningKeyError::PasswordNeeded)?;
                Self::from_pkcs8(encrypted::open(&contents, password)?)
            }
            _ => Err(SigningKeyError::Tag(crate::text::shown(&tag))),
        }
    }

    /// Whether reading the key takes a password.
    ///
    /// # Errors
    /// When the text is not PEM.
    pub fn is_encrypted(pem: &str) -> Result<bool, SigningKeyError> {
        Ok([ENCRYPTED, ENCRYPTED_BY_OLD_COSIGN].contains(&parse(pem)?.tag()))
    }

    fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, SigningKeyError> {
        let unsupported = |error: sigstore_crypto::Error| SigningKeyError::Unsupported(error.to_string());
        let pair = KeyPair::from_pkcs8_der(&pkcs8).map_err(unsupported)?;
        let spki = pair.public_key_der().map_err(unsupported)?;
        let public = PublicKey::from_spki("signing key".to_owned(), spki);
        let public = public.map_err(|error| SigningKeyError::Unsupported(error.to_string()))?;
        Ok(Self { pkcs8, pair, public })
    }

    /// As `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----`, which cosign reads. Takes a part of a second, on purpose.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn to_encrypted_pem(&self, password: &[u8]) -> Result<String, SigningKeyError> {
        Ok(armor::encode(ENCRYPTED, &encrypted::seal(&self.pkcs8, password)?))
    }

    /// As `-----BEGIN PRIVATE KEY-----`, for a place that keeps secrets: whoever reads it can sign.
    #[must_use]
    pub fn to_plain_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(armor::encode(PLAIN, &self.pkcs8))
    }

    /// The key to give to those who verify.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<SignatureBytes, SigningKeyError> {
        self.pair.sign(message).map_err(|_| SigningKeyError::Library("sign"))
    }
}

fn parse(pem: &str) -> Result<pem::Pem, SigningKeyError> {
    if pem.len() > SIGNING_KEY_BYTES_MAX {
        return Err(SigningKeyError::TooLarge { size_bytes: pem.len() });
    }
    pem::parse(pem).map_err(|error| SigningKeyError::Pem(crate::text::shown(&error.to_string())))
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}
