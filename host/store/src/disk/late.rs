//! A workspace's folder that is filled when somebody first looks into it.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockgate_model::tree::TreeRef;
use lockgate_ports::tools::Changes;
use lockgate_ports::{WorkspaceError, WorkspaceFolder};

use super::folders::{Place, WorkFolders};

/// One attempt's view of a workspace.
pub(super) struct LateFolder {
    folders: Arc<WorkFolders>,
    place: Place,
    /// None once the folder was filled.
    tree: Mutex<Option<TreeRef>>,
}

impl LateFolder {
    /// The folder at `place`, which stands for `tree` until it is filled.
    pub(super) fn new(folders: Arc<WorkFolders>, place: Place, tree: TreeRef) -> Self {
        Self { folders, place, tree: Mutex::new(Some(tree)) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<TreeRef>> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WorkspaceFolder for LateFolder {
    fn path(&self) -> &Path {
        &self.place.content
    }

    fn tree(&self) -> Option<TreeRef> {
        *self.lock()
    }

    fn fill(&self) -> Result<(), WorkspaceError> {
        let mut tree = self.lock();
        if let Some(wanted) = &*tree {
            self.folders.fill(&self.place, wanted)?;
            *tree = None;
        }
        Ok(())
    }

    fn change_tree(&self, changes: &Changes) -> Result<bool, WorkspaceError> {
        let mut tree = self.lock();
        let Some(before) = &*tree else { return Ok(false) };
        let Some(after) = self.folders.edited(before, changes)? else { return Ok(false) };
        *tree = Some(after);
        Ok(true)
    }
}

impl fmt::Debug for LateFolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LateFolder").field("path", &self.place.content).finish_non_exhaustive()
    }
}
