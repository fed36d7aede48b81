//! The encrypted form of cosign's private keys (`secure-systems-lab/go-securesystemslib`, package `encrypted`): JSON that
//! names scrypt (RFC 7914) and NaCl's secretbox (XSalsa20 and Poly1305), their parameters, and the PKCS #8 bytes.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, Nonce, XSalsa20Poly1305};
use scrypt::Params;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SigningKeyError;
use crate::text::shown;

/// Memory that a key file may make scrypt take: twice what cosign asks for.
const SCRYPT_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Rounds that a key file may make scrypt take.
const SCRYPT_PARALLELISM_MAX: u32 = 4;
const SCRYPT_BLOCK_BYTES: u64 = 128;
/// What is written, as cosign 3 writes it: N = 65536, r = 8, p = 1.
const SCRYPT_LOG_N: u8 = 16;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;

const SALT_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: KdfParams,
    salt: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct KdfParams {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// Decrypts a private key.
pub(super) fn open(json: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
    let sealed: Sealed = serde_json::from_slice(json).map_err(|error| malformed(&error.to_string()))?;
    if sealed.kdf.name != KDF || sealed.cipher.name != CIPHER {
        let (kdf, cipher) = (&sealed.kdf.name, &sealed.cipher.name);
        return Err(malformed(&format!("it uses `{kdf}` and `{cipher}`, only {KDF} and {CIPHER} are known")));
    }
    let nonce: [u8; NONCE_BYTES] = decode(&sealed.cipher.nonce, "nonce")?
        .try_into()
        .map_err(|_| malformed(&format!("its nonce does not have {NONCE_BYTES} bytes")))?;
    let ciphertext = decode(&sealed.ciphertext, "ciphertext")?;
    let key = derive(password, &decode(&sealed.kdf.salt, "salt")?, sealed.kdf.params)?;
    let plain = XSalsa20Poly1305::new((&*key).into()).decrypt(&Nonce::from(nonce), ciphertext.as_slice());
    plain.map(Zeroizing::new).map_err(|_| SigningKeyError::Decrypt)
}

/// Encrypts a private key, with a salt and a nonce of its own.
pub(super) fn seal(pkcs8: &[u8], password: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
    let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
    rand::fill(&mut salt).and_then(|()| rand::fill(&mut nonce)).map_err(|_| SigningKeyError::Library("make a salt"))?;
    let params = KdfParams { n: 1 << SCRYPT_LOG_N, r: SCRYPT_R, p: SCRYPT_P };
    let key = derive(password, &salt, params)?;
    let ciphertext = XSalsa20Poly1305::new((&*key).into()).encrypt(&Nonce::from(nonce), pkcs8);
    let ciphertext = ciphertext.map_err(|_| SigningKeyError::Library("encrypt a key"))?;
    let sealed = Sealed {
        kdf: Kdf { name: KDF.to_owned(), params, salt: STANDARD.encode(salt) },
        cipher: Cipher { name: CIPHER.to_owned(), nonce: STANDARD.encode(nonce) },
        ciphertext: STANDARD.encode(ciphertext),
    };
    serde_json::to_vec(&sealed).map_err(|_| SigningKeyError::Library("encode a key"))
}

fn derive(password: &[u8], salt: &[u8], wanted: KdfParams) -> Result<Zeroizing<[u8; KEY_BYTES]>, SigningKeyError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    scrypt::scrypt(password, salt, &checked(wanted)?, &mut *key)
        .map_err(|_| SigningKeyError::Library("derive a key"))?;
    Ok(key)
}

/// The parameters come from the file: they decide about memory and time before anything proves that it is a key.
fn checked(wanted: KdfParams) -> Result<Params, SigningKeyError> {
    let KdfParams { n, r, p } = wanted;
    let too_costly = SigningKeyError::TooCostly { n, r, p };
    if !n.is_power_of_two() {
        return Err(malformed(&format!("its N is {n}, which is no power of two")));
    }
    let memory_bytes = n.checked_mul(u64::from(r)).and_then(|blocks| blocks.checked_mul(SCRYPT_BLOCK_BYTES));
    if memory_bytes.is_none_or(|bytes| bytes > SCRYPT_BYTES_MAX) || p > SCRYPT_PARALLELISM_MAX {
        return Err(too_costly);
    }
    let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| too_costly)?;
    Params::new(log_n, r, p, KEY_BYTES).map_err(|error| malformed(&error.to_string()))
}

fn decode(base64: &str, what: &str) -> Result<Vec<u8>, SigningKeyError> {
    STANDARD.decode(base64).map_err(|error| malformed(&format!("its {what}: {error}")))
}

fn malformed(reason: &str) -> SigningKeyError {
    SigningKeyError::Malformed(shown(reason))
}
