//! Folders that exist whole or not at all, however many processes want them at once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::{Result, ToolchainError};

/// Makes a folder where it is not there yet: `fill` gets the path of a new one, which takes its place when all is done.
/// Of two that start at once, one fills it and the other waits.
pub(crate) fn ensure(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if folder.exists() {
        return Ok(());
    }
    let parent = parent(folder)?;
    fs::create_dir_all(parent).map_err(|error| ToolchainError::file("create", parent, error))?;
    let _held = hold(&lock_file(folder))?;
    if folder.exists() {
        return Ok(());
    }
    // Beside its place, so that the last act is a rename.
    let work = tempfile::Builder::new().prefix(".new-").tempdir_in(parent);
    let work = work.map_err(|error| ToolchainError::file("make a folder in", parent, error))?;
    let fresh = work.path().join("folder");
    fill(&fresh)?;
    fs::rename(&fresh, folder).map_err(|error| ToolchainError::file("move what was made to", folder, error))
}

fn parent(folder: &Path) -> Result<&Path> {
    folder.parent().ok_or_else(|| ToolchainError::new(format!("{} cannot be made", folder.display())))
}

fn lock_file(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// Held until the file is dropped, and by the kernel: a process that dies holds nothing.
fn hold(path: &Path) -> Result<File> {
    let file = File::create(path).map_err(|error| ToolchainError::file("create", path, error))?;
    file.lock().map_err(|error| ToolchainError::file("lock", path, error))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::ensure;
    use crate::error::{Result, ToolchainError};

    fn fill(folder: &Path) -> Result<()> {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("file"), "whole").unwrap();
        Ok(())
    }

    #[test]
    fn many_at_once_fill_it_once() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("cache/tool-1.2");
        let filled = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    ensure(&folder, |fresh| {
                        filled.fetch_add(1, Ordering::Relaxed);
                        fill(fresh)
                    })
                    .unwrap();
                    assert_eq!(fs::read_to_string(folder.join("file")).unwrap(), "whole");
                });
            }
        });
        assert_eq!(filled.into_inner(), 1);
    }

    #[test]
    fn what_fails_half_way_leaves_nothing_and_is_tried_again() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("tool");
        let failure = ensure(&folder, |fresh| fill(fresh).and(Err(ToolchainError::new("cut off")))).unwrap_err();
        assert_eq!(failure.to_string(), "cut off");
        let left: Vec<_> = home.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["tool.lock"]);
        ensure(&folder, fill).unwrap();
        assert!(folder.join("file").is_file());
    }
}
