//! Files that are read whole, replaced whole, listed, and on disk when a function has returned.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockgate_model::time::Timestamp;

use super::fault::{Fault, fault};

// What is stored may be secret: only who serves it may read it.
const FOLDER_MODE: u32 = 0o700;

/// Makes a folder and those above it; a folder that is there is left alone.
pub(crate) fn make_folder(path: &Path) -> Result<(), Fault> {
    match DirBuilder::new().mode(FOLDER_MODE).create(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_with_parent(path, error),
        Err(error) => Err(fault("create", path)(error)),
    }
}

fn make_with_parent(path: &Path, error: io::Error) -> Result<(), Fault> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => {
            make_folder(parent)?;
            make_folder(path)
        }
        _ => Err(fault("create", path)(error)),
    }
}

/// Brings to disk which files a file's folder holds.
pub(crate) fn sync_parent(path: &Path) -> Result<(), Fault> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(fault("bring to disk", parent))
}

/// A file's content; none when there is no such file. A file over `max_bytes` is a fault.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, Fault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault("open", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(fault("read", path))?;
    if bytes.len() as u64 > max_bytes {
        let error = io::Error::new(io::ErrorKind::InvalidData, format!("it has more than {max_bytes} bytes"));
        return Err(fault("read", path)(error));
    }
    Ok(Some(bytes))
}

/// Puts `bytes` in a file's place by way of `temporary`, a folder of the same file system.
pub(crate) fn replace(temporary: &Path, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    path.parent().map_or(Ok(()), make_folder)?;
    let mut file = tempfile::NamedTempFile::new_in(temporary).map_err(fault("create a file in", temporary))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(fault("write", file.path()))?;
    file.persist(path).map_err(|error| fault("create", path)(error.error))?;
    sync_parent(path)
}

/// Removes a file, durably; false when there was none.
pub(crate) fn remove_durably(path: &Path) -> Result<bool, Fault> {
    let was_there = remove(path)?;
    if was_there {
        sync_parent(path)?;
    }
    Ok(was_there)
}

/// Removes a file; false when there was none.
pub(crate) fn remove(path: &Path) -> Result<bool, Fault> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(fault("remove", path)(error)),
    }
}

/// Calls `each` with the name of every entry of a folder; a folder that is not there is empty.
pub(crate) fn each_name(folder: &Path, mut each: impl FnMut(&str) -> Result<(), Fault>) -> Result<(), Fault> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(fault("list", folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(fault("list", folder))?;
        // Every name that this server writes is ASCII; what somebody else put here is not looked at.
        if let Some(name) = entry.file_name().to_str() {
            each(name)?;
        }
    }
    Ok(())
}

/// When a file was last written or touched; none when there is no such file.
pub(crate) fn touched_at(path: &Path) -> Result<Option<Timestamp>, Fault> {
    match fs::metadata(path).and_then(|metadata| metadata.modified()) {
        Ok(time) => Ok(Some(to_timestamp(time))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault("look at", path)(error)),
    }
}

/// Says that a file is needed now; false when there is no such file.
pub(crate) fn touch(path: &Path, now: Timestamp) -> Result<bool, Fault> {
    let time = UNIX_EPOCH + Duration::from_millis(now.0);
    match File::open(path).and_then(|file| file.set_modified(time)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(fault("touch", path)(error)),
    }
}

fn to_timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
