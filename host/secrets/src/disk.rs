//! Files: read whole within a limit, written whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// What `read_to_end` wants free at the end before it asks the system once more: without it the buffer would move, and
/// leave a copy behind.
const SPARE_BYTES: usize = 64;
const PRIVATE_MODE: u32 = 0o600;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DiskFault {
    /// There is none.
    #[error("there is no such file")]
    NotFound,
    /// A folder, a pipe, a device.
    #[error("it is no regular file")]
    NotRegular,
    /// Over the limit.
    #[error("it has more than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// Something would be lost.
    #[error("it is there already, and is not overwritten; move it away first")]
    Exists,
    /// The operating system said no.
    #[error("cannot {action} it")]
    Io {
        /// What was being done.
        action: &'static str,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

fn fault(action: &'static str) -> impl FnOnce(io::Error) -> DiskFault {
    move |source| match source.kind() {
        io::ErrorKind::NotFound if action == "read" => DiskFault::NotFound,
        io::ErrorKind::AlreadyExists => DiskFault::Exists,
        _ => DiskFault::Io { action, source },
    }
}

/// A regular file's bytes; they are wiped.
pub(crate) fn read(path: &Path, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, DiskFault> {
    // Before it is opened: opening a pipe waits for somebody who writes.
    if !std::fs::metadata(path).map_err(fault("read"))?.is_file() {
        return Err(DiskFault::NotRegular);
    }
    let file = File::open(path).map_err(fault("read"))?;
    read_stream(file, bytes_max).map_err(fault("read"))?.ok_or(DiskFault::TooLarge { bytes_max })
}

/// All bytes of a stream; none where there are more than so many.
pub(crate) fn read_stream(stream: impl io::Read, bytes_max: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(bytes_max + 1 + SPARE_BYTES));
    stream.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= bytes_max).then_some(bytes))
}

/// Puts a file of mode 0600 in the place of the one that may be there; a crash leaves the old one or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), DiskFault> {
    let folder = folder_of(path);
    // `tempfile` makes it for its owner alone, and takes it away when anything below fails.
    let mut file = tempfile::Builder::new().prefix(".lockgate-secrets-").tempfile_in(folder).map_err(fault("write"))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(fault("write"))?;
    file.persist(path).map_err(|error| fault("replace")(error.error))?;
    sync_folder(folder)
}

/// Makes a file of mode 0600, and never overwrites one.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), DiskFault> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(PRIVATE_MODE).open(path).map_err(fault("make"))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key is worse than none; that it cannot be removed either changes nothing about the error.
        let _ = std::fs::remove_file(path);
    }
    written.map_err(fault("write"))?;
    sync_folder(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(folder: &Path) -> Result<(), DiskFault> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault("keep"))
}
