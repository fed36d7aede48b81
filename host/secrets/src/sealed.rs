//! One value, encrypted together with all that it must not be parted from: its name, its hosts, and who can read it.
//!
//! The plaintext of each age file is JSON in exactly this form: `{"version":1,"name":...,"hosts":[...],
//! "recipients":[...],"value":"<base64>"}`. Everybody can encrypt to public keys, so this does not say who wrote a
//! value; it says that whoever could not read a value could not lead it elsewhere either.

use std::io::Write as _;

use age::DecryptError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_ports::secrets::SecretValue;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::disk::read_stream;
use crate::identities::Identities;
use crate::limits::SEALED_BYTES_MAX;
use crate::recipient::Recipient;

const SEALED_VERSION: u32 = 1;
/// Of the plaintext, what is not a text of its own: keys, brackets, a version.
const FRAME_BYTES: usize = 256;

/// What is encrypted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    version: u32,
    name: &'a str,
    #[serde(borrow)]
    hosts: Vec<&'a str>,
    recipients: Vec<&'a str>,
    value: &'a str,
}

/// What the plaintext says.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) recipients: Vec<String>,
    pub(crate) value: SecretValue,
}

/// Why a ciphertext was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenFault {
    /// It is for other keys.
    OtherKeys,
    /// It is not what was written.
    Damaged,
    /// It was opened, and is of another make.
    Foreign,
}

/// Encrypts a value.
pub(crate) fn seal(name: &str, hosts: &[String], value: &[u8], recipients: &[Recipient]) -> std::io::Result<Vec<u8>> {
    let encoded = encode(value);
    let readers: Vec<String> = recipients.iter().map(ToString::to_string).collect();
    let words = || hosts.iter().chain(&readers).map(|word| word.len() + 3).sum::<usize>();
    let mut json = Zeroizing::new(Vec::with_capacity(FRAME_BYTES + name.len() + words() + encoded.len()));
    let plain = Plain {
        version: SEALED_VERSION,
        name,
        hosts: hosts.iter().map(String::as_str).collect(),
        recipients: readers.iter().map(String::as_str).collect(),
        value: &encoded,
    };
    serde_json::to_writer(&mut *json, &plain)?;
    let encryptor = age::Encryptor::with_recipients(recipients.iter().map(Recipient::as_age));
    let mut sealed = Vec::new();
    let mut writer = encryptor.map_err(std::io::Error::other)?.wrap_output(&mut sealed)?;
    writer.write_all(&json)?;
    writer.finish()?;
    Ok(sealed)
}

/// Decrypts what `seal` made.
pub(crate) fn open(sealed: &[u8], identities: &Identities) -> Result<Opened, OpenFault> {
    let reader = age::Decryptor::new_buffered(sealed).and_then(|found| found.decrypt(identities.as_age()));
    let reader = reader.map_err(|error| match error {
        DecryptError::NoMatchingKeys => OpenFault::OtherKeys,
        _ => OpenFault::Damaged,
    })?;
    let json = read_stream(reader, SEALED_BYTES_MAX).map_err(|_| OpenFault::Damaged)?.ok_or(OpenFault::Foreign)?;
    let plain: Plain<'_> = serde_json::from_slice(&json).map_err(|_| OpenFault::Foreign)?;
    if plain.version != SEALED_VERSION {
        return Err(OpenFault::Foreign);
    }
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let value = decode(plain.value).ok_or(OpenFault::Foreign)?;
    Ok(Opened { name: plain.name.to_owned(), hosts: owned(&plain.hosts), recipients: owned(&plain.recipients), value })
}

/// In base64, within a text that never moves.
pub(crate) fn encode(value: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(value.len().div_ceil(3) * 4));
    STANDARD.encode_string(value, &mut text);
    text
}

/// From base64, into bytes that never move.
pub(crate) fn decode(text: &str) -> Option<SecretValue> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    STANDARD.decode_vec(text, &mut bytes).ok()?;
    Some(SecretValue::new(std::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plaintext_does_not_outgrow_its_buffer() {
        let identities = Identities::generate();
        let recipients = vec![identities.recipient(); crate::limits::RECIPIENTS_MAX];
        let hosts = vec!["h".repeat(crate::limits::HOST_BYTES_MAX); crate::limits::HOSTS_MAX];
        let value = vec![7; crate::limits::VALUE_BYTES_MAX];
        let sealed = seal(&"n".repeat(100), &hosts, &value, &recipients).unwrap();
        assert!(sealed.len() <= SEALED_BYTES_MAX, "{}", sealed.len());
        assert_eq!(open(&sealed, &identities).ok().unwrap().value.expose(), value);
    }

    #[test]
    fn another_plaintext_is_foreign() {
        let identities = Identities::generate();
        let recipient = identities.recipient();
        for text in [
            "",
            "hunter2",
            r#"{"version":2,"name":"a","hosts":[],"recipients":[],"value":"YQ=="}"#,
            r#"{"version":1,"name":"a","hosts":[],"recipients":[],"value":"YQ"}"#,
            r#"{"version":1,"name":"a","hosts":[],"recipients":[],"value":"YQ==","more":1}"#,
        ] {
            let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient.as_age())).unwrap();
            let mut sealed = Vec::new();
            let mut writer = encryptor.wrap_output(&mut sealed).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            writer.finish().unwrap();
            assert_eq!(open(&sealed, &identities).err(), Some(OpenFault::Foreign), "{text}");
        }
    }
}
