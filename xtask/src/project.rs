//! Where things are: asked of cargo, so that CARGO_TARGET_DIR and configuration files are honoured.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::command::output;
use crate::failure::{Failure, Result};

/// The checkout and its packages.
#[derive(Debug, Deserialize)]
pub(crate) struct Project {
    /// The workspace's folder.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    /// The packages of the workspace.
    pub(crate) packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its manifest.
    pub(crate) manifest_path: PathBuf,
    /// What it builds.
    pub(crate) targets: Vec<Target>,
}

/// Something that a package builds.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: String,
    /// `lib`, `bin`, `example`, `test`, or a crate type of a library.
    pub(crate) kind: Vec<String>,
    /// `cdylib` for components.
    pub(crate) crate_types: Vec<String>,
}

impl Project {
    /// The project that this tool was built from.
    pub(crate) fn find() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(|root| root.join("Cargo.toml"));
        let manifest = manifest.ok_or_else(|| Failure::new("xtask stands outside a workspace"))?;
        let mut metadata = cargo();
        metadata.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(manifest);
        let text = output(&mut metadata)?;
        serde_json::from_str(&text).map_err(|error| Failure::because("cannot understand `cargo metadata`", error))
    }

    /// Cargo, in the workspace's folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// A program of the workspace, as `cargo build` leaves it.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }
}

impl Package {
    /// Its folder, relative to the project's.
    pub(crate) fn folder<'a>(&'a self, project: &Project) -> Option<&'a Path> {
        self.manifest_path.parent()?.strip_prefix(&project.root).ok()
    }
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
