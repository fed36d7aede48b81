//! Folders that steps work in, and the trees that they are made from.

use std::path::{Path, PathBuf};

use lockgate_model::ids::{Digest, JobKey, RunId};
use lockgate_model::tree::{TreeFile, TreeRef};

use crate::blobs::BlobError;
use crate::sandbox::ScratchAccess;

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

/// A job's folder on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Of which run.
    pub run: RunId,
    /// Of which job.
    pub job: JobKey,
    /// The folder.
    pub path: PathBuf,
}

/// Makes workspaces from trees and trees from workspaces.
pub trait Workspaces: Send + Sync {
    /// Stores a folder as a tree; git's ignore rules are respected, `.git` and the state folder stay out.
    ///
    /// # Errors
    /// When it cannot be read or kept.
    fn import(&self, folder: &Path) -> Result<TreeRef, WorkspaceError>;

    /// The job's folder with exactly this content; made anew unless it is known to be so.
    ///
    /// # Errors
    /// When a blob is missing or the disk refuses.
    fn open(&self, run: &RunId, job: &JobKey, tree: &TreeRef) -> Result<Workspace, WorkspaceError>;

    /// Stores the folder as it is now. Symlinks are stored as links, never followed.
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
