//! What can be wrong with a layout, and what to do about it.

use std::io;
use std::path::PathBuf;

use lockgate_model::ids::Digest;

use crate::artifact::{ManifestError, PackError};

/// Why a layout could not give or take a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// The folder is no layout.
    #[error("{path} is not an OCI image layout: {reason}")]
    NotALayout {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// Nothing of that name.
    #[error("{path} has no `{name}`{}", known_names(.known))]
    Unknown {
        /// The folder.
        path: PathBuf,
        /// `path:tag`, or a digest.
        name: String,
        /// Names that it has.
        known: Vec<String>,
    },
    /// A plugin is stored under a tag.
    #[error("{reference} has no tag to store a plugin under; write one, such as :0.1")]
    Untagged {
        /// The reference.
        reference: String,
    },
    /// The tag was moved since the reference was written.
    #[error(
        "`{name}` in {path} is now {found}, the reference names {wanted}; lock the pipeline again if that is meant"
    )]
    Moved {
        /// The folder.
        path: PathBuf,
        /// `path:tag`.
        name: String,
        /// What the name stands for.
        found: Digest,
        /// What the reference says.
        wanted: Digest,
    },
    /// A blob is not what its digest says.
    #[error("blob {digest} in {path} {problem}")]
    Blob {
        /// The folder.
        path: PathBuf,
        /// Which blob.
        digest: Digest,
        /// What is wrong.
        problem: BlobProblem,
    },
    /// The manifest is of something else.
    #[error("manifest {digest} in {path} cannot be used: {reason}")]
    Manifest {
        /// The folder.
        path: PathBuf,
        /// Which manifest.
        digest: Digest,
        /// Why.
        reason: ManifestError,
    },
    /// The bytes to store are no component.
    #[error("{name} cannot be stored")]
    Pack {
        /// What was to be stored.
        name: String,
        /// Why.
        #[source]
        source: PackError,
    },
    /// The disk refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// What can be wrong with a blob on disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobProblem {
    /// It is not there.
    #[error("is missing; store the plugin again")]
    Missing,
    /// Cut off, or grown.
    #[error("has {found_bytes} bytes instead of {wanted_bytes}; remove it and store the plugin again")]
    WrongSize {
        /// On disk.
        found_bytes: u64,
        /// In its descriptor.
        wanted_bytes: u64,
    },
    /// Other bytes.
    #[error("is damaged (its content is {found}); remove it and store the plugin again")]
    WrongDigest {
        /// Of the bytes on disk.
        found: Digest,
    },
    /// Over the limit for what it is.
    #[error("has {size_bytes} bytes, at most {max_bytes} are taken")]
    TooLarge {
        /// On disk.
        size_bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
}

fn known_names(known: &[String]) -> String {
    match known {
        [] => "; it is empty".to_owned(),
        names => format!("; it has {}", names.join(", ")),
    }
}
