//! Blobs and workspaces on real folders.

mod blobs;
mod full_disk;
mod import;
mod messages;
mod names;
mod processes;
mod property;
mod safety;
mod snapshots;
mod workspaces;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockgate_model::ids::{Digest, JobKey, RunId};
use lockgate_model::tree::TreeRef;
use lockgate_ports::{BlobError, Blobs, Workspace, WorkspaceError, Workspaces};
use tempfile::TempDir;

use super::{BlobFiles, WorkFolders};

/// A state folder, and a folder of a person beside it.
struct World {
    _home: TempDir,
    state: PathBuf,
    source: PathBuf,
    blobs: Arc<CountingBlobs>,
    folders: Arc<WorkFolders>,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let [state, source] = ["state", "source"].map(|name| home.path().join(name));
        fs::create_dir(&source).unwrap();
        let blobs = Arc::new(CountingBlobs { files: BlobFiles::open(&state).unwrap(), read: AtomicUsize::new(0) });
        let folders = WorkFolders::open(&state, blobs.clone(), &[".lockgate"]).unwrap();
        Self { _home: home, state, source, blobs, folders }
    }

    fn write(&self, path: &str, text: &str) {
        write(&self.source.join(path), text);
    }

    fn import(&self) -> TreeRef {
        self.folders.import(&self.source).unwrap()
    }

    fn open(&self, tree: &TreeRef) -> Workspace {
        self.folders.open(&run(), &job(), tree).unwrap()
    }

    fn snapshot(&self, workspace: &Workspace) -> TreeRef {
        self.folders.snapshot(workspace).unwrap()
    }

    fn paths(&self, tree: &TreeRef) -> Vec<String> {
        let files = self.folders.files(tree, &["**".to_owned()]).unwrap();
        files.into_iter().map(|file| file.path).collect()
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.state.join("blobs/sha256").join(&digest.hex()[..2]).join(digest.hex())
    }
}

/// Counts the files that are read.
struct CountingBlobs {
    files: Arc<BlobFiles>,
    read: AtomicUsize,
}

impl CountingBlobs {
    fn read_since(&self) -> usize {
        self.read.swap(0, Ordering::SeqCst)
    }
}

impl Blobs for CountingBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        self.files.put(bytes)
    }

    fn put_file(&self, path: &Path, max_bytes: u64) -> Result<(Digest, u64), BlobError> {
        self.read.fetch_add(1, Ordering::SeqCst);
        self.files.put_file(path, max_bytes)
    }

    fn get(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>, BlobError> {
        self.files.get(digest, max_bytes)
    }

    fn copy_to(&self, digest: &Digest, path: &Path) -> Result<u64, BlobError> {
        self.files.copy_to(digest, path)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.files.contains(digest)
    }
}

fn run() -> RunId {
    RunId::new(1_790_000_000_000, 7)
}

fn job() -> JobKey {
    "build".parse().unwrap()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Sets when a file's content was changed, in nanoseconds after the epoch.
fn set_modified(path: &Path, at_ns: u64) {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(at_ns);
    fs::File::open(path).unwrap().set_modified(at).unwrap();
}

/// Waits until the file system's clock is beyond the last change of a file, so that the file is settled.
fn settle(path: &Path) {
    use std::os::unix::fs::MetadataExt;
    let changed = |path: &Path| {
        let found = fs::metadata(path).unwrap();
        (found.ctime(), found.ctime_nsec())
    };
    let probe = tempfile::NamedTempFile::new_in(path.parent().unwrap().parent().unwrap()).unwrap();
    while changed(probe.path()) <= changed(path) {
        fs::write(probe.path(), "x").unwrap();
    }
}

/// What lies in a folder: text of files (with `*` where executable), targets of symlinks, and folders.
fn listing(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    list_below(folder, folder, &mut found);
    found
}

fn list_below(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if metadata.is_symlink() {
            found.insert(name, format!("-> {}", fs::read_link(&path).unwrap().display()));
        } else if metadata.is_dir() {
            found.insert(format!("{name}/"), String::new());
            list_below(root, &path, found);
        } else {
            let star = if metadata.permissions().mode() & 0o100 == 0 { "" } else { "*" };
            found.insert(name, format!("{star}{}", fs::read_to_string(&path).unwrap()));
        }
    }
}

#[track_caller]
fn assert_invalid<T: std::fmt::Debug>(result: Result<T, WorkspaceError>, wanted: &str) {
    match result {
        Err(WorkspaceError::Invalid(text)) => assert!(text.contains(wanted), "`{text}` does not say `{wanted}`"),
        other => panic!("expected Invalid with `{wanted}`, got {other:?}"),
    }
}
