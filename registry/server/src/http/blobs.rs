//! Blobs: asked for, read, deleted (specification, "Pulling blobs", "Deleting Blobs").

use std::io::SeekFrom;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use lockgate_model::ids::Digest;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::dispatch::Asked;
use super::ranges::{Wanted, wanted};
use super::{Code, Refusal, Registry};
use crate::storage::blobs::Content;

/// The digest of what is sent or was stored.
pub(crate) const DIGEST_HEADER: HeaderName = HeaderName::from_static("docker-content-digest");
/// Bytes that are read ahead of a client.
const READ_BYTES: usize = 64 * 1024;
const BLOB_MEDIA_TYPE: &str = "application/octet-stream";

pub(super) async fn head(registry: &Arc<Registry>, asked: Asked, digest: Digest) -> Result<Response, Refusal> {
    let Asked { repository, .. } = asked;
    let found = registry.written(move |registry| {
        if registry.settings.read_only {
            let content = registry.storage.blob(&repository, &digest)?;
            return Ok(content.map(|content| content.size_bytes));
        }
        registry.storage.reserve_blob(&repository, &digest, registry.now())
    });
    let size_bytes = found.await?.ok_or_else(|| unknown(&digest))?;
    Ok((described(BLOB_MEDIA_TYPE, &digest, size_bytes), Body::empty()).into_response())
}

pub(super) async fn get(registry: &Arc<Registry>, asked: Asked, digest: Digest) -> Result<Response, Refusal> {
    let range = asked.header(&header::RANGE).map(str::to_owned);
    let Asked { repository, .. } = asked;
    let found = registry.stored(move |registry| registry.storage.blob(&repository, &digest)).await?;
    let content = found.ok_or_else(|| unknown(&digest))?;
    let size_bytes = content.size_bytes;
    match wanted(range.as_deref(), size_bytes) {
        Wanted::All => whole(content, BLOB_MEDIA_TYPE, &digest, false),
        Wanted::Part(part) => partial(content, part, &digest).await,
        Wanted::Unsatisfiable => Err(unsatisfiable(size_bytes)),
    }
}

pub(super) async fn delete(registry: &Arc<Registry>, asked: Asked, digest: Digest) -> Result<Response, Refusal> {
    let Asked { repository, .. } = asked;
    let was_there = registry.written(move |registry| registry.storage.delete_blob(&repository, &digest)).await?;
    if was_there { Ok(StatusCode::ACCEPTED.into_response()) } else { Err(unknown(&digest)) }
}

/// Sends content, or only says what would be sent.
pub(super) fn whole(content: Content, media_type: &str, digest: &Digest, is_head: bool) -> Result<Response, Refusal> {
    let headers = described(media_type, digest, content.size_bytes);
    if is_head {
        return Ok((headers, Body::empty()).into_response());
    }
    let reader = tokio::fs::File::from_std(content.file).take(content.size_bytes);
    Ok((headers, Body::from_stream(ReaderStream::with_capacity(reader, READ_BYTES))).into_response())
}

async fn partial(content: Content, part: Range<u64>, digest: &Digest) -> Result<Response, Refusal> {
    let mut file = tokio::fs::File::from_std(content.file);
    let sought = file.seek(SeekFrom::Start(part.start)).await;
    sought.map_err(|_| Refusal::internal("the registry's disk failed; try again"))?;
    let part_bytes = part.end - part.start;
    let shown = format!("bytes {}-{}/{}", part.start, part.end - 1, content.size_bytes);
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(part_bytes), READ_BYTES));
    let headers = described(BLOB_MEDIA_TYPE, digest, part_bytes);
    Ok((StatusCode::PARTIAL_CONTENT, headers, [(header::CONTENT_RANGE, shown)], body).into_response())
}

fn described(media_type: &str, digest: &Digest, size_bytes: u64) -> [(HeaderName, String); 5] {
    [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_LENGTH, size_bytes.to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        // What was stored by somebody must never be shown as a page of this server.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (DIGEST_HEADER, digest.to_string()),
    ]
}

fn unknown(digest: &Digest) -> Refusal {
    Refusal::new(Code::BlobUnknown, format!("this repository holds no blob {digest}"))
}

fn unsatisfiable(size_bytes: u64) -> Refusal {
    let shown = format!("bytes */{size_bytes}");
    let refusal =
        Refusal::new(Code::SizeInvalid, format!("the blob has {size_bytes} bytes, none of them in that range"));
    let refusal = refusal.with_status(StatusCode::RANGE_NOT_SATISFIABLE);
    HeaderValue::try_from(shown)
        .map_or_else(|_| Refusal::internal("a header"), |value| refusal.with_header(header::CONTENT_RANGE, value))
}
