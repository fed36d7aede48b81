//! In-toto statements: what a signature is about. Version 1 is written; versions 0.1 and 1 are read, as both are in use.

use lockgate_model::ids::Digest;
use serde::Serialize;
use serde_json::Value;
use sigstore_types::Statement;

use crate::verdict::Reason;

/// A statement, before it is encoded for its envelope.
pub const STATEMENT_BYTES_MAX: usize = 512 * 1024;
/// Subjects of a statement: a build may attest all that it made at once.
pub const SUBJECTS_MAX: usize = 1024;
/// Media type of a statement in an envelope (in-toto attestation framework, "Envelope").
pub const STATEMENT_MEDIA_TYPE: &str = "application/vnd.in-toto+json";
/// Predicate type of a signature by `cosign sign`; its predicate is empty.
pub const SIGNATURE_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

const TYPE_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// Reads a statement.
pub(crate) fn read(payload: &[u8]) -> Result<Statement, Reason> {
    if payload.len() > STATEMENT_BYTES_MAX {
        return Err(Reason::TooLarge { what: "statement", size_bytes: payload.len(), max_bytes: STATEMENT_BYTES_MAX });
    }
    let statement: Statement =
        serde_json::from_slice(payload).map_err(|error| Reason::malformed(format!("its statement: {error}")))?;
    if ![TYPE_V0_1, Statement::TYPE_V1].contains(&statement.type_.as_str()) {
        return Err(Reason::malformed(format!("its statement is of type `{}`", statement.type_)));
    }
    if statement.subject.len() > SUBJECTS_MAX {
        return Err(Reason::TooManySubjects { subjects: statement.subject.len() });
    }
    Ok(statement)
}

/// Whether the statement is about the manifest; the subjects' names do not matter, only their SHA-256.
pub(crate) fn check_subject(statement: &Statement, manifest: &Digest) -> Result<(), Reason> {
    if statement.matches_sha256(&(*manifest.as_bytes()).into()) {
        return Ok(());
    }
    let found = statement.subject.iter().find_map(|subject| subject.digest.sha256.as_ref());
    Err(Reason::OtherSubject { found: found.map(|hash| Digest::from_bytes(*hash.as_bytes())) })
}

/// Writes a statement about a manifest. The subject has no name, as cosign writes it: a plugin keeps its signature when
/// it is copied to another registry.
pub(crate) fn write(manifest: &Digest, predicate_type: &str, predicate: &Value) -> Result<Vec<u8>, serde_json::Error> {
    let subject = [WireSubject { digest: WireDigest { sha256: manifest.hex() }, annotations: WireEmpty {} }];
    serde_json::to_vec(&WireStatement { type_: Statement::TYPE_V1, subject, predicate_type, predicate })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireStatement<'a> {
    #[serde(rename = "_type")]
    type_: &'a str,
    subject: [WireSubject; 1],
    predicate_type: &'a str,
    predicate: &'a Value,
}

#[derive(Serialize)]
struct WireSubject {
    digest: WireDigest,
    annotations: WireEmpty,
}

#[derive(Serialize)]
struct WireDigest {
    sha256: String,
}

#[derive(Serialize)]
struct WireEmpty {}
