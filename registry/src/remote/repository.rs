//! One repository of a registry over HTTP.

use http::Method;
use lockgate_model::ids::Digest;
use url::Url;

use super::endpoint::Endpoint;
use super::error::RemoteError;
use super::http::{Ask, HttpClient};
use crate::artifact::Descriptor;
use crate::partial::Partial;
use crate::registry::RegistryError;
use crate::repository::{Document, Repository, Transfer};

/// A repository that is spoken to over HTTP.
pub(crate) struct RemoteRepository<'a> {
    pub(super) client: &'a HttpClient,
    pub(super) endpoint: &'a Endpoint,
    /// Within the registry, `team/gate`.
    pub(super) path: String,
}

impl<'a> RemoteRepository<'a> {
    pub(crate) fn new(client: &'a HttpClient, endpoint: &'a Endpoint, below: &str) -> Self {
        let path = match (endpoint.path(), below) {
            ("", below) => below.to_owned(),
            (path, "") => path.to_owned(),
            (path, below) => format!("{path}/{below}"),
        };
        Self { client, endpoint, path }
    }

    pub(super) fn registry(&self) -> String {
        self.endpoint.registry().to_owned()
    }

    pub(super) fn ask(&self, method: Method, rest: &str, what: String) -> Result<Ask<'_>, RemoteError> {
        self.request(method, "pull", rest, what)
    }

    pub(super) fn writing(&self, method: Method, rest: &str, what: String) -> Result<Ask<'_>, RemoteError> {
        self.request(method, "pull,push", rest, what)
    }

    fn request(&self, method: Method, actions: &'static str, rest: &str, what: String) -> Result<Ask<'_>, RemoteError> {
        let text = format!("{}{}/{rest}", self.endpoint.root(), self.path);
        let url = text.parse::<Url>().map_err(|error| RemoteError::Protocol {
            registry: self.registry(),
            what: what.clone(),
            detail: format!("`{text}` is no URL: {error}"),
        })?;
        let (endpoint, repository) = (self.endpoint, self.path.as_str());
        let tries_max = self.client.patience.attempts_max;
        Ok(Ask { endpoint, repository, actions, what, method, url, headers: Vec::new(), body: None, tries_max })
    }

    pub(super) fn not_found(&self, what: String, hint: String) -> RemoteError {
        RemoteError::NotFound { registry: self.registry(), what, hint }
    }
}

impl Repository for RemoteRepository<'_> {
    fn tagged(&self, tag: &str) -> Result<Option<Document>, RegistryError> {
        Ok(self.document(tag, None)?)
    }

    fn manifest(&self, digest: &Digest) -> Result<Document, RegistryError> {
        let found = self.document(&digest.to_string(), Some(digest))?;
        Ok(found.ok_or_else(|| self.not_found(format!("manifest {digest} in {}", self.path), String::new()))?)
    }

    fn unknown(&self, tag: &str) -> RegistryError {
        let hint = match self.some_tags().as_slice() {
            [] => String::new(),
            tags => format!("; it has {}", tags.join(", ")),
        };
        self.not_found(format!("`{}:{tag}`", self.path), hint).into()
    }

    fn blob(&self, wanted: &Descriptor, partial: &mut Partial, told: &dyn Transfer) -> Result<(), RegistryError> {
        Ok(self.stream(wanted, partial, told)?)
    }

    fn referrers(&self, subject: &Digest, artifact_type: &str) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        Ok(self.listed_referrers(subject, artifact_type)?)
    }

    fn put_blob(&self, blob: &Descriptor, bytes: &[u8], told: &dyn Transfer) -> Result<(), RegistryError> {
        Ok(self.upload(blob, bytes, told)?)
    }

    fn put_manifest(&self, tag: Option<&str>, media_type: &str, bytes: &[u8]) -> Result<bool, RegistryError> {
        let digest = || Digest::of(bytes).to_string();
        Ok(self.upload_manifest(&tag.map_or_else(digest, str::to_owned), media_type, bytes)?)
    }
}
