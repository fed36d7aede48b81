//! Uploads: begun, grown, asked for, finished, cancelled (specification, "Pushing blobs").

use std::sync::{Arc, PoisonError};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use lockgate_model::ids::Digest;

use super::blobs::DIGEST_HEADER;
use super::body::{self, Bounds};
use super::dispatch::Asked;
use super::ranges::{chunk, so_far};
use super::route::{parse_digest, upload_unknown};
use super::{Code, Refusal, Registry};
use crate::access::tokens::Scope;
use crate::name::{Repository, UploadId};
use crate::settings::Event;
use crate::storage::Fault;
use crate::storage::writer::{Closed, Writer};

/// How often rested uploads are looked for.
const SWEEP_MS: u64 = 60 * 1_000;
const UPLOAD_HEADER: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// Begins an upload, or is done at once: with the whole blob ("Single POST"), or with a blob of another repository
/// ("Mounting a blob from another repository").
pub(super) async fn begin(registry: &Arc<Registry>, asked: Asked, content: &mut Body) -> Result<Response, Refusal> {
    if let Some(mounted) = mount(registry, &asked).await? {
        return Ok(mounted);
    }
    let id = begin_empty(registry, &asked.repository).await?;
    match asked.query.get("digest").map(parse_digest).transpose() {
        Ok(None) => Ok(progress(&asked.repository, &id, 0, StatusCode::ACCEPTED)),
        Ok(Some(digest)) => {
            let writer = open(registry, id).await?.forgotten_unless_finished();
            receive(registry, asked, writer, digest, content).await
        }
        Err(refusal) => {
            cancel(registry, id).await?;
            Err(refusal)
        }
    }
}

/// Mounts a blob when that is asked for, possible, and allowed: to mount is to read. Otherwise an upload begins, as the
/// specification wants it, and nobody learns why.
async fn mount(registry: &Arc<Registry>, asked: &Asked) -> Result<Option<Response>, Refusal> {
    let Some(digest) = asked.query.get("mount").map(parse_digest).transpose()? else { return Ok(None) };
    let from = asked.query.get("from").and_then(Repository::parse);
    let Some(from) = from.filter(|from| asked.caller.may(Scope::Pull, from)) else { return Ok(None) };
    let repository = asked.repository.clone();
    let mounted = registry.written(move |registry| registry.storage.mount(&from, &repository, &digest, registry.now()));
    Ok(mounted.await?.then(|| created(&asked.repository, "blobs", &digest)))
}

async fn begin_empty(registry: &Arc<Registry>, repository: &Repository) -> Result<UploadId, Refusal> {
    let random = registry.settings.host.random();
    let random = random.map_err(|_| Refusal::internal("the server has no randomness to name an upload with"))?;
    let id = UploadId::new(random, repository);
    let named = id.clone();
    let has_begun = registry.stored(move |registry| {
        let uploads_max = registry.settings.limits.uploads_max;
        forget_rested(registry, SWEEP_MS)?;
        if registry.storage.begin_upload(&named, uploads_max)? {
            return Ok(true);
        }
        forget_rested(registry, 0)?;
        registry.storage.begin_upload(&named, uploads_max)
    });
    if has_begun.await? {
        return Ok(id);
    }
    let message = "as many uploads are open as this registry takes; finish or cancel some, or try again later";
    Err(Refusal::new(Code::TooManyRequests, message))
}

/// Forgets uploads that rested too long, unless that was done in the last `every_ms`. Who begins an upload pays for it, so
/// that no clock has to tick here.
fn forget_rested(registry: &Registry, every_ms: u64) -> Result<(), Fault> {
    let now = registry.now();
    {
        let mut swept = registry.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since_ms(*swept) < every_ms {
            return Ok(());
        }
        *swept = now;
    }
    let forgotten = registry.storage.forget_uploads(registry.oldest_upload())?;
    if forgotten > 0 {
        registry.settings.host.report(&Event::UploadsForgotten(forgotten));
    }
    Ok(())
}

/// Appends a chunk, or a stream without `Content-Range`.
pub(super) async fn append(
    registry: &Arc<Registry>,
    asked: Asked,
    id: UploadId,
    content: &mut Body,
) -> Result<Response, Refusal> {
    let writer = open(registry, id.clone()).await?;
    let writer = grow(registry, &asked, writer, &id, content).await?;
    Ok(progress(&asked.repository, &id, writer.size_bytes(), StatusCode::ACCEPTED))
}

/// Says how much of an upload is there.
pub(super) async fn status(registry: &Arc<Registry>, asked: Asked, id: UploadId) -> Result<Response, Refusal> {
    let named = id.clone();
    let size = registry.stored(move |registry| registry.storage.upload_size(&named, registry.oldest_upload()));
    let size_bytes = size.await?.ok_or_else(upload_unknown)?;
    Ok(progress(&asked.repository, &id, size_bytes, StatusCode::NO_CONTENT))
}

/// Appends the rest and makes a blob of the whole.
pub(super) async fn finish(
    registry: &Arc<Registry>,
    asked: Asked,
    id: UploadId,
    content: &mut Body,
) -> Result<Response, Refusal> {
    let missing =
        || Refusal::new(Code::DigestInvalid, "the parameter `digest` is missing; add the digest of the whole blob");
    let digest = parse_digest(asked.query.get("digest").ok_or_else(missing)?)?;
    let writer = open(registry, id.clone()).await?;
    let writer = grow(registry, &asked, writer, &id, content).await?;
    publish(registry, writer, asked.repository, digest).await
}

/// Forgets an upload.
pub(super) async fn cancel(registry: &Arc<Registry>, id: UploadId) -> Result<Response, Refusal> {
    open(registry, id).await?.forget();
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn receive(
    registry: &Arc<Registry>,
    asked: Asked,
    writer: Writer,
    digest: Digest,
    content: &mut Body,
) -> Result<Response, Refusal> {
    check_length(registry, &asked, 0)?;
    let writer = body::append(content, writer, bounds(registry)).await?;
    publish(registry, writer, asked.repository, digest).await
}

async fn grow(
    registry: &Arc<Registry>,
    asked: &Asked,
    writer: Writer,
    id: &UploadId,
    content: &mut Body,
) -> Result<Writer, Refusal> {
    let before_bytes = writer.size_bytes();
    check_length(registry, asked, before_bytes)?;
    let range = asked.header(&header::CONTENT_RANGE).map(|text| chunk(text).ok_or_else(bad_range)).transpose()?;
    let Some(range) = range else { return body::append(content, writer, bounds(registry)).await };
    let chunk_bytes = range.end - range.start;
    if range.start != before_bytes {
        return Err(out_of_order(&asked.repository, id, before_bytes));
    }
    if asked.content_length().is_some_and(|length| length != chunk_bytes) {
        return Err(wrong_length(chunk_bytes));
    }
    let mut writer = body::append(content, writer, bounds(registry)).await?;
    if writer.size_bytes() != range.end {
        writer.cut(before_bytes)?;
        return Err(wrong_length(chunk_bytes));
    }
    Ok(writer)
}

async fn open(registry: &Arc<Registry>, id: UploadId) -> Result<Writer, Refusal> {
    let opened = registry.on_disk(move |registry| registry.storage.open_upload(&id, registry.oldest_upload())).await?;
    opened.map_err(|closed| match closed {
        Closed::Unknown => upload_unknown(),
        Closed::Busy => {
            Refusal::new(Code::BlobUploadInvalid, "another request writes to this upload; wait for its end")
                .with_status(StatusCode::CONFLICT)
        }
        Closed::Fault(fault) => fault.into(),
    })
}

async fn publish(
    registry: &Arc<Registry>,
    mut writer: Writer,
    repository: Repository,
    digest: Digest,
) -> Result<Response, Refusal> {
    let answer = created(&repository, "blobs", &digest);
    let published = registry.written(move |registry| {
        let found = writer.digest()?;
        if found != digest {
            writer.forget();
            return Ok(Some(found));
        }
        registry.storage.publish(writer, &repository, &digest, registry.now())?;
        Ok(None)
    });
    match published.await? {
        None => Ok(answer),
        Some(found) => {
            let message = format!("what was sent has the digest {found}, not {digest}; nothing of it was kept");
            Err(Refusal::new(Code::DigestInvalid, message))
        }
    }
}

fn bounds(registry: &Registry) -> Bounds {
    let limits = &registry.settings.limits;
    Bounds { bytes_max: limits.blob_bytes_max, idle_ms_max: limits.idle_ms_max }
}

/// Refuses early what a client says will be too large.
fn check_length(registry: &Registry, asked: &Asked, before_bytes: u64) -> Result<(), Refusal> {
    let bytes_max = registry.settings.limits.blob_bytes_max;
    let whole = asked.content_length().map(|length| length.saturating_add(before_bytes));
    if whole.is_some_and(|whole| whole > bytes_max) { Err(body::too_large(bytes_max)) } else { Ok(()) }
}

fn bad_range() -> Refusal {
    let message = "the header Content-Range is not of the form `FIRST-LAST`, both ends included";
    Refusal::new(Code::BlobUploadInvalid, message).with_status(StatusCode::RANGE_NOT_SATISFIABLE)
}

fn wrong_length(chunk_bytes: u64) -> Refusal {
    let message = format!("the header Content-Range says {chunk_bytes} bytes, and others came; send the chunk again");
    Refusal::new(Code::SizeInvalid, message)
}

fn out_of_order(repository: &Repository, id: &UploadId, size_bytes: u64) -> Refusal {
    let message = format!("the upload has {size_bytes} bytes; the next chunk begins there");
    let refusal = Refusal::new(Code::BlobUploadInvalid, message).with_status(StatusCode::RANGE_NOT_SATISFIABLE);
    let shown = [(header::LOCATION, location(repository, id)), (header::RANGE, so_far(size_bytes))];
    shown.into_iter().fold(refusal, |refusal, (name, value)| match HeaderValue::try_from(value) {
        Ok(value) => refusal.with_header(name, value),
        Err(_) => refusal,
    })
}

fn progress(repository: &Repository, id: &UploadId, size_bytes: u64, status: StatusCode) -> Response {
    let headers = [
        (header::LOCATION, location(repository, id)),
        (header::RANGE, so_far(size_bytes)),
        (UPLOAD_HEADER, id.as_str().to_owned()),
    ];
    (status, headers).into_response()
}

fn location(repository: &Repository, id: &UploadId) -> String {
    format!("/v2/{repository}/blobs/uploads/{}", id.as_str())
}

/// Says where something is now.
pub(super) fn created(repository: &Repository, what: &str, digest: &Digest) -> Response {
    let location = format!("/v2/{repository}/{what}/{digest}");
    let headers = [(header::LOCATION, location), (DIGEST_HEADER, digest.to_string())];
    (StatusCode::CREATED, headers).into_response()
}
