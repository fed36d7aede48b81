//! What cargo knows of the package in a folder.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::BuildError;

/// A package, as far as a build needs it.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) folder: PathBuf,
    pub(super) target_folder: PathBuf,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) license: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) homepage: Option<String>,
    /// Folders of packages that it takes from this machine, by the package's name.
    pub(super) local: Vec<(String, PathBuf)>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    version: String,
    manifest_path: PathBuf,
    description: Option<String>,
    authors: Vec<String>,
    license: Option<String>,
    repository: Option<String>,
    homepage: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    path: Option<PathBuf>,
}

impl Package {
    /// Asks cargo. Nothing is resolved, fetched or built.
    pub(super) fn read(folder: &Path) -> Result<Self, BuildError> {
        let no_package = || BuildError::NoPackage(folder.to_owned());
        let folder = folder.canonicalize().map_err(|_| no_package())?;
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(no_package());
        }
        let Metadata { packages, target_directory } = ask_cargo(&folder)?;
        let found = packages.into_iter().find(|package| package.manifest_path == manifest);
        Ok(Self::of(found.ok_or_else(no_package)?, folder, target_directory))
    }

    fn of(described: Described, folder: PathBuf, target_folder: PathBuf) -> Self {
        let Described { name, version, description, authors, license, repository, homepage, dependencies, .. } =
            described;
        let local = dependencies.into_iter().filter_map(|one| Some((one.name, one.path?))).collect();
        Self { folder, target_folder, name, version, description, authors, license, repository, homepage, local }
    }
}

/// The cargo that started this program, if one did, else the one on PATH.
pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn ask_cargo(folder: &Path) -> Result<Metadata, BuildError> {
    let mut command = cargo();
    command.current_dir(folder).args(["metadata", "--no-deps", "--format-version", "1"]).stdin(Stdio::null());
    let output = command.output().map_err(BuildError::NoCargo)?;
    if !output.status.success() {
        let detail = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(BuildError::Manifest { folder: folder.to_owned(), detail });
    }
    serde_json::from_slice(&output.stdout).map_err(|error| BuildError::Messages(io::Error::other(error)))
}
