//! Bytes that outlive the workspace.

use crate::{Artifact, host};

pub use crate::bindings::lockgate::plugin::artifacts::ArtifactError;

/// Keeps a file of the workspace; `media_type` is RFC 6838's. Return the artifact as evidence, too, if it is proof.
///
/// # Errors
/// A path outside the workspace, a missing file, more bytes than the host keeps.
pub fn publish(name: &str, path: &str, media_type: &str) -> Result<Artifact, ArtifactError> {
    host::publish(name, path, media_type)
}

/// Puts an artifact of an earlier step or job into the workspace, at `path`.
///
/// # Errors
/// An artifact that this step may not see or that is not there, a path outside the workspace.
pub fn fetch(digest: &str, path: &str) -> Result<(), ArtifactError> {
    host::fetch(digest, path)
}
