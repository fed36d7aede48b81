//! Why there is no component, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use lockgate_guest_toolchain::{TARGET, ToolchainError};
use lockgate_model::contract::Breach;
use lockgate_model::limits::COMPONENT_BYTES_MAX;
use lockgate_model::outcome::RefusalCode;
use lockgate_registry::component::ComponentError;

use crate::DescribeError;

/// A plugin could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no package in the folder.
    #[error("there is no Cargo.toml in {}", .0.display())]
    NoPackage(PathBuf),
    /// Cargo cannot be started.
    #[error("cannot run cargo")]
    NoCargo(#[source] io::Error),
    /// Cargo does not understand the package; it has said why.
    #[error("cargo cannot read the package in {}: {detail}", .folder.display())]
    Manifest {
        /// Of the package.
        folder: PathBuf,
        /// Cargo's own words.
        detail: String,
    },
    /// What cargo says of the package cannot be read.
    #[error("cannot understand what cargo says")]
    Messages(#[source] io::Error),
    /// It does not compile; cargo has said why.
    #[error("the plugin does not compile")]
    Compile,
    /// It compiles, but into no component.
    #[error("the package makes no component")]
    NoComponent,
    /// No compiler.
    #[error("there is no compiler for {TARGET}")]
    Toolchain(#[from] ToolchainError),
    /// What came out is no component.
    #[error("what cargo made is not a plugin: {0}")]
    Component(#[from] ComponentError),
    /// Every host would refuse what came out.
    #[error("a host would refuse it: {0}")]
    Refused(#[from] Breach),
    /// Over the limit.
    #[error("the component has more than {COMPONENT_BYTES_MAX} bytes")]
    TooLarge,
    /// It runs, but does not say what it is.
    #[error(transparent)]
    Describe(#[from] DescribeError),
    /// Something in the manifest cannot be embedded.
    #[error("cannot embed `{key}` of Cargo.toml: {detail}")]
    Metadata {
        /// The manifest's key.
        key: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The descriptor could not be written as JSON.
    #[error("cannot embed what the plugin says of itself")]
    Encode(#[source] serde_json::Error),
    /// The disk.
    #[error("cannot {action} {}", .path.display())]
    File {
        /// What was being done.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl BuildError {
    pub(super) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }

    /// What to do about it, where something is known.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::NoPackage(_) => "name the plugin's folder, or make one with `lockgate plugin new --kind KIND NAME`",
            Self::NoCargo(_) => "install Rust with rustup",
            Self::NoComponent => "write `crate-type = [\"cdylib\", \"rlib\"]` below `[lib]` in Cargo.toml",
            Self::Toolchain(error) => return error.remedy().map(str::to_owned),
            Self::Refused(breach) => refusal(breach.code)?,
            Self::TooLarge => "set `opt-level = \"s\"`, `lto = true` and `strip = true` below `[profile.release]`",
            Self::Metadata { key: "license", .. } => "write an SPDX expression, for example `Apache-2.0 OR MIT`",
            Self::Metadata { .. } => "write a whole URL, with its scheme",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

fn refusal(code: RefusalCode) -> Option<&'static str> {
    match code {
        RefusalCode::UnknownKind => Some("export one type by `lockgate_sdk::export!(KIND: TYPE);`, once in the crate"),
        RefusalCode::ForeignImport => Some(
            "call only what its kind may have (the table in the SDK's README), or make it a plugin of another kind",
        ),
        RefusalCode::NotSupported => Some("find the dependency that needs it with `cargo tree`, and do without it"),
        RefusalCode::UnknownContract => Some("take the SDK of this version of lockgate"),
        _ => None,
    }
}
