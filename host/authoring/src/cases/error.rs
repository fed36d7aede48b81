//! Why a case could not be tried.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use lockgate_model::call::Kind;
use lockgate_ports::BlobError;

use crate::DescribeError;

/// Something is wrong with a case, or with all of them.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// No case at all.
    #[error("there are no cases in {}; make `NAME/case.toml` there, `lockgate plugin new` shows some", .0.display())]
    NoCases(PathBuf),
    /// No case of that name.
    #[error("no case has `{filter}` in its name; there are {}", .names.join(", "))]
    NoneFits {
        /// What was asked for.
        filter: String,
        /// What there is.
        names: Vec<String>,
    },
    /// A file that is not as it should be.
    #[error("{}: {detail}", .path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where in it.
        detail: String,
    },
    /// The case calls a function of another kind.
    #[error("it calls a {called}, and the plugin is a {kind}")]
    WrongKind {
        /// What the case calls.
        called: Kind,
        /// What the plugin is.
        kind: Kind,
    },
    /// No snapshot yet.
    #[error(
        "there is no {}; look at the outcome, and if it is right, keep it with `lockgate plugin test --accept`\n{found}",
        .path.display()
    )]
    NoSnapshot {
        /// Where it should be.
        path: PathBuf,
        /// The outcome that it would hold.
        found: String,
    },
    /// The host could not do its part.
    #[error("the host failed: {0}")]
    Host(String),
    /// The component could not be handed to the sandbox.
    #[error("cannot keep the component")]
    Keep(#[source] BlobError),
    /// The plugin does not say what it is.
    #[error(transparent)]
    Describe(#[from] DescribeError),
    /// The outcome could not be written as JSON.
    #[error("cannot write the outcome as JSON")]
    Encode(#[from] serde_json::Error),
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

impl CaseError {
    pub(super) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }

    pub(super) fn malformed(path: &Path, detail: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), detail: detail.into() }
    }

    /// The error and what caused it, in one text.
    pub(super) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }
}
