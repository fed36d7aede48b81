//! Workspaces and scratch as folders.

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use lockgate_model::ids::{Digest, JobKey, RunId};
use lockgate_model::tree::{TreeFile, TreeRef};
use lockgate_ports::sandbox::ScratchAccess;
use lockgate_ports::tools::Changes;
use lockgate_ports::{Blobs, Workspace, WorkspaceError, Workspaces};
use rustix::fs::CWD;

use super::advance::advance;
use super::edit::edit;
use super::error::work_error;
use super::handle::open_folder;
use super::index::StatIndex;
use super::late::LateFolder;
use super::listings::Listings;
use super::marker::{Marker, boot_id, remove_if_there};
use super::materialize::{Materializer, record};
use super::naming::{relative_name, safe_name};
use super::staging::Staging;
use super::tree::Folder;
use super::wipe::{empty_folder, wipe};
use super::{files, import, scan, tree_blobs};

/// A file of an imported folder that was changed so shortly before is read again the next time: that folder may lie
/// on another file system, with a coarser clock than ours.
const IMPORT_SETTLED_NS: i64 = 2_000_000_000;
/// In a run's folder, what is known of its workspaces.
const STATE: &str = ".state";
/// Imported folders whose index is kept.
const IMPORT_INDEXES_MAX: usize = 32;

/// Workspaces below a state folder, made of trees in a blob store.
pub struct WorkFolders {
    work: PathBuf,
    scratch: PathBuf,
    indexes: PathBuf,
    staging: Staging,
    blobs: Arc<dyn Blobs>,
    /// The same, for snapshots and for trees that change without a folder.
    listings: Listings,
    left_out: Vec<String>,
    boot: String,
    itself: Weak<Self>,
}

/// A workspace's paths on disk.
pub(super) struct Place {
    pub(super) content: PathBuf,
    marker: PathBuf,
    index: PathBuf,
}

impl Place {
    fn is_folder(&self) -> bool {
        fs::symlink_metadata(&self.content).is_ok_and(|found| found.is_dir())
    }
}

impl WorkFolders {
    /// Opens the workspaces below the state folder `folder`, making it where absent. Entries called as one of
    /// `state_folder_names` never enter an imported tree.
    ///
    /// # Errors
    /// When the folders cannot be made.
    pub fn open(
        folder: &Path,
        blobs: Arc<dyn Blobs>,
        state_folder_names: &[&str],
    ) -> Result<Arc<Self>, WorkspaceError> {
        let unusable = |error| work_error("prepare", folder, error);
        fs::create_dir_all(folder).map_err(unusable)?;
        let folder = folder.canonicalize().map_err(unusable)?;
        let [work, scratch, indexes] = ["work", "scratch", "import"].map(|name| folder.join(name));
        for needed in [&work, &scratch, &indexes] {
            fs::create_dir_all(needed).map_err(unusable)?;
        }
        let staging = Staging::open(&work.join(".staging")).map_err(unusable)?;
        let left_out = state_folder_names.iter().map(|name| (*name).to_owned()).collect();
        let boot = boot_id().map_err(unusable)?;
        let listings = Listings::new(blobs.clone());
        Ok(Arc::new_cyclic(|itself| {
            let itself = itself.clone();
            Self { work, scratch, indexes, staging, blobs, listings, left_out, boot, itself }
        }))
    }

    /// The folders of trees.
    pub(super) fn listings(&self) -> &Listings {
        &self.listings
    }

    fn place(&self, run: &RunId, job: &JobKey) -> Place {
        let (folder, name) = (self.work.join(run.as_str()), safe_name(job.as_str()));
        let state = folder.join(STATE);
        Place {
            marker: state.join(format!("{name}.at")),
            index: state.join(format!("{name}.index")),
            content: folder.join(name),
        }
    }

    /// Sees to it that the folder holds exactly this tree. Where it is known which one it holds, only what differs is
    /// touched.
    pub(super) fn fill(&self, place: &Place, tree: &TreeRef) -> Result<(), WorkspaceError> {
        let held = Marker::tree_at(&place.marker, &self.boot).filter(|_| place.is_folder());
        // From here on the folder may change, and nothing may say any more what it holds.
        remove_if_there(&place.marker).map_err(|error| work_error("remove", &place.marker, error))?;
        let materializer = Materializer { root: &place.content, blobs: &*self.blobs };
        match held {
            Some(held) if held == *tree => Ok(()),
            Some(held) if advance(&materializer, &self.listings, &held, tree).is_ok() => Ok(()),
            _ => self.make(place, tree),
        }
    }

    /// A tree after changes; none where only the disk can tell what comes of them.
    pub(super) fn edited(&self, tree: &TreeRef, changes: &Changes) -> Result<Option<TreeRef>, WorkspaceError> {
        edit(tree, changes, &self.listings)
    }

    /// Makes what is in the folder anew; its marker is gone before, so that a crash in here leads to the same again. The
    /// folder itself stays: somebody may hold it open.
    fn make(&self, place: &Place, tree: &TreeRef) -> Result<(), WorkspaceError> {
        let content = tree_blobs::load_with_times(tree, &*self.blobs)?;
        empty_folder(&place.content).map_err(|error| work_error("empty", &place.content, error))?;
        if let Some(state) = place.marker.parent() {
            fs::create_dir_all(state).map_err(|error| work_error("make", state, error))?;
        }
        self.make_content(place, &content).inspect_err(|_| {
            // What was made so far would only take space; its marker is gone anyway.
            empty_folder(&place.content).ok();
        })
    }

    fn make_content(&self, place: &Place, content: &Folder) -> Result<(), WorkspaceError> {
        let unusable = |error| work_error("prepare", &place.content, error);
        let handle = open_folder(CWD, &place.content).map_err(unusable)?;
        Materializer { root: &place.content, blobs: &*self.blobs }.fill(handle.as_fd(), content, "")?;
        let mut index = StatIndex::new(self.staging.now_ns().map_err(unusable)?);
        record(handle.as_fd(), content, "", &mut index).map_err(unusable)?;
        index.write(&self.staging, &place.index).map_err(unusable)
    }

    fn scratch_folder(&self, folder: &Path, name: &str) -> Result<ScratchAccess, WorkspaceError> {
        let path = folder.join(safe_name(&relative_name(name)?));
        let unusable = |error| work_error("prepare", &path, error);
        fs::create_dir_all(&path).map_err(unusable)?;
        let was_empty = fs::read_dir(&path).map_err(unusable)?.next().is_none();
        Ok(ScratchAccess { name: name.to_owned(), path, was_empty })
    }

    /// Keeps the indexes that were written last.
    fn prune_indexes(&self) -> std::io::Result<()> {
        let mut indexes = Vec::new();
        for entry in fs::read_dir(&self.indexes)? {
            let entry = entry?;
            indexes.push((entry.metadata()?.modified()?, entry.path()));
        }
        indexes.sort_unstable();
        let surplus = indexes.len().saturating_sub(IMPORT_INDEXES_MAX);
        indexes.iter().take(surplus).try_for_each(|(_, path)| remove_if_there(path))
    }
}

impl Workspaces for WorkFolders {
    fn import(&self, folder: &Path) -> Result<TreeRef, WorkspaceError> {
        let unreadable = |error| work_error("import", folder, error);
        let root = folder.canonicalize().map_err(unreadable)?;
        fs::read_dir(&root).map_err(unreadable)?;
        let name = Digest::of(root.as_os_str().as_encoded_bytes()).hex();
        let path = self.indexes.join(format!("{name}.index"));
        let now_ns = self.staging.now_ns().map_err(unreadable)?;
        let (known, mut seen) = (StatIndex::read(&path), StatIndex::new(now_ns - IMPORT_SETTLED_NS));
        let content = import::import(&root, &self.left_out, &*self.blobs, &known, &mut seen)?;
        let tree = tree_blobs::store(&content, &*self.blobs)?;
        let written = seen.write(&self.staging, &path).and_then(|()| self.prune_indexes());
        written.map_err(|error| work_error("write", &path, error))?;
        Ok(tree)
    }

    fn prepare(&self, run: &RunId, job: &JobKey, tree: &TreeRef) -> Result<Workspace, WorkspaceError> {
        let place = self.place(run, job);
        if !place.is_folder() {
            // What the marker says was said of a folder that is gone.
            remove_if_there(&place.marker).map_err(|error| work_error("remove", &place.marker, error))?;
            empty_folder(&place.content).map_err(|error| work_error("make", &place.content, error))?;
        }
        let gone = || WorkspaceError::Invalid("the workspaces are being closed".to_owned());
        let folder = LateFolder::new(self.itself.upgrade().ok_or_else(gone)?, place, *tree);
        Ok(Workspace { run: run.clone(), job: job.clone(), folder: Arc::new(folder) })
    }

    fn snapshot(&self, workspace: &Workspace) -> Result<TreeRef, WorkspaceError> {
        if let Some(tree) = workspace.folder.tree() {
            return Ok(tree);
        }
        let place = self.place(&workspace.run, &workspace.job);
        let unusable = |error| work_error("snapshot", &place.content, error);
        let (known, mut seen) =
            (StatIndex::read(&place.index), StatIndex::new(self.staging.now_ns().map_err(unusable)?));
        let content = scan::scan(&place.content, self.listings.blobs(), &known, &mut seen)?;
        let tree = tree_blobs::store(&content, self.listings.blobs())?;
        seen.write(&self.staging, &place.index).map_err(unusable)?;
        Marker::new(tree, &self.boot).write(&self.staging, &place.marker).map_err(unusable)?;
        Ok(tree)
    }

    fn scratch(&self, pipeline: &str, job: &JobKey, names: &[String]) -> Result<Vec<ScratchAccess>, WorkspaceError> {
        let folder = self.scratch.join(safe_name(pipeline)).join(safe_name(job.as_str()));
        names.iter().map(|name| self.scratch_folder(&folder, name)).collect()
    }

    fn files(&self, tree: &TreeRef, globs: &[String]) -> Result<Vec<TreeFile>, WorkspaceError> {
        files::matching(&tree_blobs::load(&tree.root, &*self.blobs)?, globs)
    }

    fn structure(&self, tree: &TreeRef) -> Result<Vec<Digest>, WorkspaceError> {
        tree_blobs::structure(tree, &*self.blobs)
    }

    fn discard(&self, run: &RunId) {
        let folder = self.work.join(run.as_str());
        // The markers first: if this is cut off, none of them says of half a folder that it is whole.
        wipe(&folder.join(STATE)).ok();
        // Nobody waits for an answer; what stays is in nobody's way.
        wipe(&folder).ok();
    }
}
