//! What a reader may learn of a tree, as questions whose answers can be had again without running it.

use lockgate_model::ids::Digest;
use serde::{Deserialize, Serialize};

use crate::workspaces::WorkspaceError;

/// Stands in a path where a folder was opened by itself: what follows is resolved beneath that folder, not the root.
pub const BOUNDARY: char = '\0';

/// Something that a reader asked of its workspace. Paths are relative to the root, as they were walked: `.`, `..` and
/// links in them are resolved against the tree at hand; `BOUNDARY` stands where a folder was opened on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Question {
    /// What is there, and how long it is; a link that stands last is followed or not.
    Look {
        /// Which.
        path: String,
        /// Whether a link that stands last is followed.
        follow: bool,
    },
    /// What is in the file.
    Read(String),
    /// What is in the folder.
    List(String),
    /// Where the link points.
    Link(String),
}

impl Question {
    /// The path that it is about.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Look { path, .. } | Self::Read(path) | Self::List(path) | Self::Link(path) => path,
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sight {
    /// A regular file of so many bytes.
    File(u64),
    /// A folder.
    Folder,
    /// A link, looked at without following it, whose target has so many bytes.
    Link(u64),
    /// The bytes of a file, or of a folder's sorted names and kinds, by digest.
    Content(Digest),
    /// Where a link points.
    Target(String),
    /// Nothing is there.
    Missing,
    /// Something on the way is no folder.
    NoFolder,
    /// What is there is of another kind than the question wants. Readers tell it from `NoFolder` by its error.
    WrongKind,
    /// Links lead in a circle or out of the tree, a name is too long, or a link is written as a folder (`name/`) and is
    /// not to be followed, or leads to a file: what is said of it depends on more than the tree, so an answer that saw
    /// this is not kept.
    Astray,
}

/// What stands at a path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    /// A regular file.
    File {
        /// Of its bytes.
        digest: Digest,
        /// How many.
        size_bytes: u64,
        /// Whether its owner may execute it.
        is_executable: bool,
    },
    /// A folder.
    Folder,
    /// A symbolic link, and its target as it was written.
    Link(String),
}

/// Looks at trees.
pub trait Trees: Send + Sync {
    /// The answers to questions, in their order.
    ///
    /// # Errors
    /// When the tree cannot be read.
    fn look(&self, root: &Digest, questions: &[Question]) -> Result<Vec<Sight>, WorkspaceError>;

    /// Visits what is in a tree, in order of name, a folder before what is in it; `visit` gets the path from the root and
    /// says whether to go into a folder.
    ///
    /// # Errors
    /// When the tree cannot be read.
    fn walk(&self, root: &Digest, visit: &mut dyn FnMut(&str, Leaf) -> bool) -> Result<(), WorkspaceError>;
}

/// A host without trees: what readers answer is not kept.
pub struct NoTrees;

impl Trees for NoTrees {
    fn look(&self, _: &Digest, _: &[Question]) -> Result<Vec<Sight>, WorkspaceError> {
        Err(no_trees())
    }

    fn walk(&self, _: &Digest, _: &mut dyn FnMut(&str, Leaf) -> bool) -> Result<(), WorkspaceError> {
        Err(no_trees())
    }
}

fn no_trees() -> WorkspaceError {
    WorkspaceError::Invalid("this host keeps no trees".to_owned())
}
