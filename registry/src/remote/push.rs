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
        // An upload's session may be gone when its bytes have to be sent once more: then a new one is begun.
        let mut attempt = 1;
        loop {
            let mut ask = self.writing(Method::PUT, "", self.storing(blob))?;
            ask.url = self.begin(blob)?;
            ask.url.query_pairs_mut().append_pair("digest", &blob.digest.to_string());
            ask.headers.push((CONTENT_TYPE, BYTES.to_owned()));
            let sent = |done_bytes| told.at(done_bytes);
            ask.body = Some(Payload { bytes, sent: &sent });
            let mut answer = self.client.send(&ask)?;
            match answer.status() {
                StatusCode::CREATED => return Ok(()),
                StatusCode::NOT_FOUND if attempt < self.client.patience.attempts_max => attempt += 1,
                _ => return Err(self.client.refusal(&ask, &mut answer)),
            }
        }
    }

    /// Begins an upload; where its bytes are to be sent.
    fn begin(&self, blob: &Descriptor) -> Result<Url, RemoteError> {
        let mut ask = self.writing(Method::POST, "blobs/uploads/", self.storing(blob))?;
        ask.body = Some(Payload { bytes: &[], sent: &|_| {} });
        let answer = self.client.expect(&ask, &[StatusCode::ACCEPTED])?;
        let to = location(&ask, &answer).ok_or_else(|| ask.protocol("it does not say where to send the bytes"))?;
        // The bytes go with this registry's login, and so nowhere else.
        if to.origin() == ask.url.origin() { Ok(to) } else { Err(ask.protocol(format!("it wants the bytes at {}", to.authority()))) }
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

fn location(ask: &Ask<'_>, answer: &Response<Body>) -> Option<Url> {
    ask.url.join(answer.headers().get(LOCATION)?.to_str().ok()?).ok()
}
