//! A folder of plugins: an OCI image layout (OCI image specification, "Image Layout").
//!
//! `oci-layout` marks the folder, `index.json` lists manifests by name, `blobs/sha256/` holds every blob under its
//! digest. A name is `path:tag` of a reference, so that one layout can stand in for a whole registry.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use lockgate_model::ids::Digest;
use serde::{Deserialize, Serialize};

use crate::artifact::{Descriptor, MANIFEST_BYTES_MAX, Manifest, ManifestError, Packed, pack};
use crate::file::{read_at_most, replace};
use crate::reference::Reference;

mod error;
mod index;

pub use error::{BlobProblem, LayoutError};
use index::Index;

/// `index.json`: about 15,000 manifests.
pub const INDEX_BYTES_MAX: u64 = MANIFEST_BYTES_MAX;

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";
const WRITER_LOCK: &str = "index.json.lock";
const BLOBS: &str = "blobs/sha256";
const VERSION: &str = "1.0.0";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

/// An OCI image layout on disk.
#[derive(Debug, Clone)]
pub struct Layout {
    path: PathBuf,
}

impl Layout {
    /// Opens a layout that exists.
    ///
    /// # Errors
    /// When the folder is none, or of a version that this host does not know.
    pub fn open(path: &Path) -> Result<Self, LayoutError> {
        let layout = Self { path: path.to_owned() };
        let bytes = layout.read_limited(&path.join(MARKER)).map_err(|error| match error {
            LayoutError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                layout.not_a_layout(format!("there is no `{MARKER}` file in it"))
            }
            other => other,
        })?;
        let marker: Marker = serde_json::from_slice(&bytes)
            .map_err(|error| layout.not_a_layout(format!("its `{MARKER}` file cannot be read ({error})")))?;
        if marker.image_layout_version != VERSION {
            let version = marker.image_layout_version;
            return Err(layout.not_a_layout(format!("its version is {version}, this lockgate knows {VERSION}")));
        }
        Ok(layout)
    }

    /// Opens a layout, made anew where there is none.
    ///
    /// # Errors
    /// When it can be neither opened nor made.
    pub fn create(path: &Path) -> Result<Self, LayoutError> {
        if path.join(MARKER).exists() {
            return Self::open(path);
        }
        let layout = Self { path: path.to_owned() };
        let blobs = path.join(BLOBS);
        fs::create_dir_all(&blobs).map_err(io_error("create", &blobs))?;
        let _held = layout.lock()?;
        if !path.join(INDEX).exists() {
            layout.write_index(&Index::empty())?;
        }
        let marker = Marker { image_layout_version: VERSION.to_owned() };
        write_json(&path.join(MARKER), &marker)?;
        Ok(layout)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The digest of the manifest that a reference names. Where it has tag and digest, both must agree.
    ///
    /// # Errors
    /// When there is none, or the tag stands for another digest.
    pub fn resolve(&self, reference: &Reference) -> Result<Digest, LayoutError> {
        let index = self.read_index()?;
        let Some(name) = reference.path_and_tag() else {
            let digest = reference.digest().filter(|digest| index.holds(digest));
            return digest.copied().ok_or_else(|| self.unknown(&index, &reference.to_string()));
        };
        let found = index.named(&name).ok_or_else(|| self.unknown(&index, &name))?;
        match reference.digest() {
            Some(wanted) if *wanted != found => {
                Err(LayoutError::Moved { path: self.path.clone(), name, found, wanted: *wanted })
            }
            _ => Ok(found),
        }
    }

    /// Reads a manifest, verified.
    ///
    /// # Errors
    /// When it is missing, damaged, over `MANIFEST_BYTES_MAX`, or no manifest.
    pub fn manifest(&self, digest: &Digest) -> Result<Manifest, LayoutError> {
        let bytes = self.blob(digest, MANIFEST_BYTES_MAX)?;
        Manifest::parse(&bytes).map_err(|reason| self.bad_manifest(digest, reason))
    }

    /// The component that a manifest describes; its bytes are not read.
    ///
    /// # Errors
    /// When the manifest cannot be read or is of something else.
    pub fn component_of(&self, manifest: &Digest) -> Result<Descriptor, LayoutError> {
        let parsed = self.manifest(manifest)?;
        parsed.component().cloned().map_err(|reason| self.bad_manifest(manifest, reason))
    }

    /// Reads a blob, verified by size and digest.
    ///
    /// # Errors
    /// When it is missing, cut off, damaged, or of another size than its descriptor says.
    pub fn described_blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>, LayoutError> {
        let path = self.blob_path(&descriptor.digest);
        let found_bytes = self.blob_size(&descriptor.digest, &path)?;
        if found_bytes != descriptor.size {
            let problem = BlobProblem::WrongSize { found_bytes, wanted_bytes: descriptor.size };
            return Err(self.bad_blob(&descriptor.digest, problem));
        }
        self.blob(&descriptor.digest, descriptor.size)
    }

    /// Reads a blob of at most `max_bytes`, verified by its digest.
    ///
    /// # Errors
    /// When it is missing, damaged or too large.
    pub fn blob(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>, LayoutError> {
        let path = self.blob_path(digest);
        let size_bytes = self.blob_size(digest, &path)?;
        if size_bytes > max_bytes {
            return Err(self.bad_blob(digest, BlobProblem::TooLarge { size_bytes, max_bytes }));
        }
        let bytes = read_at_most(&path, max_bytes).map_err(io_error("read", &path))?;
        let found = Digest::of(&bytes);
        if found == *digest { Ok(bytes) } else { Err(self.bad_blob(digest, BlobProblem::WrongDigest { found })) }
    }

    /// Stores a component under a reference's `path:tag`; a name that exists is moved. Two writers do not disturb each
    /// other, and readers see the old index or the new one.
    ///
    /// # Errors
    /// When the bytes are no component, the reference has no tag, or the disk refuses.
    pub fn push(&self, reference: &Reference, component: &[u8], author: Option<&str>) -> Result<Packed, LayoutError> {
        let untagged = || LayoutError::Untagged { reference: reference.to_string() };
        let name = reference.path_and_tag().ok_or_else(untagged)?;
        let packed = pack(component, author, &BTreeMap::new())
            .map_err(|source| LayoutError::Pack { name: name.clone(), source })?;
        self.put(&packed.component.digest, component)?;
        self.put(&Digest::of(&packed.config), &packed.config)?;
        self.put(&packed.descriptor.digest, &packed.manifest)?;
        self.name(name, &packed.descriptor)?;
        Ok(packed)
    }

    /// What a name stands for.
    #[cfg(feature = "remote")]
    pub(crate) fn named(&self, name: &str) -> Result<Option<Digest>, LayoutError> {
        Ok(self.read_index()?.named(name))
    }

    /// The error for a name that is not there.
    #[cfg(feature = "remote")]
    pub(crate) fn unknown_name(&self, name: &str) -> LayoutError {
        self.read_index().map_or_else(|error| error, |index| self.unknown(&index, name))
    }

    /// Lets a name stand for a manifest that is stored.
    pub(crate) fn name(&self, name: String, manifest: &Descriptor) -> Result<(), LayoutError> {
        let _held = self.lock()?;
        let mut index = self.read_index()?;
        index.name(name, manifest.clone());
        self.write_index(&index)
    }

    /// Stores a blob.
    pub(crate) fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), LayoutError> {
        // A damaged blob is replaced: storing a plugin again is the remedy that the errors above name.
        if self.blob(digest, bytes.len() as u64).is_ok() {
            return Ok(());
        }
        write(&self.blob_path(digest), bytes)
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path.join(BLOBS).join(digest.hex())
    }

    fn blob_size(&self, digest: &Digest, path: &Path) -> Result<u64, LayoutError> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(metadata.len()),
            Ok(_) => Err(self.bad_blob(digest, BlobProblem::Missing)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.bad_blob(digest, BlobProblem::Missing)),
            Err(error) => Err(io_error("look at", path)(error)),
        }
    }

    fn read_index(&self) -> Result<Index, LayoutError> {
        let bytes = self.read_limited(&self.path.join(INDEX))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| self.not_a_layout(format!("its `{INDEX}` cannot be read ({error})")))
    }

    fn write_index(&self, index: &Index) -> Result<(), LayoutError> {
        write_json(&self.path.join(INDEX), index)
    }

    fn read_limited(&self, path: &Path) -> Result<Vec<u8>, LayoutError> {
        let bytes = read_at_most(path, INDEX_BYTES_MAX + 1).map_err(io_error("read", path))?;
        if bytes.len() as u64 > INDEX_BYTES_MAX {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(self.not_a_layout(format!("its `{name}` is over the limit of {INDEX_BYTES_MAX} bytes")));
        }
        Ok(bytes)
    }

    /// Writers wait for each other here; the operating system frees the lock of one that dies.
    fn lock(&self) -> Result<File, LayoutError> {
        let path = self.path.join(WRITER_LOCK);
        let file = File::create(&path).map_err(io_error("create", &path))?;
        file.lock().map_err(io_error("lock", &path))?;
        Ok(file)
    }

    fn not_a_layout(&self, reason: String) -> LayoutError {
        LayoutError::NotALayout { path: self.path.clone(), reason }
    }

    fn unknown(&self, index: &Index, name: &str) -> LayoutError {
        LayoutError::Unknown { path: self.path.clone(), name: name.to_owned(), known: index.names() }
    }

    fn bad_blob(&self, digest: &Digest, problem: BlobProblem) -> LayoutError {
        LayoutError::Blob { path: self.path.clone(), digest: *digest, problem }
    }

    fn bad_manifest(&self, digest: &Digest, reason: ManifestError) -> LayoutError {
        LayoutError::Manifest { path: self.path.clone(), digest: *digest, reason }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), LayoutError> {
    replace(path, bytes).map_err(io_error("write", path))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), LayoutError> {
    let bytes = serde_json::to_vec(value).map_err(|error| io_error("write", path)(io::Error::other(error)))?;
    write(path, &bytes)
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LayoutError {
    let path = path.to_owned();
    move |source| LayoutError::Io { action, path, source }
}
