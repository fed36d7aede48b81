//! `artifacts`: bytes for keeping. Needs a workspace, and one that may be changed to fetch into it.

use std::io;

use lockgate_model::Json;
use lockgate_model::host_call::Permission;
use lockgate_model::ids::Digest;
use lockgate_model::limits::ARTIFACT_BYTES_MAX;
use lockgate_ports::BlobError;
use lockgate_ports::sandbox::WorkspaceAccess;
use rustix::io::Errno;
use serde_json::json;

use super::beneath;
use super::wasi::reachable::Access;
use crate::bindings::host::artifacts::{self, Artifact, ArtifactError};
use crate::host::{Function, Host, Reply};
use crate::stop::Stop;

impl artifacts::Host for Host {
    fn publish(
        &mut self,
        name: String,
        path: String,
        media_type: String,
    ) -> wasmtime::Result<Result<Artifact, ArtifactError>> {
        let function = Function { interface: "artifacts", name: "publish" };
        let arguments = json!({ "name": name, "path": path, "media-type": media_type });
        self.look_inside()?;
        let permission = self.may_use_workspace(&path, Access::Read, |_| true);
        self.granted(function, arguments, permission, |host, _| host.publish_file(name, &path, media_type))
    }

    fn fetch(&mut self, digest: String, path: String) -> wasmtime::Result<Result<(), ArtifactError>> {
        let function = Function { interface: "artifacts", name: "fetch" };
        let arguments = json!({ "digest": digest, "path": path });
        self.look_inside()?;
        let permission = self.may_use_workspace(&path, Access::Write, |workspace| workspace.writable);
        self.granted(function, arguments, permission, |host, _| host.fetch_blob(&digest, &path))
    }
}

impl Host {
    fn may_use_workspace(&self, path: &str, access: Access, wanted: fn(&WorkspaceAccess) -> bool) -> Permission {
        match &self.reach.workspace {
            Some(workspace) if wanted(workspace) => self.may_touch(path, access),
            _ => Permission::Denied("write".into()),
        }
    }

    fn publish_file(
        &mut self,
        name: String,
        path: &str,
        media_type: String,
    ) -> Result<Result<Artifact, ArtifactError>, Stop> {
        let held = match self.reach.workspace.as_ref().map(|workspace| beneath::file(workspace.folder.path(), path)) {
            Some(Ok(held)) => held,
            Some(Err(error)) => return not_found(path, &error).map(Err),
            None => return Ok(Err(ArtifactError::Denied("there is no workspace".to_owned()))),
        };
        match self.services.blobs.put_file(&held.path(), ARTIFACT_BYTES_MAX) {
            Ok((digest, size_bytes)) => {
                let (digest, annotations) = (digest.to_string(), Vec::new());
                Ok(Ok(Artifact { name, digest, media_type, size_bytes, annotations }))
            }
            Err(BlobError::TooLarge { size_bytes, .. }) => Ok(Err(ArtifactError::TooLarge(size_bytes))),
            Err(error) => Err(Stop::fault(&format!("cannot keep artifact `{name}`"), &error)),
        }
    }

    fn fetch_blob(&mut self, digest: &str, path: &str) -> Result<Result<(), ArtifactError>, Stop> {
        let Ok(digest) = digest.parse::<Digest>() else {
            return Ok(Err(ArtifactError::Missing(format!("`{digest}` is not a digest"))));
        };
        if !self.services.blobs.contains(&digest) {
            return Ok(Err(ArtifactError::Missing(digest.to_string())));
        }
        let held = match self.reach.workspace.as_ref().map(|workspace| beneath::new_file(workspace.folder.path(), path))
        {
            Some(Ok(held)) => held,
            Some(Err(error)) => return not_found(path, &error).map(Err),
            None => return Ok(Err(ArtifactError::Denied("there is no workspace".to_owned()))),
        };
        match self.services.blobs.copy_to(&digest, &held.path()) {
            Ok(_) => {
                self.answer_blobs.push(digest);
                Ok(Ok(()))
            }
            Err(BlobError::Missing(digest)) => Ok(Err(ArtifactError::Missing(digest.to_string()))),
            Err(error) => Err(Stop::fault(&format!("cannot fetch artifact {digest}"), &error)),
        }
    }
}

/// What a path that could not be opened means: it leaves the workspace, is not there, or the host failed.
fn not_found(path: &str, error: &io::Error) -> Result<ArtifactError, Stop> {
    match Errno::from_io_error(error) {
        Some(Errno::XDEV) => Ok(ArtifactError::Denied(format!("`{path}` leaves the workspace"))),
        Some(Errno::ACCESS | Errno::PERM) => Ok(ArtifactError::Denied(format!("`{path}` must not be opened"))),
        Some(Errno::NOENT | Errno::NOTDIR | Errno::ISDIR | Errno::INVAL | Errno::LOOP | Errno::NAMETOOLONG) => {
            Ok(ArtifactError::Missing(format!("`{path}` is not a file of the workspace")))
        }
        _ => Err(Stop::fault(&format!("cannot open `{path}` in the workspace"), error)),
    }
}

impl Reply for Result<Artifact, ArtifactError> {
    fn denied(missing: String) -> Self {
        Err(ArtifactError::Denied(missing))
    }

    fn shown(&self) -> Json {
        match self {
            Ok(artifact) => json!({ "digest": artifact.digest, "size-bytes": artifact.size_bytes }),
            Err(error) => shown_error(error),
        }
    }

    fn bytes(&self) -> u64 {
        self.as_ref().map_or(0, |artifact| artifact.size_bytes)
    }
}

impl Reply for Result<(), ArtifactError> {
    fn denied(missing: String) -> Self {
        Err(ArtifactError::Denied(missing))
    }

    fn shown(&self) -> Json {
        self.as_ref().map_or_else(shown_error, |()| json!("fetched"))
    }
}

fn shown_error(error: &ArtifactError) -> Json {
    match error {
        ArtifactError::Denied(reason) => json!({ "denied": reason }),
        ArtifactError::Missing(what) => json!({ "missing": what }),
        ArtifactError::TooLarge(size_bytes) => json!({ "too-large": size_bytes }),
    }
}
