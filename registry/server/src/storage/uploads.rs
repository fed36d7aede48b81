//! Uploads in the making. An upload is one file and nothing else, so it outlives the server that began it.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use lockgate_model::time::Timestamp;

use super::Storage;
use super::fault::{Fault, fault};
use super::files::{each_name, touched_at};
use super::writer::{Closed, Writer};
use crate::name::UploadId;

impl Storage {
    /// Begins an upload; false when `uploads_max` are open.
    pub(crate) fn begin_upload(&self, id: &UploadId, uploads_max: usize) -> Result<bool, Fault> {
        let mut open = 0;
        each_name(&self.uploads(), |_| {
            open += 1;
            Ok(())
        })?;
        if open >= uploads_max {
            return Ok(false);
        }
        let path = self.upload(id);
        File::options().write(true).create_new(true).open(&path).map_err(fault("create", &path))?;
        Ok(true)
    }

    /// Opens an upload to append to it. One that rested since before `oldest` is unknown.
    pub(crate) fn open_upload(&self, id: &UploadId, oldest: Timestamp) -> Result<Writer, Closed> {
        let writer = Writer::open(&self.upload(id))?;
        match touched_at(&self.upload(id))? {
            Some(at) if at >= oldest => Ok(writer),
            _ => {
                writer.forget();
                Err(Closed::Unknown)
            }
        }
    }

    /// Bytes that an upload has so far; none when there is no such upload.
    pub(crate) fn upload_size(&self, id: &UploadId, oldest: Timestamp) -> Result<Option<u64>, Fault> {
        let path = self.upload(id);
        match touched_at(&path)? {
            Some(at) if at >= oldest => {}
            _ => return Ok(None),
        }
        match std::fs::metadata(&path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(fault("look at", &path)(error)),
        }
    }

    /// Forgets uploads and temporary files that nobody has written to since `oldest`; how many.
    pub(crate) fn forget_uploads(&self, oldest: Timestamp) -> Result<usize, Fault> {
        let mut forgotten = 0;
        for folder in [self.uploads(), self.temporary()] {
            each_name(&folder, |name| {
                let path = folder.join(name);
                if touched_at(&path)?.is_some_and(|at| at < oldest) && forget(&path)? {
                    forgotten += 1;
                }
                Ok(())
            })?;
        }
        Ok(forgotten)
    }

    fn upload(&self, id: &UploadId) -> PathBuf {
        self.uploads().join(id.as_str())
    }
}

fn forget(path: &std::path::Path) -> Result<bool, Fault> {
    match Writer::open(path) {
        Ok(writer) => {
            writer.forget();
            Ok(true)
        }
        Err(Closed::Unknown | Closed::Busy) => Ok(false),
        Err(Closed::Fault(fault)) => Err(fault),
    }
}
