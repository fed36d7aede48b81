//! The crate that the demonstration works on, as it was published, fetched by ordinary cargo.
//!
//! Its dependencies are vendored, so that no step of the pipeline needs a network.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::cannot;
use crate::command::{output, run};
use crate::failure::{Failure, Result};

/// The crate: no dependencies, over a hundred tests, findings of clippy, all published with it.
pub(super) const NAME: &str = "heck";
/// Its version.
pub(super) const VERSION: &str = "0.5.0";

// Cargo puts these into a package itself, and refuses a package that has them already.
const MADE_BY_CARGO: [&str; 3] = [".cargo-checksum.json", ".cargo_vcs_info.json", ".cargo-ok"];

/// Fetches the crate into `folder`, which is there whole or not at all; `finish` may add to it before that.
pub(super) fn fetch(folder: &Path, finish: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let parent = folder.parent().ok_or_else(|| Failure::new(format!("{} is no folder", folder.display())))?;
    fs::create_dir_all(parent).map_err(|error| cannot("create", parent, error))?;
    let work = tempfile::Builder::new().prefix("fetch-").tempdir_in(parent);
    let work = work.map_err(|error| cannot("make a folder in", parent, error))?;
    download(work.path())?;
    let fetched = work.path().join("vendor").join(NAME);
    as_in_its_repository(&fetched)?;
    // Published crates have no such file; without it what `cargo test` leaves here would be taken for source.
    write(&fetched.join(".gitignore"), "/target\n")?;
    vendor(&fetched)?;
    finish(&fetched)?;
    fs::rename(&fetched, folder).map_err(|error| cannot("create", folder, error))
}

/// A project that depends on the crate is all that cargo needs to fetch its sources.
fn download(project: &Path) -> Result<()> {
    let manifest = format!(
        "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
         [dependencies]\n{NAME} = \"={VERSION}\"\n\n[workspace]\n"
    );
    write(&project.join("Cargo.toml"), &manifest)?;
    let source = project.join("src");
    fs::create_dir(&source).map_err(|error| cannot("create", &source, error))?;
    write(&source.join("lib.rs"), "")?;
    run(cargo(project).args(["vendor", "--quiet", "vendor"]).stdout(std::process::Stdio::null())).map_err(|failure| {
        failure.remedy("the demonstration downloads one crate; connect to its registry and try again")
    })
}

/// Undoes what publishing did to the manifest. The workspace table keeps the crate apart from the project around it.
fn as_in_its_repository(krate: &Path) -> Result<()> {
    for name in MADE_BY_CARGO {
        let path = krate.join(name);
        if path.exists() {
            fs::remove_file(&path).map_err(|error| cannot("remove", &path, error))?;
        }
    }
    let manifest = krate.join("Cargo.toml");
    fs::rename(krate.join("Cargo.toml.orig"), &manifest).map_err(|error| cannot("restore", &manifest, error))?;
    let text = fs::read_to_string(&manifest).map_err(|error| cannot("read", &manifest, error))?;
    if text.lines().any(|line| line.trim() == "[workspace]") {
        return Ok(());
    }
    write(&manifest, &format!("{text}\n[workspace]\n"))
}

fn vendor(krate: &Path) -> Result<()> {
    output(cargo(krate).args(["generate-lockfile", "--quiet"]))?;
    let configuration = output(cargo(krate).args(["vendor", "--quiet", "--locked", "vendor"]))?;
    if configuration.trim().is_empty() {
        return Ok(());
    }
    let folder = krate.join(".cargo");
    fs::create_dir_all(&folder).map_err(|error| cannot("create", &folder, error))?;
    write(&folder.join("config.toml"), &configuration)
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder);
    command
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| cannot("write", path, error))
}
