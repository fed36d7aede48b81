//! A full disk: a file system of one megabyte in memory, for which one has to be root.

use std::process::Command;

use super::{BlobError, BlobFiles, Blobs, Path, WorkFolders, WorkspaceError, Workspaces, fs, job, run, write};

struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None, said loudly, where nothing may be mounted.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "small"]).arg(folder.path());
        match mount.output() {
            Ok(output) if output.status.success() => Some(Self(folder)),
            failed => {
                assert!(std::env::var_os("CI").is_none(), "no tmpfs can be mounted here: {failed:?}");
                eprintln!("SKIPPED: a full disk is tested by root only, who can mount a tmpfs: {failed:?}");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(self.path()).status().unwrap();
    }
}

fn files_in(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_in(&path) } else { 1 }).sum()
}

#[test]
fn a_blob_that_does_not_fit_leaves_nothing_behind() {
    let Some(disk) = SmallDisk::mount() else { return };
    let blobs = BlobFiles::open(disk.path()).unwrap();
    let small = blobs.put(b"fits").unwrap();
    let source = tempfile::NamedTempFile::new().unwrap();
    fs::write(source.path(), vec![1; 2 * 1024 * 1024]).unwrap();
    let before = files_in(disk.path());

    for failed in [blobs.put(&vec![2; 2 * 1024 * 1024]).err(), blobs.put_file(source.path(), u64::MAX).err()] {
        assert!(matches!(&failed, Some(BlobError::Full(path)) if path.starts_with(disk.path())), "{failed:?}");
    }
    assert_eq!(files_in(disk.path()), before);
    assert_eq!(blobs.get(&small, 4).unwrap(), b"fits");
    blobs.put(&vec![3; 512 * 1024]).unwrap();
}

#[test]
fn a_workspace_that_does_not_fit_is_taken_away_again() {
    let Some(disk) = SmallDisk::mount() else { return };
    let [home, source] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let blobs = BlobFiles::open(home.path()).unwrap();
    let folders = WorkFolders::open(disk.path(), blobs, &[]).unwrap();
    for name in ["one", "two", "three"] {
        write(&source.path().join(name), &name.repeat(150_000));
    }
    let tree = folders.import(source.path()).unwrap();
    let before = files_in(disk.path());
    let failed = folders.open(&run(), &job(), &tree);
    assert!(
        matches!(&failed, Err(WorkspaceError::Blob(BlobError::Full(path))) if path.ends_with("build")),
        "{failed:?}"
    );
    assert_eq!(files_in(disk.path()), before);
}
