//! Programs that this machine must have, from its own packages.

use std::path::Path;
use std::process::Command;

use lockgate_guest_toolchain::find_program;

use crate::command::{run, step};
use crate::failure::{Failure, Result};

/// The sandbox that native tools run in.
pub(crate) const BUBBLEWRAP: Program = Program { name: "bwrap", package: "bubblewrap" };
/// The build tool that the benchmark compares with.
pub(crate) const NINJA: Program = Program { name: "ninja", package: "ninja-build" };

/// A program and the package that has it.
pub(crate) struct Program {
    name: &'static str,
    package: &'static str,
}

impl Program {
    /// Installs the program where it is missing and that is allowed.
    pub(crate) fn ensure(&self) -> Result<()> {
        if find_program(self.name).is_some() {
            return Ok(());
        }
        step(&format!("Installing {}", self.package));
        if !is_root() || find_program("apt-get").is_none() {
            return Err(self.missing());
        }
        // Lists that were never fetched, or are old, are the usual reason of a first failure.
        if self.install().is_err() {
            run(apt_get().arg("update"))?;
            self.install()?;
        }
        if find_program(self.name).is_some() { Ok(()) } else { Err(self.missing()) }
    }

    fn install(&self) -> Result<()> {
        run(apt_get().args(["install", "--yes", "--no-install-recommends", self.package]))
    }

    fn missing(&self) -> Failure {
        let remedy = format!("run `sudo apt-get install {}`, or your system's own way to install it", self.package);
        Failure::new(format!("`{}` is not installed", self.name)).remedy(remedy)
    }
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("-q").env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    Path::new("/proc/self").metadata().is_ok_and(|metadata| metadata.uid() == 0)
}
