//! Why a plugin could not be pulled or pushed.

use std::io;

use lockgate_model::ids::Digest;

use crate::artifact::{ManifestError, PackError};
use crate::layout::{BlobProblem, LayoutError};
use crate::reference::{Reference, ReferenceError};
use crate::remote::RemoteError;

/// Why a plugin could not be had, or stored.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A reference in the lock file.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A layout on disk.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A registry over HTTP.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The place exists only in the configuration.
    #[error("cannot open the mirror of {reference}; `cargo xtask plugins` stores this project's own plugins")]
    Unopened {
        /// The reference.
        reference: String,
        /// Why.
        #[source]
        source: Box<LayoutError>,
    },
    /// Several places, and none gave it.
    #[error("none of the {} places of {reference} gave it: {}", .errors.len(), listed(.errors))]
    Nowhere {
        /// The reference.
        reference: String,
        /// Each place, and what it said.
        errors: Vec<(String, RegistryError)>,
    },
    /// Something is to be stored or looked up under a tag.
    #[error("{reference} has no tag; write one, such as :0.1")]
    Untagged {
        /// The reference.
        reference: String,
    },
    /// The tag was moved since the reference was written.
    #[error(
        "{reference}: the tag now stands for {found}, the reference names {wanted}; name the new digest if that is meant"
    )]
    Moved {
        /// The reference.
        reference: String,
        /// What the tag stands for.
        found: Digest,
        /// What the reference says.
        wanted: Digest,
    },
    /// The manifest is of something else.
    #[error("{reference} cannot be used: {reason}")]
    Manifest {
        /// The reference.
        reference: String,
        /// Why.
        reason: ManifestError,
    },
    /// The locked manifest describes other bytes than the locked component.
    #[error(
        "{reference}: manifest {manifest} holds component {found}, the lock file names {wanted}; lock the pipeline again"
    )]
    Mismatch {
        /// The reference.
        reference: String,
        /// The manifest.
        manifest: Digest,
        /// The component that it holds.
        found: Digest,
        /// The component that the lock file names.
        wanted: Digest,
    },
    /// Other bytes came than those that the manifest describes.
    #[error(
        "{reference}: the {found_bytes} bytes that came are {found}, not the {wanted_bytes} bytes {wanted} that its manifest \
         names; nothing of them was kept"
    )]
    WrongBlob {
        /// The reference.
        reference: String,
        /// As named.
        wanted: Digest,
        /// As named.
        wanted_bytes: u64,
        /// As came.
        found: Digest,
        /// As came.
        found_bytes: u64,
    },
    /// The bytes to store are no component.
    #[error("{reference} cannot be stored")]
    Pack {
        /// The reference.
        reference: String,
        /// Why.
        #[source]
        source: PackError,
    },
    /// The list of a manifest's referrers is written by others at the same time.
    #[error("{reference}: the list behind the tag `{tag}` is being changed by others all the time; try again")]
    Unlisted {
        /// The reference.
        reference: String,
        /// The tag of the list.
        tag: String,
    },
    /// The folder of pulled plugins.
    #[error("cannot {action} {reference} in the folder of pulled plugins")]
    Cache {
        /// What was being done.
        action: &'static str,
        /// With what.
        reference: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl RegistryError {
    /// Whether another place may well have what this one does not give.
    pub(crate) fn is_of_one_place(&self) -> bool {
        match self {
            Self::Layout(_) | Self::Unopened { .. } | Self::WrongBlob { .. } | Self::Manifest { .. } => true,
            Self::Remote(error) => error.is_of_this_place(),
            _ => false,
        }
    }

    /// Whether bytes came that are not those that were asked for.
    #[must_use]
    pub fn is_of_wrong_bytes(&self) -> bool {
        match self {
            Self::WrongBlob { .. } | Self::Layout(LayoutError::Blob { .. }) => true,
            Self::Remote(error) => {
                matches!(
                    error,
                    RemoteError::WrongDigest { .. } | RemoteError::WrongSize { .. } | RemoteError::TooLarge { .. }
                )
            }
            _ => false,
        }
    }

    /// Whether it is not what somebody asked for that is wrong, but the network, a registry's health or a disk: the same
    /// request may go well another time.
    #[must_use]
    pub fn is_of_the_world(&self) -> bool {
        match self {
            Self::Cache { .. } | Self::Unlisted { .. } | Self::Layout(LayoutError::Io { .. }) => true,
            Self::Layout(LayoutError::Blob { problem, .. }) => *problem != BlobProblem::Missing,
            Self::Remote(error) => error.is_of_the_world(),
            Self::Nowhere { errors, .. } => errors.iter().any(|(_, error)| error.is_of_the_world()),
            _ => false,
        }
    }

    /// Whether the place was asked and does not have it; a place that cannot be asked is something else.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Layout(LayoutError::Unknown { .. } | LayoutError::Blob { problem: BlobProblem::Missing, .. }) => true,
            Self::Remote(RemoteError::NotFound { .. }) => true,
            Self::Nowhere { errors, .. } => errors.iter().all(|(_, error)| error.is_not_found()),
            _ => false,
        }
    }

    pub(crate) fn of_places(reference: &Reference, mut errors: Vec<(String, Self)>) -> Self {
        match errors.len() {
            1 => errors.remove(0).1,
            _ => Self::Nowhere { reference: reference.to_string(), errors },
        }
    }
}

fn listed(errors: &[(String, RegistryError)]) -> String {
    let one = |(place, error): &(String, RegistryError)| {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{place}: {error}{cause}")
    };
    errors.iter().map(one).collect::<Vec<_>>().join("; ")
}
