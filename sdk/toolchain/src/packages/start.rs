//! How a program of unpacked packages is started: by the loader and with the libraries that came along.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::command::output;
use crate::error::{Result, ToolchainError};

/// A program and what it needs to start, by paths relative to the folder of the packages.
pub(crate) struct Start {
    program: String,
    loader: Option<String>,
    libraries: Vec<String>,
}

impl Start {
    /// Looks at the program; one without libraries is started as it is.
    pub(crate) fn of(folder: &Path, program: &str) -> Result<Self> {
        let path = folder.join(program);
        if !path.is_file() {
            return Err(ToolchainError::new(format!("there is no {}", path.display()))
                .with_remedy(format!("remove {}; it is fetched again when it is needed", folder.display())));
        }
        // The loader itself knows best whether it can load a program.
        let loader = loader(folder).filter(|loader| {
            let mut verify = Command::new(folder.join(loader));
            output(verify.arg("--verify").arg(&path)).is_ok()
        });
        Ok(Self { program: program.to_owned(), loader, libraries: library_folders(folder) })
    }

    /// The command, for a folder that stays where it is.
    pub(crate) fn command(&self, folder: &Path) -> Command {
        let Some(loader) = &self.loader else { return Command::new(folder.join(&self.program)) };
        let libraries: Vec<_> =
            self.libraries.iter().map(|library| format!("{}/{library}", folder.display())).collect();
        let mut command = Command::new(folder.join(loader));
        command.arg("--library-path").arg(libraries.join(":")).arg(folder.join(&self.program));
        command
    }

    /// A shell script for the top of the folder, which starts the program from wherever the folder stands.
    pub(crate) fn script(&self) -> String {
        let program = &self.program;
        let start = self.loader.as_ref().map(|loader| {
            let libraries: Vec<_> = self.libraries.iter().map(|library| format!("$here/{library}")).collect();
            format!("\"$here/{loader}\" --library-path \"{}\" ", libraries.join(":"))
        });
        format!("#!/bin/sh\nhere=${{0%/*}}\nexec {}\"$here/{program}\" \"$@\"\n", start.unwrap_or_default())
    }
}

/// The file itself and not the link to it at its well-known place, which leads out of the folder in older Debians.
fn loader(folder: &Path) -> Option<String> {
    ["usr/lib", "lib"].into_iter().find_map(|place| {
        let place = format!("{place}/{}-linux-gnu", env::consts::ARCH);
        let name = find_entry(&folder.join(&place), |name| name.starts_with("ld-linux"))?;
        Some(format!("{place}/{name}"))
    })
}

/// Where the loader looks. Before Debian 13 a few libraries stood in `lib`; LLVM's has moved between a folder of its own and
/// the common one.
fn library_folders(folder: &Path) -> Vec<String> {
    let common = format!("lib/{}-linux-gnu", env::consts::ARCH);
    let llvm = find_entry(&folder.join("usr/lib"), |name| name.starts_with("llvm-"));
    let llvm = llvm.map(|llvm| format!("usr/lib/{llvm}/lib"));
    [format!("usr/{common}"), common].into_iter().chain(llvm).collect()
}

fn find_entry(folder: &Path, fits: impl Fn(&str) -> bool) -> Option<String> {
    let entries = folder.read_dir().ok()?.flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).find(|name| fits(name))
}
