//! What there is: tags and referrers (specification, "Content Discovery").

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use http_body_util::{BodyExt as _, Full};
use lockgate_model::ids::Digest;
use lockgate_registry::artifact::{INDEX_MEDIA_TYPE, MANIFEST_BYTES_MAX};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::dispatch::Asked;
use super::manifests::no_repository;
use super::query::encode;
use super::route::parse_digest;
use super::{Code, Refusal, Registry};
use crate::name::Repository;
use crate::storage::Fault;
use crate::storage::document::Referrer;
use crate::storage::referrers::REFERRERS_MAX;

/// Tags of one answer; there is a link to the rest.
pub(crate) const TAGS_PAGE_MAX: usize = 1_000;
const FILTERS_HEADER: HeaderName = HeaderName::from_static("oci-filters-applied");
// Room for what stands around the descriptors.
const INDEX_FRAME_BYTES: usize = 256;

/// Lists tags.
pub(super) async fn tags(registry: &Arc<Registry>, asked: Asked) -> Result<Response, Refusal> {
    let count = count(asked.query.get("n"))?;
    let last = asked.query.get("last").map(str::to_owned);
    let repository = asked.repository.clone();
    let listed = registry.stored(move |registry| {
        if !registry.storage.knows(&repository)? {
            return Ok(None);
        }
        // One more than wanted tells whether there is a rest.
        registry.storage.tags_after(&repository, last.as_deref(), count + 1).map(Some)
    });
    let mut tags = listed.await?.ok_or_else(no_repository)?;
    let has_more = count > 0 && tags.len() > count;
    tags.truncate(count);
    let next = tags
        .last()
        .filter(|_| has_more)
        .map(|last| link(&format!("/v2/{}/tags/list?n={count}&last={}", asked.repository, encode(last))));
    let body = json!({ "name": asked.repository.as_str(), "tags": tags }).to_string();
    Ok(([(header::CONTENT_TYPE, "application/json")], AppendHeaders(next.map(|next| (header::LINK, next))), body)
        .into_response())
}

fn count(text: Option<&str>) -> Result<usize, Refusal> {
    let Some(text) = text else { return Ok(TAGS_PAGE_MAX) };
    let refuse = |_| {
        let message = "the parameter `n` is not a number of tags; use 0 or more";
        Refusal::new(Code::Unsupported, message).with_status(StatusCode::BAD_REQUEST)
    };
    text.parse::<usize>().map(|count| count.min(TAGS_PAGE_MAX)).map_err(refuse)
}

/// Lists the manifests whose subject this is. The subject itself need not be there, nor the repository.
pub(super) async fn referrers(registry: &Arc<Registry>, asked: Asked, subject: Digest) -> Result<Response, Refusal> {
    let kind = asked.query.get("artifactType").filter(|kind| !kind.is_empty()).map(str::to_owned);
    let last = asked.query.get("last").map(parse_digest).transpose()?;
    let room = registry.room(2 * MANIFEST_BYTES_MAX).await?;
    let (repository, filter) = (asked.repository.clone(), kind.clone());
    let listed = registry
        .stored(move |registry| page(registry, &repository, &subject, filter.as_deref(), last.as_ref()))
        .await?;
    let next = listed.next.map(|last| {
        let filter = kind.as_deref().map(|kind| format!("&artifactType={}", encode(kind))).unwrap_or_default();
        link(&format!("/v2/{}/referrers/{subject}?last={last}{filter}", asked.repository))
    });
    let filters = kind.map(|_| (FILTERS_HEADER, "artifactType".to_owned()));
    let headers = filters.into_iter().chain(next.map(|next| (header::LINK, next)));
    Ok(([(header::CONTENT_TYPE, INDEX_MEDIA_TYPE)], AppendHeaders(headers), body(&listed.referrers, room))
        .into_response())
}

/// The list; a client that reads slowly holds it in memory, and so its room.
fn body(referrers: &[Referrer], room: OwnedSemaphorePermit) -> Body {
    let text = json!({ "schemaVersion": 2, "mediaType": INDEX_MEDIA_TYPE, "manifests": referrers }).to_string();
    Body::new(Full::from(text).map_frame(move |frame| {
        let _ = &room;
        frame
    }))
}

struct Page {
    referrers: Vec<Referrer>,
    /// The last that was looked at, when there are more.
    next: Option<Digest>,
}

/// As many referrers as an answer may hold ("Listing Referrers": at most 4 MiB), at least one.
fn page(
    registry: &Registry,
    repository: &Repository,
    subject: &Digest,
    kind: Option<&str>,
    last: Option<&Digest>,
) -> Result<Page, Fault> {
    let digests = registry.storage.referrers_after(repository, subject, last)?;
    let is_cut = digests.len() >= REFERRERS_MAX;
    let (mut referrers, mut room_bytes, mut looked_at) =
        (Vec::new(), MANIFEST_BYTES_MAX as usize - INDEX_FRAME_BYTES, None);
    for digest in digests {
        let found = registry.storage.referrer(repository, subject, &digest)?;
        let found = found.filter(|found| kind.is_none_or(|kind| found.artifact_type.as_deref() == Some(kind)));
        if let Some(referrer) = found {
            let size_bytes = json!(referrer).to_string().len() + 1;
            if size_bytes > room_bytes && !referrers.is_empty() {
                return Ok(Page { referrers, next: looked_at });
            }
            room_bytes = room_bytes.saturating_sub(size_bytes);
            referrers.push(referrer);
        }
        looked_at = Some(digest);
    }
    Ok(Page { referrers, next: looked_at.filter(|_| is_cut) })
}

/// The rest of a list (RFC 8288).
fn link(target: &str) -> String {
    format!("<{target}>; rel=\"next\"")
}
