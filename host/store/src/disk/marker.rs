//! Which tree a workspace holds, said beside it.

use std::fs;
use std::io;
use std::path::Path;

use lockgate_model::tree::TreeRef;
use serde::{Deserialize, Serialize};

use super::staging::Staging;

/// "This folder holds this tree". Stands only while no step may change the folder.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Marker {
    tree: TreeRef,
    /// The boot of the machine that it was written in: workspaces are not synced, so that a loss of power may take
    /// their bytes and leave their names. After a boot, every workspace is made anew.
    boot: String,
}

impl Marker {
    pub(super) fn new(tree: TreeRef, boot: &str) -> Self {
        Self { tree, boot: boot.to_owned() }
    }

    /// The tree that the marker at `path` names, if it was written since the machine was booted.
    pub(super) fn tree_at(path: &Path, boot: &str) -> Option<TreeRef> {
        let read: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        Some(read.tree).filter(|_| read.boot == boot)
    }

    /// Sets the marker.
    pub(super) fn write(&self, staging: &Staging, path: &Path) -> io::Result<()> {
        staging.replace(path, &serde_json::to_vec(self)?)
    }
}

/// What names the present boot of this machine.
pub(super) fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Removes a file that may be absent.
pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
