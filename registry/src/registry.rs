//! From reference to bytes: mirror, layout, manifest, component; each verified against what named it.

use std::path::Path;

use lockgate_model::ids::Digest;

use crate::layout::{Layout, LayoutError};
use crate::lock::LockEntry;
use crate::mirrors::{Location, MirrorError, Mirrors};
use crate::reference::{Reference, ReferenceError};

/// Why a plugin could not be had.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A reference in the lock file.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// No place to look.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// Not there, or damaged.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The place exists only in the configuration.
    #[error("cannot open the mirror of {reference}; `cargo xtask plugins` stores this project's own plugins")]
    Unopened {
        /// The reference.
        reference: String,
        /// Why.
        #[source]
        source: Box<LayoutError>,
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
}

/// What a reference stands for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The reference as asked.
    pub reference: Reference,
    /// Of the manifest.
    pub manifest: Digest,
    /// Of the component.
    pub component: Digest,
    /// Bytes of the component.
    pub size_bytes: u64,
}

/// Every registry that this host can reach: for now, the layouts that its mirrors name.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    mirrors: Mirrors,
}

impl Registry {
    /// A registry of these mirrors.
    #[must_use]
    pub fn new(mirrors: Mirrors) -> Self {
        Self { mirrors }
    }

    /// The digests that a reference stands for now.
    ///
    /// # Errors
    /// When no mirror maps it, it is not there, or its manifest is damaged or of something else.
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved, RegistryError> {
        let layout = self.layout_of(reference)?;
        let manifest = layout.resolve(reference)?;
        let component = layout.component_of(&manifest)?;
        let reference = reference.clone();
        Ok(Resolved { reference, manifest, component: component.digest, size_bytes: component.size })
    }

    /// The bytes of what `resolve` gave, verified.
    ///
    /// # Errors
    /// As `component`.
    pub fn fetch(&self, resolved: &Resolved) -> Result<Vec<u8>, RegistryError> {
        self.pinned(&resolved.reference, &resolved.manifest, &resolved.component)
    }

    /// The bytes of a locked plugin, verified; where its tag points now does not matter.
    ///
    /// # Errors
    /// When no mirror maps it, or a blob is missing, cut off, damaged, too large, or not the locked one.
    pub fn component(&self, entry: &LockEntry) -> Result<Vec<u8>, RegistryError> {
        self.pinned(&entry.pin.reference.parse()?, &entry.manifest, &entry.pin.digest)
    }

    fn pinned(&self, reference: &Reference, manifest: &Digest, wanted: &Digest) -> Result<Vec<u8>, RegistryError> {
        let layout = self.layout_of(reference)?;
        let described = layout.component_of(manifest)?;
        if described.digest != *wanted {
            let [manifest, found, wanted] = [*manifest, described.digest, *wanted];
            return Err(RegistryError::Mismatch { reference: reference.to_string(), manifest, found, wanted });
        }
        Ok(layout.described_blob(&described)?)
    }

    fn layout_of(&self, reference: &Reference) -> Result<Layout, RegistryError> {
        let Location::OciLayout(path) = self.mirrors.locate(reference)?;
        open(path, reference)
    }
}

fn open(path: &Path, reference: &Reference) -> Result<Layout, RegistryError> {
    let unopened = |source| RegistryError::Unopened { reference: reference.to_string(), source: Box::new(source) };
    Layout::open(path).map_err(unopened)
}
