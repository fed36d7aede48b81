//! The commit that a plugin is built from.

use std::path::Path;
use std::process::{Command, Stdio};

/// What git says of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Revision {
    /// Everything is in this commit.
    Clean(String),
    /// Something is not committed: no commit gives these bytes.
    Dirty,
    /// It is in no repository, there is no commit, or there is no git.
    None,
}

impl Revision {
    /// Asks git.
    pub(super) fn of(folder: &Path) -> Self {
        let Some(commit) = git(folder, &["rev-parse", "--verify", "HEAD"]) else { return Self::None };
        match git(folder, &["status", "--porcelain", "--", "."]) {
            Some(changes) if changes.is_empty() => Self::Clean(commit),
            Some(_) => Self::Dirty,
            None => Self::None,
        }
    }

    /// The commit, where it gives these bytes.
    pub(super) fn clean(&self) -> Option<&str> {
        match self {
            Self::Clean(commit) => Some(commit),
            Self::Dirty | Self::None => None,
        }
    }

    /// What the author should know.
    pub(super) fn note(&self) -> Option<String> {
        let note = "no revision is embedded: the folder has changes that are not committed";
        (*self == Self::Dirty).then(|| note.to_owned())
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
