//! Paths and methods, and what a caller must be allowed for each. There is no route without that.

use axum::http::{Method, StatusCode};
use lockgate_model::ids::Digest;

use super::refusal::{Code, Refusal};
use crate::access::tokens::Scope;
use crate::name::{Named, Repository, Tag, UploadId};

// The one thing whose place has two components; no single component is called so.
const UPLOADS: &str = "blobs/uploads";

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/v2/`: whether this is a registry (specification, "Determining Support").
    Base,
    /// `/v2/NAME/...`
    Of(Repository, Thing),
}

/// What a path names in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thing {
    /// `blobs/DIGEST`
    Blob(Digest),
    /// `blobs/uploads/`
    Uploads,
    /// `blobs/uploads/ID`
    Upload(UploadId),
    /// `manifests/TAG` or `manifests/DIGEST`
    Manifest(Named),
    /// `tags/list`
    Tags,
    /// `referrers/DIGEST`
    Referrers(Digest),
}

/// Reads what follows `/v2/`.
pub(crate) fn parse(path: &str) -> Result<Route, Refusal> {
    // Some clients write the colon of a digest so. Nothing else in a valid path is ever encoded.
    let path = path.replace("%3A", ":").replace("%3a", ":");
    if path.is_empty() {
        return Ok(Route::Base);
    }
    let (name, what, which) = split(&path).ok_or_else(nothing_here)?;
    let repository = repository(name)?;
    let thing = thing(&repository, what, which)?;
    Ok(Route::Of(repository, thing))
}

/// The repository's name, what of it, and which one. A name has any number of components, so paths are read from their end.
fn split(path: &str) -> Option<(&str, &str, &str)> {
    if let Some(name) = path.strip_suffix("/blobs/uploads") {
        return Some((name, UPLOADS, ""));
    }
    let (rest, which) = path.rsplit_once('/')?;
    if let Some(name) = rest.strip_suffix("/blobs/uploads") {
        return Some((name, UPLOADS, which));
    }
    let (name, what) = rest.rsplit_once('/')?;
    Some((name, what, which))
}

fn thing(repository: &Repository, what: &str, which: &str) -> Result<Thing, Refusal> {
    match (what, which) {
        (UPLOADS, "") => Ok(Thing::Uploads),
        (UPLOADS, id) => UploadId::parse(id, repository).map(Thing::Upload).ok_or_else(upload_unknown),
        ("blobs", digest) => parse_digest(digest).map(Thing::Blob),
        ("manifests", name) => named(name).map(Thing::Manifest),
        ("tags", "list") => Ok(Thing::Tags),
        ("referrers", digest) => parse_digest(digest).map(Thing::Referrers),
        _ => Err(nothing_here()),
    }
}

fn repository(name: &str) -> Result<Repository, Refusal> {
    let refuse = || {
        let message = "the repository's name is invalid; use up to 251 lower-case letters, digits and `.`, `_`, `-`, `/` between them";
        Refusal::new(Code::NameInvalid, message)
    };
    Repository::parse(name).ok_or_else(refuse)
}

fn named(text: &str) -> Result<Named, Refusal> {
    if text.contains(':') {
        return parse_digest(text).map(Named::Digest);
    }
    let refuse = || {
        let message =
            "the tag is invalid; use up to 128 letters, digits, `_`, `.` and `-`, and none of the last two first";
        Refusal::new(Code::ManifestInvalid, message)
    };
    Tag::parse(text).map(Named::Tag).ok_or_else(refuse)
}

/// Reads a digest of the one algorithm that this registry has.
pub(crate) fn parse_digest(text: &str) -> Result<Digest, Refusal> {
    let refuse = |_| {
        let message =
            "the digest is invalid; this registry takes `sha256:` and 64 lower-case hex digits, no other algorithm";
        Refusal::new(Code::DigestInvalid, message)
    };
    text.parse().map_err(refuse)
}

/// There is no such upload, in this repository.
pub(crate) fn upload_unknown() -> Refusal {
    Refusal::new(
        Code::BlobUploadUnknown,
        "there is no such upload; it was finished, cancelled or forgotten: begin it again",
    )
}

fn nothing_here() -> Refusal {
    let message = "nothing is served at this path; see the OCI distribution specification 1.1, \"Endpoints\"";
    Refusal::new(Code::Unsupported, message).with_status(StatusCode::NOT_FOUND)
}

impl Thing {
    /// What a caller must be allowed; none when the method is not served here.
    pub(crate) fn scope(&self, method: &Method) -> Option<Scope> {
        let is_read = method == Method::GET || method == Method::HEAD;
        match self {
            Self::Blob(_) | Self::Manifest(_) | Self::Tags | Self::Referrers(_) if is_read => Some(Scope::Pull),
            Self::Blob(_) if method == Method::DELETE => Some(Scope::Delete),
            Self::Uploads if method == Method::POST => Some(Scope::Push),
            Self::Upload(_) if [Method::GET, Method::PATCH, Method::PUT, Method::DELETE].contains(method) => {
                Some(Scope::Push)
            }
            Self::Manifest(_) if method == Method::PUT => Some(Scope::Push),
            Self::Manifest(_) if method == Method::DELETE => Some(Scope::Delete),
            _ => None,
        }
    }

    /// What is served here, for those who tried something else.
    pub(crate) fn methods(&self) -> &'static str {
        match self {
            Self::Blob(_) => "GET, HEAD, DELETE",
            Self::Uploads => "POST",
            Self::Upload(_) => "GET, PATCH, PUT, DELETE",
            Self::Manifest(_) => "GET, HEAD, PUT, DELETE",
            Self::Tags | Self::Referrers(_) => "GET, HEAD",
        }
    }
}
