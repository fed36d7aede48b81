//! A file of whole records: what could not be written whole is cut off again.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// The journal of one attempt on disk. The log is limited well below it (`LOG_BYTES_MAX`); this holds the rest.
pub const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Records are appended; the file never shows half of what a failed write left.
#[derive(Debug)]
pub(super) struct RecordFile {
    file: File,
    bytes: u64,
    is_broken: bool,
}

impl RecordFile {
    /// Makes the file and its folder.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(Self { file: File::create(path)?, bytes: 0, is_broken: false })
    }

    /// Appends whole records or, on an error, nothing.
    pub(super) fn append(&mut self, records: &[u8]) -> io::Result<()> {
        if self.is_broken {
            return Err(io::Error::other("an earlier write could not be taken back"));
        }
        let bytes = self.bytes + records.len() as u64;
        if bytes > JOURNAL_BYTES_MAX {
            let text = format!("a journal may have {JOURNAL_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        let written = self.file.write_all(records);
        match written {
            Ok(()) => self.bytes = bytes,
            Err(_) => self.cut_back(),
        }
        written
    }

    /// Waits until everything is on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn cut_back(&mut self) {
        let cut = self.file.set_len(self.bytes).and_then(|()| self.file.seek(SeekFrom::Start(self.bytes)));
        self.is_broken = cut.is_err();
    }
}
