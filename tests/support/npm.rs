//! Programs that npm has: fetched once into a private folder, and started without Node.js, as they are.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lockgate_guest_toolchain::{find_program, packages};

use crate::programs::skip;

/// Runs the tasks of the packages of a repository, and knows those again that need not run.
pub const TURBO: NpmProgram = NpmProgram { package: "turbo", version: "2.11.11", path: turbo_path };
/// The same by another project.
pub const MOON: NpmProgram = NpmProgram { package: "@moonrepo/cli", version: "1.41.7", path: moon_path };

/// A program, the package that brings it, and the only version that is measured.
pub struct NpmProgram {
    package: &'static str,
    version: &'static str,
    path: fn() -> Option<&'static str>,
}

fn turbo_path() -> Option<&'static str> {
    match ARCH {
        "x86_64" => Some("@turbo/linux-64/bin/turbo"),
        "aarch64" => Some("@turbo/linux-arm64/bin/turbo"),
        _ => None,
    }
}

fn moon_path() -> Option<&'static str> {
    match ARCH {
        "x86_64" => Some("@moonrepo/core-linux-x64-gnu/moon"),
        "aarch64" => Some("@moonrepo/core-linux-arm64-gnu/moon"),
        _ => None,
    }
}

impl NpmProgram {
    /// Where it is, or nothing where it cannot be had: then it is said aloud what is left out.
    ///
    /// # Panics
    /// When it cannot be had and the environment variable CI is set.
    #[must_use]
    pub fn fetch(&self) -> Option<PathBuf> {
        let fetched = self.try_fetch();
        fetched.map_err(|why| skip(&format!("{} {} cannot be had: {why}", self.package, self.version))).ok()
    }

    fn try_fetch(&self) -> Result<PathBuf, String> {
        let path = (self.path)().ok_or_else(|| format!("npm has none for {ARCH}"))?;
        let cache = packages::cache_folder().map_err(|error| error.to_string())?;
        let name = format!("npm-{}-{}", self.package.replace(['@', '/'], ""), self.version);
        let folder = cache.join("test-npm-1").join(name);
        let program = folder.join("node_modules").join(path);
        if !program.is_file() {
            self.install(&folder)?;
        }
        if program.is_file() { Ok(program) } else { Err(format!("there is no {}", program.display())) }
    }

    /// Beside its place first: the folder is there whole or not at all. What its packages would run is not run.
    fn install(&self, folder: &Path) -> Result<(), String> {
        let npm = find_program("npm").ok_or("npm is not installed")?;
        let told = |error: std::io::Error| error.to_string();
        let parent = folder.parent().ok_or("the cache folder is no folder")?;
        fs::create_dir_all(parent).map_err(told)?;
        let fresh = tempfile::tempdir_in(parent).map_err(told)?;
        let mut install = Command::new(npm);
        install.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(fresh.path());
        install.arg(format!("{}@{}", self.package, self.version)).stdin(Stdio::null());
        let ended = install.output().map_err(told)?;
        if !ended.status.success() {
            return Err(String::from_utf8_lossy(&ended.stderr).trim().to_owned());
        }
        match fs::rename(fresh.path(), folder) {
            // Another process was quicker.
            Err(_) if folder.is_dir() => Ok(()),
            renamed => renamed.map_err(told),
        }
    }
}
