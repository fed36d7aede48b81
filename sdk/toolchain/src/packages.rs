//! Debian's packages in private folders: programs without root, and without a change to the system.
//!
//! The system's own apt fetches them with lists and a status of its own, so that all that they depend on comes along, the C
//! library too. Nothing is installed: the packages are unpacked beside each other and none of their scripts runs. A program
//! of a newer Debian so runs on an older one, started by its own loader.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{find_program, output};
use crate::error::{Result, ToolchainError};
use crate::whole;

mod apt;
mod start;

pub(crate) use start::Start;

/// Fetches packages of a suite of Debian (`sid`, `bookworm`), with all that they depend on, and unpacks them into the folder
/// `into`. A folder that is there already is left as it is. It exists whole or not at all: of two processes that start at
/// once, one fetches and the other waits. `say` is told what is about to happen.
///
/// # Errors
/// When the system has no apt, its sources name no mirror of Debian, the mirror cannot be reached or lacks a package, or the
/// folder cannot be written.
pub fn fetch(suite: &str, packages: &[&str], into: &Path, say: &dyn Fn(&str)) -> Result<()> {
    whole::ensure(into, |fresh| {
        say(&format!("fetching {} of Debian {suite}", packages.join(", ")));
        unpack(suite, packages, fresh, say)
    })
}

/// A command that starts a program, by its path below a folder that [`fetch`] made. A program that needs a loader gets the
/// one that came with it.
///
/// # Errors
/// When the folder has no such program.
pub fn command(folder: &Path, program: &str) -> Result<Command> {
    Ok(Start::of(folder, program)?.command(folder))
}

/// Where this system's user keeps what can be fetched again: `lockgate` in `$XDG_CACHE_HOME` or `~/.cache`.
///
/// # Errors
/// When the user has no home folder.
pub fn cache_folder() -> Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let cache = cache.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    let cache = cache.ok_or_else(|| {
        ToolchainError::new("there is no home folder to keep programs in").with_remedy("set XDG_CACHE_HOME to a folder")
    })?;
    Ok(cache.join("lockgate"))
}

/// Unpacks packages into a folder that is not there yet. What was downloaded stands beside it only as long as that takes.
pub(crate) fn unpack(suite: &str, packages: &[&str], folder: &Path, say: &dyn Fn(&str)) -> Result<()> {
    for program in ["apt-get", "dpkg"] {
        if find_program(program).is_none() {
            return Err(ToolchainError::new(format!("Debian's packages need {program}, which is not installed")));
        }
    }
    let work = tempfile::Builder::new().prefix(".apt-").tempdir_in(folder.parent().unwrap_or(folder));
    let work = work.map_err(|error| ToolchainError::file("make a folder beside", folder, error))?;
    let files = apt::download(suite, packages, work.path())?;
    say(&format!("unpacking {} packages", files.len()));
    fs::create_dir(folder).map_err(|error| ToolchainError::file("create", folder, error))?;
    files.iter().try_for_each(|file| output(Command::new("dpkg").arg("-x").arg(file).arg(folder)).map(drop))
}
