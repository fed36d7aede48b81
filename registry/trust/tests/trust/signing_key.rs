//! Private keys: both forms, right and wrong passwords, and files that ask for too much.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_trust::{SIGNING_KEY_BYTES_MAX, SigningKey, SigningKeyError};
use serde_json::{Value, json};

use crate::support::{changed, cosign};

const PASSWORD: &[u8] = b"correct-horse";

fn block(tag: &str, contents: &[u8]) -> String {
    format!("-----BEGIN {tag}-----\n{}\n-----END {tag}-----\n", STANDARD.encode(contents))
}

/// cosign's encrypted key with something changed, read with the right password.
fn check(change: impl FnOnce(&mut Value), why: &str) {
    let text = cosign("p256.key");
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let json = changed(&STANDARD.decode(base64).unwrap(), change);
    let error = SigningKey::read(&block("ENCRYPTED SIGSTORE PRIVATE KEY", &json), Some(PASSWORD)).unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn a_key_survives_both_forms() {
    let key = SigningKey::generate().unwrap();
    let plain = SigningKey::read(&key.to_plain_pem(), None).unwrap();
    assert_eq!(plain.public(), key.public());
    let encrypted = key.to_encrypted_pem(PASSWORD).unwrap();
    assert!(SigningKey::is_encrypted(&encrypted).unwrap() && !SigningKey::is_encrypted(&key.to_plain_pem()).unwrap());
    assert_eq!(SigningKey::read(&encrypted, Some(PASSWORD)).unwrap().public(), key.public());
}

#[test]
fn the_encrypted_form_is_another_one_each_time() {
    let key = SigningKey::generate().unwrap();
    assert_ne!(key.to_encrypted_pem(PASSWORD).unwrap(), key.to_encrypted_pem(PASSWORD).unwrap());
}

#[test]
fn a_wrong_password_says_so() {
    let text = cosign("p256.key");
    assert_eq!(SigningKey::read(&text, None).unwrap_err(), SigningKeyError::PasswordNeeded);
    for wrong in ["", "correct-horse ", "Correct-horse"] {
        assert_eq!(SigningKey::read(&text, Some(wrong.as_bytes())).unwrap_err(), SigningKeyError::Decrypt, "{wrong}");
    }
}

#[test]
fn a_damaged_key_is_refused() {
    check(|json| json["ciphertext"] = json!("AAAA"), "cannot be decrypted");
    check(|json| json["ciphertext"] = json!("?"), "malformed: its ciphertext");
    check(|json| json["cipher"]["nonce"] = json!("AAAA"), "its nonce does not have 24 bytes");
    check(|json| json["cipher"]["name"] = json!("rot13"), "only scrypt and nacl/secretbox are known");
    check(|json| json["kdf"]["name"] = json!("md5"), "only scrypt and nacl/secretbox are known");
    check(|json| *json = json!([]), "malformed");
}

#[test]
fn a_key_file_cannot_ask_for_all_memory_or_time() {
    let parameters =
        |n: u64, r: u64, p: u64| move |json: &mut Value| json["kdf"]["params"] = json!({ "N": n, "r": r, "p": p });
    // Twice what cosign writes is granted: it fails later, on the password.
    check(parameters(1 << 17, 8, 1), "cannot be decrypted");
    check(parameters(1 << 18, 8, 1), "more than is granted");
    check(parameters(1 << 63, 8, 1), "more than is granted");
    check(parameters(1 << 16, 4_294_967_295, 1), "more than is granted");
    check(parameters(2, 1, 5), "more than is granted");
    check(parameters(65_535, 8, 1), "no power of two");
    check(parameters(0, 8, 1), "no power of two");
    check(parameters(1 << 16, 0, 1), "malformed");
}

#[test]
fn another_file_is_refused() {
    let read = |text: &str| SigningKey::read(text, Some(PASSWORD)).unwrap_err();
    assert!(matches!(read("no PEM"), SigningKeyError::Pem(_)));
    assert!(matches!(read(&cosign("p256.pub")), SigningKeyError::Tag(tag) if tag == "PUBLIC KEY"));
    assert!(matches!(read(&block("EC PRIVATE KEY", b"x")), SigningKeyError::Tag(_)));
    assert!(matches!(read(&block("PRIVATE KEY", b"no PKCS #8")), SigningKeyError::Unsupported(_)));
    assert!(matches!(read(&cosign("p384.key")), SigningKeyError::Unsupported(_)));
    let large = " ".repeat(SIGNING_KEY_BYTES_MAX + 1);
    assert_eq!(read(&large), SigningKeyError::TooLarge { size_bytes: SIGNING_KEY_BYTES_MAX + 1 });
}

#[test]
fn a_key_does_not_show_its_secret() {
    let key = SigningKey::read(&cosign("p256.key"), Some(PASSWORD)).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey { public: PublicKey(signing key (key sha256:33778de00f57)), .. }");
}
