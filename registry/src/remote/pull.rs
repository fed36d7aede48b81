//! Reading from a registry (distribution specification, "Pull" and "Content Discovery").

use std::io::Read as _;

use http::header::{ACCEPT, CONTENT_RANGE, CONTENT_TYPE, HeaderName, LINK, RANGE};
use http::{HeaderMap, Method, Response, StatusCode};
use lockgate_model::ids::Digest;
use serde::Deserialize;
use ureq::Body;

use super::error::RemoteError;
use super::http::Ask;
use super::repository::RemoteRepository;
use crate::artifact::{Descriptor, INDEX_MEDIA_TYPE, MANIFEST_BYTES_MAX, MANIFEST_MEDIA_TYPE};
use crate::partial::Partial;
use crate::referrers::{REFERRERS_MAX, ReferrersIndex};
use crate::repository::{Document, Transfer};

/// A transfer that goes forward a little between cuts is resumed so often.
const CUTS_MAX: u32 = 32;
/// Pages of a list that are read.
const PAGES_MAX: usize = 16;
/// Tags that are named where another one was wanted.
const TAGS_SHOWN: usize = 20;
const PIECE_BYTES: usize = 64 * 1024;
const DOCKER_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// What containers are kept in: asked for as well, so that a wrong reference can be told what it names.
const ACCEPTED: [&str; 4] = [
    MANIFEST_MEDIA_TYPE,
    INDEX_MEDIA_TYPE,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

impl RemoteRepository<'_> {
    /// The manifest that a tag or a digest stands for; none when there is none.
    pub(super) fn document(&self, name: &str, wanted: Option<&Digest>) -> Result<Option<Document>, RemoteError> {
        let what = format!("manifest {name} of {}", self.path);
        let mut ask = self.ask(Method::GET, &format!("manifests/{name}"), format!("read {what}"))?;
        ask.headers.push((ACCEPT, ACCEPTED.join(", ")));
        let Some((headers, bytes)) = self.read_whole(&ask, &what)? else { return Ok(None) };
        // Some registries lose the header (image specification: it and the document must agree).
        let beside = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()?.split(';').next());
        let document = Document::of(bytes, beside.map(str::trim));
        let announced = headers.get(DOCKER_DIGEST).and_then(|value| value.to_str().ok()?.parse().ok());
        match wanted.copied().or(announced).filter(|wanted| *wanted != document.digest) {
            Some(wanted) => {
                Err(RemoteError::WrongDigest { registry: self.registry(), what, found: document.digest, wanted })
            }
            None => Ok(Some(document)),
        }
    }

    /// Streams a blob's missing bytes; what was cut off goes on from where it was.
    pub(super) fn stream(
        &self,
        wanted: &Descriptor,
        partial: &mut Partial,
        told: &dyn Transfer,
    ) -> Result<(), RemoteError> {
        let (mut cuts, mut idle) = (0, 0);
        while partial.done_bytes() < wanted.size {
            let before = partial.done_bytes();
            told.at(before);
            let taken = match self.open(wanted, partial) {
                Ok(Some(answer)) => self.copy(wanted, answer, partial, told),
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            if let Err(error) = taken {
                return Err(self.forgotten(error, wanted, partial));
            }
            if partial.done_bytes() < wanted.size {
                cuts += 1;
                idle = if partial.done_bytes() > before { 0 } else { idle + 1 };
                if cuts >= CUTS_MAX || idle >= self.client.patience.attempts_max {
                    return Err(self.cut_off(wanted, partial.done_bytes(), cuts));
                }
                self.client.patience.pause(idle + 1, None);
            }
        }
        told.at(wanted.size);
        Ok(())
    }

    /// What a registry sent that lies about sizes is not gone on with.
    fn forgotten(&self, error: RemoteError, wanted: &Descriptor, partial: &mut Partial) -> RemoteError {
        if !matches!(error, RemoteError::WrongSize { .. }) {
            return error;
        }
        partial.restart().map_or_else(|source| self.disk(&self.blob_name(wanted), source), |()| error)
    }

    /// An answer that goes on where `partial` ends; none when it had to begin anew.
    fn open(&self, wanted: &Descriptor, partial: &mut Partial) -> Result<Option<Response<Body>>, RemoteError> {
        let done_bytes = partial.done_bytes();
        let what = self.blob_name(wanted);
        let mut ask = self.ask(Method::GET, &format!("blobs/{}", wanted.digest), format!("read {what}"))?;
        if done_bytes > 0 {
            ask.headers.push((RANGE, format!("bytes={done_bytes}-")));
        }
        let mut answer = self.client.send(&ask)?;
        match answer.status() {
            // Not every registry knows ranges (RFC 9110 section 14.2: it may ignore them).
            StatusCode::OK => partial.restart().map_err(|source| self.disk(&what, source))?,
            StatusCode::PARTIAL_CONTENT if starts_at(answer.headers(), done_bytes) => {}
            StatusCode::PARTIAL_CONTENT => return Err(ask.protocol("it sent another range than was asked for")),
            StatusCode::RANGE_NOT_SATISFIABLE if done_bytes > 0 => {
                partial.restart().map_err(|source| self.disk(&what, source))?;
                return Ok(None);
            }
            StatusCode::NOT_FOUND => return Err(self.not_found(what, String::new())),
            _ => return Err(self.client.refusal(&ask, &mut answer)),
        }
        let missing_bytes = wanted.size - partial.done_bytes();
        match answer.body().content_length() {
            Some(announced) if announced != missing_bytes => {
                Err(self.wrong_size(wanted, partial.done_bytes().saturating_add(announced)))
            }
            _ => Ok(Some(answer)),
        }
    }

    /// Takes what comes, but never more than there should be. A cut is not an error here.
    fn copy(
        &self,
        wanted: &Descriptor,
        mut answer: Response<Body>,
        partial: &mut Partial,
        told: &dyn Transfer,
    ) -> Result<(), RemoteError> {
        let mut body = answer.body_mut().as_reader();
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(count @ 1..) = body.read(&mut piece) {
            if partial.done_bytes() + count as u64 > wanted.size {
                return Err(self.wrong_size(wanted, partial.done_bytes() + count as u64));
            }
            partial.write(&piece[..count]).map_err(|source| self.disk(&self.blob_name(wanted), source))?;
            told.at(partial.done_bytes());
        }
        Ok(())
    }

    /// Manifests that name `subject`; none when the registry has no such list.
    pub(super) fn listed_referrers(
        &self,
        subject: &Digest,
        artifact_type: &str,
    ) -> Result<Option<Vec<Descriptor>>, RemoteError> {
        let what = format!("list of what refers to {} in {}", subject.short(), self.path);
        let mut ask = self.ask(Method::GET, &format!("referrers/{subject}"), format!("read the {what}"))?;
        ask.url.query_pairs_mut().append_pair("artifactType", artifact_type);
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some((headers, bytes)) = self.read_whole(&ask, &what)? else { return Ok(None) };
            let index = ReferrersIndex::parse(&bytes).map_err(|error| ask.protocol(error.to_string()))?;
            found.extend(index.manifests());
            match next_page(&ask, &headers) {
                Some(next) if found.len() < REFERRERS_MAX => ask.url = next,
                _ => break,
            }
        }
        found.truncate(REFERRERS_MAX);
        Ok(Some(found))
    }

    /// Some tags, for an error that names what there is. A registry that does not tell them is none the worse.
    pub(super) fn some_tags(&self) -> Vec<String> {
        #[derive(Deserialize)]
        struct Tags {
            tags: Option<Vec<String>>,
        }
        let read = || {
            let what = format!("tags of {}", self.path);
            let mut ask = self.ask(Method::GET, "tags/list", format!("list the {what}")).ok()?;
            ask.url.query_pairs_mut().append_pair("n", &TAGS_SHOWN.to_string());
            let (_, bytes) = self.read_whole(&ask, &what).ok()??;
            serde_json::from_slice::<Tags>(&bytes).ok()?.tags
        };
        let tags = read().unwrap_or_default().into_iter();
        // They are shown on a terminal: a tag is what the specification calls one.
        tags.filter(|tag| crate::reference::is_tag(tag)).take(TAGS_SHOWN).collect()
    }

    /// A whole answer of at most `MANIFEST_BYTES_MAX`; none for 404. One that breaks off is asked for again.
    fn read_whole(&self, ask: &Ask<'_>, what: &str) -> Result<Option<(HeaderMap, Vec<u8>)>, RemoteError> {
        let mut cuts = 0;
        loop {
            let mut answer = self.client.send(ask)?;
            match answer.status() {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND => return Ok(None),
                _ => return Err(self.client.refusal(ask, &mut answer)),
            }
            let announced_bytes = answer.body().content_length();
            let mut bytes = Vec::new();
            let is_whole = announced_bytes.unwrap_or_default() > MANIFEST_BYTES_MAX
                || answer.body_mut().as_reader().take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut bytes).is_ok();
            if announced_bytes.unwrap_or_default().max(bytes.len() as u64) > MANIFEST_BYTES_MAX {
                let (registry, what) = (self.registry(), what.to_owned());
                return Err(RemoteError::TooLarge { registry, what, max_bytes: MANIFEST_BYTES_MAX });
            }
            if is_whole && announced_bytes.is_none_or(|announced| announced == bytes.len() as u64) {
                return Ok(Some((answer.headers().clone(), bytes)));
            }
            cuts += 1;
            if cuts >= self.client.patience.attempts_max {
                let (registry, what, done_bytes) = (self.registry(), what.to_owned(), bytes.len() as u64);
                let wanted_bytes = announced_bytes.unwrap_or_default();
                return Err(RemoteError::CutOff { registry, what, cuts, done_bytes, wanted_bytes });
            }
            self.client.patience.pause(cuts, None);
        }
    }

    fn blob_name(&self, wanted: &Descriptor) -> String {
        format!("blob {} of {}", wanted.digest, self.path)
    }

    fn cut_off(&self, wanted: &Descriptor, done_bytes: u64, cuts: u32) -> RemoteError {
        let (registry, what) = (self.registry(), self.blob_name(wanted));
        RemoteError::CutOff { registry, what, cuts, done_bytes, wanted_bytes: wanted.size }
    }

    fn wrong_size(&self, wanted: &Descriptor, found_bytes: u64) -> RemoteError {
        let (registry, what) = (self.registry(), self.blob_name(wanted));
        RemoteError::WrongSize { registry, what, found_bytes, wanted_bytes: wanted.size }
    }

    fn disk(&self, what: &str, source: std::io::Error) -> RemoteError {
        RemoteError::Disk { registry: self.registry(), what: what.to_owned(), source }
    }
}

fn starts_at(headers: &HeaderMap, offset_bytes: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.trim().strip_prefix("bytes ")?.split_once('-')?.0.parse().ok());
    start == Some(offset_bytes)
}

/// The next page of a list (RFC 8288): on the same registry, or there is none.
fn next_page(ask: &Ask<'_>, headers: &HeaderMap) -> Option<url::Url> {
    let link = headers.get(LINK)?.to_str().ok()?;
    let (target, params) = link.trim().strip_prefix('<')?.split_once('>')?;
    let next = ask.url.join(target).ok()?;
    (params.contains("next") && next.origin() == ask.url.origin() && next != ask.url).then_some(next)
}
