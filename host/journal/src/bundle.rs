//! An attempt in one file: all that another machine needs to replay it.
//!
//! A tar archive of `bundle.json` (the task, how it ended, its calls) and `blobs/HEX` (component, files, recorded
//! answers). It holds what the plugin saw, and no secret that it held: of those the plugin and the record have
//! placeholders. What a native tool wrote into files after it was shown a secret is not masked.

mod contents;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _};
use std::path::{Path, PathBuf};

use lockgate_engine::drive::history::Past;
use lockgate_engine::run::perform::{Task, TaskRecord};
use lockgate_model::event::StepResult;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::Digest;
use lockgate_ports::{BlobError, Blobs, WorkspaceError, Workspaces};
use serde::{Deserialize, Serialize};

/// The version of `bundle.json`.
const VERSION: u32 = 2;
/// `bundle.json`.
const HEAD_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// All blobs of a bundle together.
pub const BUNDLE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Blobs of a bundle.
pub const BUNDLE_BLOBS_MAX: usize = 1_000_000;

const HEAD: &str = "bundle.json";
const BLOBS: &str = "blobs/";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Head {
    version: u32,
    task: TaskRecord,
    result: StepResult,
    calls: Vec<HostCall>,
}

/// Why a bundle cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file.
    #[error("cannot {action} the bundle {}", .path.display())]
    File {
        /// `write`, `read`
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is none, or one that this host does not read.
    #[error("{} is no bundle that can be replayed: {why}", .path.display())]
    Broken {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A blob.
    #[error("a blob of the bundle")]
    Blob(#[from] BlobError),
    /// The workspace that the attempt began with.
    #[error("the workspace of the attempt")]
    Workspace(#[from] WorkspaceError),
    /// It would be too large.
    #[error("the bundle would have more than {BUNDLE_BYTES_MAX} bytes; replay it where it was made")]
    TooLarge,
}

/// What a bundle holds.
pub struct Bundle {
    /// The attempt.
    pub past: Past,
    /// Its calls.
    pub calls: Vec<HostCall>,
}

/// Writes a bundle; gives the number of its bytes. Nothing half written stays.
///
/// # Errors
/// When a blob is missing, the whole would be too large, or the file cannot be written.
pub fn write(
    path: &Path,
    past: &Past,
    calls: &[HostCall],
    (blobs, workspaces): (&dyn Blobs, &dyn Workspaces),
) -> Result<u64, BundleError> {
    let needed = contents::needed(past, calls, workspaces)?;
    let (task, result) = (TaskRecord::from(&past.task), past.result.clone());
    let head = Head { version: VERSION, task, result, calls: calls.to_vec() };
    let failed = |source: io::Error| BundleError::File { action: "write", path: path.to_owned(), source };
    let head = serde_json::to_vec(&head).map_err(|error| failed(error.into()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut archive = tar::Builder::new(BufWriter::new(file));
    add(&mut archive, HEAD, &head).map_err(failed)?;
    let mut bytes = 0_u64;
    for digest in needed {
        let blob = blobs.get(&digest, BUNDLE_BYTES_MAX)?;
        bytes = bytes.saturating_add(blob.len() as u64);
        if bytes > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLarge);
        }
        add(&mut archive, &format!("{BLOBS}{}", digest.hex()), &blob).map_err(failed)?;
    }
    let file = archive.into_inner().and_then(|writer| writer.into_inner().map_err(Into::into)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let length = file.as_file().metadata().map_err(failed)?.len();
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(length)
}

fn add(archive: &mut tar::Builder<impl io::Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_entry_type(tar::EntryType::Regular);
    archive.append_data(&mut header, name, bytes)
}

/// Reads a bundle; its blobs go into `blobs`, each under the digest that its bytes have.
///
/// # Errors
/// When it cannot be read, is none, or holds what no bundle holds.
pub fn read(path: &Path, blobs: &dyn Blobs) -> Result<Bundle, BundleError> {
    let failed = |source: io::Error| BundleError::File { action: "read", path: path.to_owned(), source };
    let broken = |why: String| BundleError::Broken { path: path.to_owned(), why };
    let mut archive = tar::Archive::new(BufReader::new(File::open(path).map_err(failed)?));
    let mut entries = archive.entries().map_err(failed)?;
    let first = entries.next().ok_or_else(|| broken("it is empty".to_owned()))?.map_err(|e| broken(e.to_string()))?;
    if first.path_bytes().as_ref() != HEAD.as_bytes() || first.size() > HEAD_BYTES_MAX {
        return Err(broken(format!("it does not begin with `{HEAD}`")));
    }
    let mut head = Vec::new();
    first.take(HEAD_BYTES_MAX).read_to_end(&mut head).map_err(failed)?;
    let head: Head = serde_json::from_slice(&head).map_err(|error| broken(format!("`{HEAD}`: {error}")))?;
    if head.version != VERSION {
        return Err(broken(format!("it has version {}, and this lockgate knows version {VERSION}", head.version)));
    }
    let mut room = Room { blobs, seen: BTreeSet::new(), bytes: 0 };
    for entry in entries {
        room.take(entry.map_err(|error| broken(error.to_string()))?).map_err(broken)?;
    }
    let task = Task::try_from(head.task).map_err(|why| broken(why.to_owned()))?;
    Ok(Bundle { past: Past { task, result: head.result }, calls: head.calls })
}

/// Takes blobs in, and counts.
struct Room<'a> {
    blobs: &'a dyn Blobs,
    seen: BTreeSet<Digest>,
    bytes: u64,
}

impl Room<'_> {
    fn take(&mut self, entry: tar::Entry<'_, impl io::Read>) -> Result<(), String> {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let hex = name.strip_prefix(BLOBS).filter(|_| entry.header().entry_type().is_file());
        let digest = hex.and_then(|hex| format!("sha256:{hex}").parse::<Digest>().ok());
        let digest = digest.ok_or_else(|| format!("`{name}` is nothing that stands in a bundle"))?;
        self.bytes = self.bytes.saturating_add(entry.size());
        if !self.seen.insert(digest) {
            return Err(format!("`{name}` stands in it twice"));
        }
        if self.bytes > BUNDLE_BYTES_MAX || self.seen.len() > BUNDLE_BLOBS_MAX {
            return Err(format!("it has more than {BUNDLE_BYTES_MAX} bytes or {BUNDLE_BLOBS_MAX} blobs"));
        }
        let mut bytes = Vec::new();
        entry.take(BUNDLE_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if Digest::of(&bytes) != digest {
            return Err(format!("`{name}` has other bytes than its name says"));
        }
        self.blobs.put(&bytes).map(drop).map_err(|error| error.to_string())
    }
}
