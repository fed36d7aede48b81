//! Writing to a registry (distribution specification, "Push").

use http::header::{CONTENT_TYPE, HeaderName, LOCATION};
use http::{Method, Response, StatusCode};
use ureq::Body;
use url::Url;

use super::error::RemoteError;
use super::http::{Ask, Payload};
use super::repository::RemoteRepository;
use crate::artifact::{Descriptor, MANIFEST_BYTES_MAX};
use crate::repository::Transfer;

/// A registry answers it when it has taken note of a manifest's `subject`.
const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const BYTES: &str = "application/octet-stream";

impl RemoteRepository<'_> {
    /// Stores a blob, unless the repository has it.
    pub(super) fn upload(&self, blob: &Descriptor, bytes: &[u8], told: &dyn Transfer) -> Result<(), RemoteError> {
        let look = self.writing(Method::HEAD, &format!("blobs/{}", blob.digest), self.storing(blob))?;
        if self.client.send(&look)?.status() == StatusCode::OK {
            told.at(blob.size);
            return Ok(());
        }
        let attempts_max = self.client.patience.attempts_max;
        for attempt in 1..attempts_max {
            match self.send_whole(blob, bytes, told) {
                Err(error) if is_of_the_session(&error) => self.client.patience.pause(attempt, None),
                ended => return ended,
            }
        }
        self.send_whole(blob, bytes, told)
    }

    /// One upload. Its bytes are sent once: a registry may keep those that came before a cut, and would take a second
    /// sending for more of them.
    fn send_whole(&self, blob: &Descriptor, bytes: &[u8], told: &dyn Transfer) -> Result<(), RemoteError> {
        let mut ask = self.writing(Method::PUT, "", self.storing(blob))?;
        ask.url = self.begin(blob)?;
        ask.url.query_pairs_mut().append_pair("digest", &blob.digest.to_string());
        ask.headers.push((CONTENT_TYPE, BYTES.to_owned()));
        let sent = |done_bytes| told.at(done_bytes);
        ask.body = Some(Payload { bytes, sent: &sent });
        ask.tries_max = 1;
        self.client.expect(&ask, &[StatusCode::CREATED]).map(drop)
    }

    /// Begins an upload; where its bytes are to be sent.
    fn begin(&self, blob: &Descriptor) -> Result<Url, RemoteError> {
        let mut ask = self.writing(Method::POST, "blobs/uploads/", self.storing(blob))?;
        ask.body = Some(Payload { bytes: &[], sent: &|_| {} });
        let answer = self.client.expect(&ask, &[StatusCode::ACCEPTED])?;
        let to = location(&ask, &answer).ok_or_else(|| ask.protocol("it does not say where to send the bytes"))?;
        // The bytes go with this registry's login, and so nowhere else.
        if to.origin() == ask.url.origin() {
            Ok(to)
        } else {
            Err(ask.protocol(format!("it wants the bytes at {}", to.authority())))
        }
    }

    /// Stores a manifest under a tag or its digest; whether the registry took note of its subject.
    pub(super) fn upload_manifest(&self, name: &str, media_type: &str, bytes: &[u8]) -> Result<bool, RemoteError> {
        let what = format!("store manifest {name} in {}", self.path);
        if bytes.len() as u64 > MANIFEST_BYTES_MAX {
            let (registry, what) = (self.registry(), format!("manifest {name}"));
            return Err(RemoteError::TooLarge { registry, what, max_bytes: MANIFEST_BYTES_MAX });
        }
        let mut ask = self.writing(Method::PUT, &format!("manifests/{name}"), what)?;
        ask.headers.push((CONTENT_TYPE, media_type.to_owned()));
        ask.body = Some(Payload { bytes, sent: &|_| {} });
        let answer = self.client.expect(&ask, &[StatusCode::CREATED])?;
        Ok(answer.headers().contains_key(OCI_SUBJECT))
    }

    fn storing(&self, blob: &Descriptor) -> String {
        format!("store blob {} in {}", blob.digest.short(), self.path)
    }
}

/// Whether a new upload may go better: this one's session is gone, or it was cut off, or the registry is not well.
fn is_of_the_session(error: &RemoteError) -> bool {
    let is_lost = matches!(error, RemoteError::Status { status: 404 | 409 | 416, .. });
    is_lost || error.is_of_the_world()
}

fn location(ask: &Ask<'_>, answer: &Response<Body>) -> Option<Url> {
    ask.url.join(answer.headers().get(LOCATION)?.to_str().ok()?).ok()
}
