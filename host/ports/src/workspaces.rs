//! Folders that steps work in, and the trees that they are made from.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate_model::ids::{Digest, JobKey, RunId};
use lockgate_model::tree::{TreeFile, TreeRef};

use crate::blobs::BlobError;
use crate::sandbox::ScratchAccess;
use crate::tools::Changes;

/// Why a workspace could not be had.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A blob of it.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A limit, a glob that is none, a name that leaves the workspace.
    #[error("{0}")]
    Invalid(String),
    /// Anything else.
    #[error("{action}")]
    Io {
        /// What was being done, with the path.
        action: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

/// A job's workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Of which run.
    pub run: RunId,
    /// Of which job.
    pub job: JobKey,
    /// Where it is.
    pub folder: Arc<dyn WorkspaceFolder>,
}

impl Workspace {
    /// The folder on disk, for whoever has seen to it that it is filled.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A folder that is filled when somebody first looks into it. Until then it is its tree, and what is known to change in
/// it changes the tree: a step whose commands are all answered from the cache touches no file.
pub trait WorkspaceFolder: Debug + Send + Sync {
    /// Where it is on disk; the folder is there, whether it is filled or not.
    fn path(&self) -> &Path;

    /// The tree that it stands for; none once it was filled, for then only the folder itself says what is in it.
    fn tree(&self) -> Option<TreeRef>;

    /// Fills it, if it is not yet: for whoever is about to look into it, or to change it.
    ///
    /// # Errors
    /// When a blob is missing or the disk refuses.
    fn fill(&self) -> Result<(), WorkspaceError>;

    /// Carries changes into the tree. False, with nothing changed, where they must go into the folder: it was filled, or
    /// they replace something in a way that only the disk can tell.
    ///
    /// # Errors
    /// When a blob is missing or the disk refuses.
    fn change_tree(&self, changes: &Changes) -> Result<bool, WorkspaceError>;
}

/// A folder that somebody else has filled.
impl WorkspaceFolder for PathBuf {
    fn path(&self) -> &Path {
        self
    }

    fn tree(&self) -> Option<TreeRef> {
        None
    }

    fn fill(&self) -> Result<(), WorkspaceError> {
        Ok(())
    }

    fn change_tree(&self, _: &Changes) -> Result<bool, WorkspaceError> {
        Ok(false)
    }
}

/// Makes workspaces from trees and trees from workspaces.
pub trait Workspaces: Send + Sync {
    /// Stores a folder as a tree; git's ignore rules are respected, `.git` and the state folder stay out.
    ///
    /// # Errors
    /// When it cannot be read or kept.
    fn import(&self, folder: &Path) -> Result<TreeRef, WorkspaceError>;

    /// The job's workspace, to be filled with exactly this content.
    ///
    /// # Errors
    /// When its folder cannot be made.
    fn prepare(&self, run: &RunId, job: &JobKey, tree: &TreeRef) -> Result<Workspace, WorkspaceError>;

    /// The same, filled; made anew unless it is known to hold that content.
    ///
    /// # Errors
    /// When a blob is missing or the disk refuses.
    fn open(&self, run: &RunId, job: &JobKey, tree: &TreeRef) -> Result<Workspace, WorkspaceError> {
        let workspace = self.prepare(run, job, tree)?;
        workspace.folder.fill()?;
        Ok(workspace)
    }

    /// The tree of the workspace as it is now. Symlinks are stored as links, never followed.
    ///
    /// # Errors
    /// When it cannot be read or kept.
    fn snapshot(&self, workspace: &Workspace) -> Result<TreeRef, WorkspaceError>;

    /// Scratch folders of (pipeline, job) by granted name, made where absent.
    ///
    /// # Errors
    /// When a name leaves the workspace or the disk refuses.
    fn scratch(&self, pipeline: &str, job: &JobKey, names: &[String]) -> Result<Vec<ScratchAccess>, WorkspaceError>;

    /// Regular files of a tree that match one of the globs, by path.
    ///
    /// # Errors
    /// When a glob is none or a blob is missing.
    fn files(&self, tree: &TreeRef, globs: &[String]) -> Result<Vec<TreeFile>, WorkspaceError>;

    /// The blobs that hold a tree's structure: its folders and its times. With those of its files it can be made elsewhere.
    ///
    /// # Errors
    /// When one of them is missing.
    fn structure(&self, tree: &TreeRef) -> Result<Vec<Digest>, WorkspaceError>;

    /// Takes the folders of a run away; its trees stay.
    fn discard(&self, run: &RunId);
}
