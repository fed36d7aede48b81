//! The command that gets a compiler for components, and the compiler that this tool builds with.

use clap::ValueEnum;
use lockgate_guest_toolchain::{TARGET, Toolchain, ToolchainError};

use crate::command::step;
use crate::failure::{Failure, Result};
use crate::project::Project;

/// Where a compiler for components may come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Origin {
    /// What is there already, else rustup, else Debian
    #[default]
    Auto,
    /// `rustup target add`, nothing else
    Rustup,
    /// Debian's packages in a private folder, nothing else
    Debian,
}

/// The command `guest-toolchain`.
pub(crate) fn run(project: &Project, from: Origin) -> Result<()> {
    step(&format!("Getting a compiler for {TARGET}"));
    match get(project, from)? {
        Toolchain::Stock => println!("the stock toolchain compiles for {TARGET}"),
        Toolchain::Debian(prefix) => println!("Debian's compiler in {} compiles for {TARGET}", prefix.path().display()),
    }
    Ok(())
}

/// The compiler that is there, or one that is fetched now.
pub(crate) fn ensure(project: &Project) -> Result<Toolchain> {
    get(project, Origin::Auto)
}

fn get(project: &Project, from: Origin) -> Result<Toolchain> {
    let from = match from {
        Origin::Auto => lockgate_guest_toolchain::Origin::Auto,
        Origin::Rustup => lockgate_guest_toolchain::Origin::Rustup,
        Origin::Debian => lockgate_guest_toolchain::Origin::Debian,
    };
    Ok(Toolchain::ensure(&project.root, from, &|what| eprintln!("    {what}"))?)
}

impl From<ToolchainError> for Failure {
    fn from(error: ToolchainError) -> Self {
        let remedy = error.remedy().map(str::to_owned);
        let failure = Self::because(format!("components cannot be compiled for {TARGET}"), error);
        match remedy {
            Some(remedy) => failure.remedy(remedy),
            None => failure,
        }
    }
}
