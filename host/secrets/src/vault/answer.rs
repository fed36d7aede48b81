//! What Vault says: JSON of the key-value store, version 2 (Vault's HTTP API, "Read secret version"), and its errors.

use std::collections::BTreeMap;
use std::fmt;

use lockgate_ports::secrets::{Mask, SecretValue};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::VaultFault;
use crate::rules::shown;

/// Names of fields that an error lists.
const FIELDS_SHOWN_MAX: usize = 20;
const SAID_CHARS_MAX: usize = 300;

#[derive(serde::Deserialize)]
struct Answer {
    data: Option<Data>,
}

#[derive(serde::Deserialize)]
struct Data {
    data: Option<BTreeMap<String, Field>>,
    metadata: Option<Metadata>,
}

#[derive(serde::Deserialize)]
struct Metadata {
    #[serde(default)]
    deletion_time: String,
    #[serde(default)]
    destroyed: bool,
    #[serde(default)]
    version: u64,
}

/// A field's value; those that nobody asked for are wiped as well.
enum Field {
    Text(SecretValue),
    Other(&'static str),
}

/// The field of a good answer.
pub(super) fn field_of(body: &[u8], field: &str) -> Result<SecretValue, VaultFault> {
    // The parser's own words could quote a value.
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| VaultFault::NotKv2 { line: error.line(), column: error.column() })?;
    let unknown = || VaultFault::NotKv2 { line: 0, column: 0 };
    let Data { data, metadata } = answer.data.ok_or_else(unknown)?;
    let metadata = metadata.ok_or_else(unknown)?;
    let mut fields = data.ok_or_else(|| gone(&metadata).unwrap_or_else(unknown))?;
    match fields.remove(field) {
        Some(Field::Text(value)) => Ok(value),
        Some(Field::Other(kind)) => Err(VaultFault::NotText { field: shown(field), kind }),
        None => Err(VaultFault::NoField { field: shown(field), others: names(&fields) }),
    }
}

fn names(fields: &BTreeMap<String, Field>) -> String {
    let names: Vec<String> = fields.keys().take(FIELDS_SHOWN_MAX).map(|name| format!("`{}`", shown(name))).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn gone(metadata: &Metadata) -> Option<VaultFault> {
    let version = metadata.version;
    if metadata.destroyed {
        return Some(VaultFault::Destroyed { version });
    }
    let at = shown(&metadata.deletion_time);
    (!at.is_empty()).then_some(VaultFault::Deleted { version, at })
}

/// What an answer with another status than 200 means.
pub(super) fn refusal(status: u16, body: &[u8], token: &SecretValue) -> VaultFault {
    let said = said(body, token);
    match status {
        403 => VaultFault::Forbidden { said },
        // Vault says 404 for a deleted version too, and describes the version (as its command line shows it).
        404 => deleted(body).unwrap_or(VaultFault::NotFound { said }),
        429 => VaultFault::Busy { said },
        503 if said.contains("sealed") => VaultFault::Sealed,
        status => VaultFault::Status { status, said },
    }
}

fn deleted(body: &[u8]) -> Option<VaultFault> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    gone(&answer.data?.metadata?)
}

/// Vault's words in brackets, cleaned for a terminal, and without the token that a proxy might quote.
fn said(body: &[u8], token: &SecretValue) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: Vec<String>,
    }
    let Ok(Errors { errors }) = serde_json::from_slice(body) else { return String::new() };
    let mask = Mask::default();
    mask.add("vault-token", token);
    let words = errors.join("; ");
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let words: String = mask.text(&words).chars().take(SAID_CHARS_MAX).map(plain).collect();
    if words.trim().is_empty() { String::new() } else { format!(" ({})", words.trim()) }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(SecretValue::new(text.as_bytes().to_vec())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
        Ok(Field::Other("true or false"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Field, E> {
        Ok(Field::Other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Field, E> {
        Ok(Field::Other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
        Ok(Field::Other("a number"))
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Other("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Field, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Field, A::Error> {
        while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Other("an object"))
    }
}
