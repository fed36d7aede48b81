//! Folders and files of cases.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{CASE_FILE, CaseError};

/// Cases of one plugin.
const CASES_MAX: usize = 10_000;
/// Files of one case.
const FILES_MAX: usize = 10_000;
/// Folders within folders in a case's files.
const DEPTH_MAX: usize = 64;

/// Names of the cases, in order. A folder without a `case.toml` is one too: its mistake should be told.
pub(super) fn case_names(folder: &Path) -> Result<Vec<String>, CaseError> {
    let no_cases = || CaseError::NoCases(folder.to_owned());
    if !folder.is_dir() {
        return Err(no_cases());
    }
    let mut names = Vec::new();
    for entry in entries(folder)? {
        if entry.is_dir() {
            names.push(file_name(&entry)?);
        }
    }
    if names.is_empty() {
        return Err(no_cases());
    }
    if names.len() > CASES_MAX {
        return Err(CaseError::malformed(folder, format!("more than {CASES_MAX} cases")));
    }
    Ok(names)
}

/// Files below a folder, relative to it, with `/`, in order; none where it does not exist.
pub(super) fn list(folder: &Path) -> Result<Vec<String>, CaseError> {
    let mut files = Vec::new();
    if folder.is_dir() {
        collect(folder, "", DEPTH_MAX, &mut files)?;
        files.sort();
    }
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<String>) -> Result<(), CaseError> {
    if depth == 0 {
        return Err(CaseError::malformed(folder, format!("more than {DEPTH_MAX} folders within each other")));
    }
    for path in entries(folder)? {
        let name = format!("{prefix}{}", file_name(&path)?);
        let kind = path.symlink_metadata().map_err(|error| CaseError::file("look at", &path, error))?;
        if kind.is_dir() {
            collect(&path, &format!("{name}/"), depth - 1, files)?;
        } else if kind.is_file() && files.len() < FILES_MAX {
            files.push(name);
        } else if kind.is_file() {
            return Err(CaseError::malformed(folder, format!("more than {FILES_MAX} files")));
        } else {
            return Err(CaseError::malformed(&path, "a case has plain files and folders only"));
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, CaseError> {
    let failed = |error| CaseError::file("list", folder, error);
    let mut paths = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> Result<String, CaseError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| CaseError::malformed(path, "its name is not UTF-8"))
}

/// Copies a case's files into a new folder.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), CaseError> {
    fs::create_dir_all(to).map_err(|error| CaseError::file("make", to, error))?;
    for file in list(from)? {
        let (source, target) = (from.join(&file), to.join(&file));
        let parent = target.parent().unwrap_or(to);
        fs::create_dir_all(parent).map_err(|error| CaseError::file("make", parent, error))?;
        fs::copy(&source, &target).map_err(|error| CaseError::file("copy", &source, error))?;
    }
    Ok(())
}

/// Reads a file that has at most `max_bytes`.
pub(super) fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, CaseError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(max_bytes + 1).read_to_end(&mut bytes));
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.ends_with(CASE_FILE) => Err(
            CaseError::malformed(path, "it is missing; write one, an empty one will do where there is nothing to say"),
        ),
        Err(error) => Err(CaseError::file("read", path, error)),
        Ok(_) if bytes.len() as u64 > max_bytes => {
            Err(CaseError::malformed(path, format!("it has more than {max_bytes} bytes")))
        }
        Ok(_) => Ok(bytes),
    }
}

/// Reads a text file that has at most `max_bytes`.
pub(super) fn read_text(path: &Path, max_bytes: u64) -> Result<String, CaseError> {
    String::from_utf8(read(path, max_bytes)?).map_err(|_| CaseError::malformed(path, "it is not UTF-8"))
}
