//! Manifests: pushed, pulled, deleted (specification, "Pushing Manifests", "Pulling manifests", "Deleting Manifests").

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use lockgate_model::ids::Digest;
use lockgate_registry::artifact::MANIFEST_BYTES_MAX;

use super::blobs::whole;
use super::body::{self, Bounds};
use super::dispatch::Asked;
use super::uploads::created;
use super::{Code, Refusal, Registry, stopping};
use crate::name::{Named, Repository};
use crate::storage::Fault;
use crate::storage::document::Document;
use crate::storage::manifests::{NewManifest, Stored};

const SUBJECT_HEADER: HeaderName = HeaderName::from_static("oci-subject");

/// Stores a manifest.
pub(super) async fn put(
    registry: &Arc<Registry>,
    asked: Asked,
    named: Named,
    content: &mut Body,
) -> Result<Response, Refusal> {
    if asked.content_length().is_some_and(|length| length > MANIFEST_BYTES_MAX) {
        return Err(body::too_large(MANIFEST_BYTES_MAX));
    }
    let declared = asked.header(&header::CONTENT_TYPE).map(essence);
    let repository = asked.repository.clone();
    // The text, and what it says once it was read.
    let _room = registry.room(2 * asked.content_length().unwrap_or(MANIFEST_BYTES_MAX)).await?;
    let bounds = Bounds { bytes_max: MANIFEST_BYTES_MAX, idle_ms_max: registry.settings.limits.idle_ms_max };
    let bytes = body::read(content, bounds).await?;
    let _permit = registry.writers.acquire().await.map_err(|_| stopping())?;
    registry.on_disk(move |registry| store(registry, &repository, &named, &bytes, declared.as_deref())).await?
}

fn store(
    registry: &Registry,
    repository: &Repository,
    named: &Named,
    bytes: &[u8],
    declared: Option<&str>,
) -> Result<Response, Refusal> {
    let digest = Digest::of(bytes);
    let tag = match named {
        Named::Digest(wanted) if *wanted != digest => return Err(wrong_digest(&digest, wanted)),
        Named::Digest(_) => None,
        Named::Tag(tag) => Some(tag),
    };
    let invalid = |reason| Refusal::new(Code::ManifestInvalid, format!("the manifest is not taken: {reason}"));
    let document = Document::parse(bytes, declared).map_err(invalid)?;
    let new = NewManifest { bytes, digest, document: &document, tag };
    match registry.storage.put_manifest(repository, &new, registry.now())? {
        Stored::Yes => Ok(answer(repository, &digest, document.subject.as_ref())),
        problem => Err(unmet(&problem)),
    }
}

fn answer(repository: &Repository, digest: &Digest, subject: Option<&Digest>) -> Response {
    let mut response = created(repository, "manifests", digest);
    // It tells the client that referrers are listed here, and that it need not keep a list of its own.
    let subject = subject.and_then(|subject| HeaderValue::try_from(subject.to_string()).ok());
    response.headers_mut().extend(subject.map(|subject| (SUBJECT_HEADER, subject)));
    response
}

/// Sends a manifest, or only says what would be sent.
pub(super) async fn get(registry: &Arc<Registry>, asked: Asked, named: Named) -> Result<Response, Refusal> {
    let is_head = asked.is_head();
    let Asked { repository, .. } = asked;
    let found = registry.on_disk(move |registry| {
        let unknown = || unknown(registry, &repository);
        let digest = match named {
            Named::Digest(digest) => digest,
            Named::Tag(tag) => registry.storage.tag(&repository, &tag)?.ok_or_else(unknown)?,
        };
        let found = registry.storage.manifest(&repository, &digest)?;
        found.map(|(media_type, content)| (digest, media_type, content)).ok_or_else(unknown)
    });
    let (digest, media_type, content) = found.await??;
    whole(content, &media_type, &digest, is_head)
}

/// Removes a tag, or a manifest with all its tags.
pub(super) async fn delete(registry: &Arc<Registry>, asked: Asked, named: Named) -> Result<Response, Refusal> {
    let Asked { repository, .. } = asked;
    let _permit = registry.writers.acquire().await.map_err(|_| stopping())?;
    let deleted = registry.on_disk(move |registry| {
        let was_there = match named {
            Named::Tag(tag) => registry.storage.delete_tag(&repository, &tag),
            Named::Digest(digest) => registry.storage.delete_manifest(&repository, &digest),
        };
        if was_there? { Ok(()) } else { Err(unknown(registry, &repository)) }
    });
    deleted.await??;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// What a media type is without its parameters.
fn essence(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Says whether the repository or only the manifest is not there.
fn unknown(registry: &Registry, repository: &Repository) -> Refusal {
    match registry.storage.knows(repository) {
        Ok(true) => Refusal::new(Code::ManifestUnknown, "this repository has no such manifest"),
        Ok(false) => no_repository(),
        Err(fault) => Fault::into(fault),
    }
}

/// There is no such repository.
pub(super) fn no_repository() -> Refusal {
    Refusal::new(Code::NameUnknown, "there is no such repository; it begins with the first push")
}

fn wrong_digest(found: &Digest, wanted: &Digest) -> Refusal {
    let message = format!("the manifest has the digest {found}, not {wanted}; nothing of it was kept");
    Refusal::new(Code::DigestInvalid, message)
}

fn unmet(problem: &Stored) -> Refusal {
    match problem {
        Stored::Missing(digest) => {
            Refusal::new(Code::ManifestBlobUnknown, format!("the repository does not hold {digest}; push it first"))
        }
        Stored::WrongSize { digest, said_bytes, found_bytes } => Refusal::new(
            Code::SizeInvalid,
            format!("the manifest says that {digest} has {said_bytes} bytes, it has {found_bytes}"),
        ),
        Stored::Yes => Refusal::internal("the manifest was stored"),
    }
}
