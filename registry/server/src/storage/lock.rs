//! Publishing is shared, collecting is exclusive, between threads and between processes.
//!
//! The operating system frees the locks of a process that dies. A lock that many share is never free for one who wants it
//! alone, so everybody passes a door first, and who waits for the lock alone keeps the door shut meanwhile.

use std::fs::File;
use std::path::Path;

use super::Storage;
use super::fault::{Fault, fault};

const DOOR: &str = "door";
const LOCK: &str = "lock";

/// Held while something is published or removed.
#[derive(Debug)]
#[must_use]
pub(crate) struct Held {
    _file: File,
}

impl Storage {
    /// For who adds content and links to it: nothing is collected meanwhile.
    pub(super) fn publishing(&self) -> Result<Held, Fault> {
        self.hold(File::lock_shared)
    }

    /// For who removes: nothing is published meanwhile.
    pub(super) fn removing(&self) -> Result<Held, Fault> {
        self.hold(File::lock)
    }

    fn hold(&self, take: fn(&File) -> std::io::Result<()>) -> Result<Held, Fault> {
        let _door = taken(&self.root.join(DOOR), File::lock)?;
        Ok(Held { _file: taken(&self.root.join(LOCK), take)? })
    }
}

fn taken(path: &Path, take: fn(&File) -> std::io::Result<()>) -> Result<File, Fault> {
    let file = File::options().append(true).create(true).open(path).map_err(fault("open", path))?;
    take(&file).map_err(fault("lock", path))?;
    Ok(file)
}
