//! Values in plain while an editor has them: in a folder of their own, wiped before it goes.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockgate_secrets::SecretText;
use lockgate_secrets::limits::FILE_BYTES_MAX;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::exit::CliError;

const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
const FILE_NAME: &str = "secrets.toml";
/// Where neither `VISUAL` nor `EDITOR` says otherwise (POSIX, the `crontab` and `more` utilities).
const USUAL_EDITOR: &str = "vi";
/// What `read_to_end` wants free before it asks once more: without it the buffer would move, and leave a copy behind.
const SPARE_BYTES: usize = 64;
const ZEROS: [u8; 4096] = [0; 4096];

/// A folder that only its owner can enter, so that an editor's backups and swap files are where they go with it.
pub(super) struct PlainFolder {
    folder: TempDir,
    stopped: Arc<AtomicBool>,
}

impl PlainFolder {
    /// Makes it. From now on no signal but SIGKILL ends this process: an interrupt is meant for the editor, and after any
    /// other one the folder is still to be wiped.
    pub(super) fn make() -> Result<Self, CliError> {
        let stopped = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, stopped.clone())?;
        }
        for signal in [SIGINT, SIGQUIT] {
            signal_hook::flag::register(signal, Arc::default())?;
        }
        Self::with(stopped)
    }

    /// In memory where the system has a place for that.
    fn with(stopped: Arc<AtomicBool>) -> Result<Self, CliError> {
        let place = std::env::var_os("XDG_RUNTIME_DIR").filter(|place| !place.is_empty());
        let in_memory = place.and_then(|place| make_in(Path::new(&place)).ok());
        let folder = in_memory.map_or_else(|| make_in(&std::env::temp_dir()), Ok);
        let failed = |error| CliError::host(format!("cannot make a folder for the editor's text: {error}"));
        Ok(Self { folder: folder.map_err(failed)?, stopped })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(FILE_NAME)
    }

    /// Puts the text there.
    pub(super) fn write(&self, text: &SecretText) -> Result<(), CliError> {
        let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(self.path());
        let written = file.and_then(|mut file| file.write_all(text.expose().as_bytes()));
        written.map_err(|error| CliError::host(format!("cannot write {}: {error}", self.path().display())))
    }

    /// Lets a person edit it; through a shell, as git does, because editors come with arguments.
    pub(super) fn edit(&self) -> Result<(), CliError> {
        let editor = editor();
        let shown = editor.to_string_lossy().into_owned();
        let mut script = editor;
        script.push(" \"$@\"");
        let ended = Command::new("sh").arg("-c").arg(script).arg("sh").arg(self.path()).status();
        let ended = ended.map_err(|error| CliError::host(format!("cannot start the editor `{shown}`: {error}")))?;
        if self.stopped.load(Ordering::Relaxed) {
            return Err(CliError::Usage("stopped by a signal; nothing was changed".to_owned()));
        }
        judge(&shown, ended)
    }

    /// The text as it is by now. By its name: editors put another file in its place.
    pub(super) fn read(&self) -> Result<SecretText, CliError> {
        let failed = |why: &dyn std::fmt::Display| {
            CliError::Usage(format!("cannot read what the editor left: {why}; nothing was changed"))
        };
        let file = File::open(self.path()).map_err(|error| failed(&error))?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX + 1 + SPARE_BYTES));
        // One byte more than is understood, so that what is too large is seen to be.
        file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        String::from_utf8(std::mem::take(&mut *bytes)).map(SecretText::new).map_err(|error| {
            let why = error.utf8_error();
            drop(Zeroizing::new(error.into_bytes()));
            failed(&why)
        })
    }

    /// Overwrites everything in it, then takes it away. On disks and file systems that write elsewhere than over what is
    /// there, the first half achieves nothing.
    pub(super) fn wipe(self) -> Result<(), CliError> {
        let path = self.folder.path().to_owned();
        let zeroed = zero_files(&path);
        let closed = self.folder.close();
        zeroed.and(closed).map_err(|error| {
            let path = path.display();
            CliError::host(format!("cannot wipe the values in plain: {error}; remove {path} yourself, if it is there"))
        })
    }
}

fn make_in(place: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("lockgate-secrets-").permissions(Permissions::from_mode(FOLDER_MODE)).tempdir_in(place)
}

fn editor() -> OsString {
    let set = ["VISUAL", "EDITOR"].into_iter().filter_map(std::env::var_os).find(|editor| !editor.is_empty());
    set.unwrap_or_else(|| USUAL_EDITOR.into())
}

fn judge(editor: &str, ended: ExitStatus) -> Result<(), CliError> {
    if ended.success() {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "the editor `{editor}` ended with {ended}; nothing was changed. $EDITOR names another"
    )))
}

fn zero_files(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A link leads to a file that is not ours.
        if entry.file_type()?.is_file() {
            zero(&entry.path())?;
        }
    }
    Ok(())
}

fn zero(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(ZEROS.len());
        file.write_all(&ZEROS[..count])?;
        left -= count as u64;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_overwritten_where_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link, outside) =
            (folder.path().join("a"), folder.path().join("b"), tempfile::NamedTempFile::new().unwrap());
        std::fs::write(&path, vec![7; 10_000]).unwrap();
        std::fs::write(outside.path(), "stays").unwrap();
        std::os::unix::fs::symlink(outside.path(), link).unwrap();
        zero_files(folder.path()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), vec![0; 10_000]);
        assert_eq!(std::fs::read(outside.path()).unwrap(), b"stays");
    }

    #[test]
    fn only_its_owner_enters() {
        let folder = PlainFolder::with(Arc::default()).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        folder.write(&SecretText::new("a = 1".to_owned())).unwrap();
        assert_eq!((mode(folder.folder.path()), mode(&folder.path())), (FOLDER_MODE, FILE_MODE));
        assert_eq!(folder.read().unwrap().expose(), "a = 1");
        let path = folder.path();
        folder.wipe().unwrap();
        assert!(!path.exists());
    }
}
