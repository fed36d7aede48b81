//! Everything on disk, without a word of HTTP. All of it waits for the disk: never called on a thread that serves others.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lockgate_model::ids::Digest;
use lockgate_model::time::Timestamp;

use crate::error::ServerError;
use crate::name::Repository;

pub(crate) mod blobs;
pub(crate) mod collect;
pub(crate) mod document;
mod fault;
pub(crate) mod files;
mod lock;
pub(crate) mod manifests;
pub(crate) mod referrers;
pub(crate) mod tags;
pub(crate) mod uploads;
pub(crate) mod writer;

pub use fault::Fault;
pub(crate) use fault::fault;

const MARKER: &str = "registry.json";
const VERSION: u32 = 1;
const MARKER_BYTES_MAX: u64 = 4 * 1024;

/// The folders of one repository.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// Links to blobs.
    Blobs,
    /// Links to manifests.
    Manifests,
    /// Tags.
    Tags,
    /// Manifests by their subject.
    Referrers,
}

impl Part {
    fn folder(self) -> &'static str {
        match self {
            Self::Blobs => "_blobs",
            Self::Manifests => "_manifests",
            Self::Tags => "_tags",
            Self::Referrers => "_referrers",
        }
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Marker {
    version: u32,
}

/// A registry's folder.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    root: PathBuf,
}

impl Storage {
    /// Opens a folder, made anew where there is none.
    pub(crate) fn open(root: &Path) -> Result<Self, ServerError> {
        let storage = Self { root: root.to_owned() };
        match storage.marker()? {
            Some(VERSION) => {}
            Some(version) => return Err(storage.foreign(format!("its version is {version}, not {VERSION}"))),
            None => storage.create()?,
        }
        Ok(storage)
    }

    /// Opens a folder that is a registry already.
    pub(crate) fn existing(root: &Path) -> Result<Self, ServerError> {
        let storage = Self { root: root.to_owned() };
        match storage.marker()? {
            Some(_) => Self::open(root),
            None => Err(storage.foreign(format!("there is no `{MARKER}` in it"))),
        }
    }

    /// The marker comes last: a folder that has it is complete.
    fn create(&self) -> Result<(), Fault> {
        for folder in [self.contents(), self.repositories(), self.uploads(), self.temporary()] {
            files::make_folder(&folder)?;
        }
        self.replace(&self.root.join(MARKER), format!("{{\"version\":{VERSION}}}\n").as_bytes())
    }

    fn marker(&self) -> Result<Option<u32>, ServerError> {
        let Some(bytes) = files::read(&self.root.join(MARKER), MARKER_BYTES_MAX)? else { return Ok(None) };
        let marker: Marker = serde_json::from_slice(&bytes)
            .map_err(|error| self.foreign(format!("its `{MARKER}` cannot be read ({error})")))?;
        Ok(Some(marker.version))
    }

    fn foreign(&self, reason: String) -> ServerError {
        ServerError::NotARegistry { folder: self.root.clone(), reason }
    }

    fn contents(&self) -> PathBuf {
        self.root.join("blobs/sha256")
    }

    fn repositories(&self) -> PathBuf {
        self.root.join("repositories")
    }

    fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    fn temporary(&self) -> PathBuf {
        self.root.join("temporary")
    }

    /// Where content of this digest is kept.
    fn content(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.contents().join(&hex[..2]).join(hex)
    }

    fn part(&self, repository: &Repository, part: Part) -> PathBuf {
        self.repositories().join(repository.as_str()).join(part.folder())
    }

    fn link(&self, repository: &Repository, part: Part, digest: &Digest) -> PathBuf {
        self.part(repository, part).join(digest.hex())
    }

    /// Puts `bytes` in a file's place, durably: who reads meanwhile sees the old content or the new one.
    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
        files::replace(&self.temporary(), path, bytes)
    }

    /// As `replace`, and says that the file is needed now. A file that is right already costs no waiting for the disk.
    fn replace_unless_same(&self, path: &Path, bytes: &[u8], now: Timestamp) -> Result<(), Fault> {
        let found = files::read(path, bytes.len() as u64).unwrap_or_default();
        if found.as_deref() != Some(bytes) {
            self.replace(path, bytes)?;
        }
        files::touch(path, now).map(|_| ())
    }

    /// Whether anything was ever stored under this name.
    pub(crate) fn knows(&self, repository: &Repository) -> Result<bool, Fault> {
        let found = [Part::Manifests, Part::Blobs].map(|part| exists(&self.part(repository, part)));
        let [manifests, blobs] = found;
        Ok(manifests? || blobs?)
    }
}

fn exists(path: &Path) -> Result<bool, Fault> {
    match fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(fault("look at", path)(error)),
    }
}
