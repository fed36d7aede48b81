//! The folder that a command works in: copies of the files that it declared, and nothing else.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use lockgate_ports::ToolError;
use tempfile::TempDir;

use crate::folder::{Folder, Kind, set_modified};
use crate::request::Request;
use crate::walk::{Node, Stamp};

/// A stage that is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: TempDir,
    /// What was put there, as it was when the command began.
    pub(crate) staged: BTreeMap<String, (Kind, Stamp)>,
}

/// What a program finds out about its user when it asks.
const PASSWD: &str = "lockgate:x:1000:1000:lockgate:/tmp/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n";
const GROUP: &str = "lockgate:x:1000:\nnogroup:x:65534:\n";

impl Stage {
    /// Copies what `request` declares from the workspace.
    pub(crate) fn make(stages: &Path, workspace: &Path, request: &Request) -> Result<Self, ToolError> {
        let action = || format!("staging the inputs of `{}` from {}", request.tools[0].name, workspace.display());
        Self::try_make(stages, Some(workspace), request).map_err(|error| fault(&action(), &error))
    }

    /// A stage without any file.
    pub(crate) fn empty(stages: &Path, request: &Request) -> Result<Self, ToolError> {
        let action = || format!("making a stage in {}", stages.display());
        Self::try_make(stages, None, request).map_err(|error| fault(&action(), &error))
    }

    fn try_make(stages: &Path, workspace: Option<&Path>, request: &Request) -> io::Result<Self> {
        let prefix = format!("{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(stages)?;
        let mut stage = Self { folder, staged: BTreeMap::new() };
        std::fs::create_dir(stage.workspace())?;
        std::fs::write(stage.passwd(), PASSWD)?;
        std::fs::write(stage.group(), GROUP)?;
        let inside = Folder::open(&stage.workspace())?;
        if let Some(workspace) = workspace {
            stage.copy(&Folder::open(workspace)?, &inside, request)?;
        }
        for scratch in &request.scratch {
            let (parent, name) = inside.parent_made(&scratch.name)?;
            parent.child_made(name)?;
        }
        Ok(stage)
    }

    fn copy(&mut self, workspace: &Folder, inside: &Folder, request: &Request) -> io::Result<()> {
        request.walk_inputs(workspace, &mut |folder, name, node| {
            let (to, _) = inside.parent_made(&node.path)?;
            place(&to, name, folder, name, &node)?;
            if let Some(stat) = to.stat(name)? {
                self.staged.insert(node.path, (node.kind, Stamp::of(&stat)));
            }
            Ok(())
        })
    }

    /// The folder that the command sees as its workspace.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// The whole stage.
    pub(crate) fn open(&self) -> io::Result<Folder> {
        Folder::open(self.folder.path())
    }

    /// The sandbox's list of users.
    pub(crate) fn passwd(&self) -> PathBuf {
        self.folder.path().join("passwd")
    }

    /// The sandbox's list of groups.
    pub(crate) fn group(&self) -> PathBuf {
        self.folder.path().join("group")
    }

    /// Takes standard output until the command has ended. The command cannot see it.
    pub(crate) fn stdout(&self) -> PathBuf {
        self.folder.path().join("stdout")
    }
}

/// A command can leave folders that even their owner may not list, where an ordinary removal stops.
impl Drop for Stage {
    fn drop(&mut self) {
        if let Ok(folder) = Folder::open(self.folder.path()) {
            let _removed_again_by_its_owner = folder.remove("workspace");
        }
    }
}

/// Copies one node; special files are left out. Bytes go by `copy_file_range(2)`, which shares them where the file
/// system can.
pub(crate) fn place(to: &Folder, name: &str, from: &Folder, from_name: &str, node: &Node) -> io::Result<()> {
    match &node.kind {
        Kind::Folder => to.child_made(name).map(drop),
        Kind::Link { target } => to.link(name, target),
        Kind::File { is_executable } => {
            let mut source: File = from.read(from_name)?;
            let mut copy = to.create(name, *is_executable)?;
            io::copy(&mut source, &mut copy)?;
            set_modified(&copy, node.stamp.modified())
        }
        Kind::Special => Ok(()),
    }
}

/// Removes the stages of hosts that were killed.
pub(crate) fn sweep(stages: &Path) {
    let Ok(folder) = Folder::open(stages) else { return };
    for name in folder.names().unwrap_or_default() {
        let owner = name.split_once('-').and_then(|(pid, _)| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            let _another_host_may_sweep_too = folder.remove(&name);
        }
    }
}

/// What went wrong with files. Names that cannot be carried, and links or files where a folder would have to be, are
/// the command's doing and would be there again; all else is a failure of the host, which may be gone the next time.
pub(crate) fn fault(action: &str, error: &io::Error) -> ToolError {
    let message = format!("{action}: {error}");
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::NotADirectory => ToolError::Denied(message),
        _ => ToolError::Faulted(message),
    }
}
