//! A tree in memory: what a folder holds, with the bytes of its files left in the blob store.

use std::collections::BTreeMap;

use lockgate_model::ids::Digest;
use lockgate_model::limits::TREE_FILES_MAX;
use lockgate_ports::WorkspaceError;

/// Folders within folders; each level costs an open handle while a tree is walked.
pub(super) const TREE_DEPTH_MAX: usize = 200;

/// A folder. Names are single path components in UTF-8, in order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Folder {
    /// Nanoseconds since the epoch, where known.
    pub(super) modified_ns: Option<i64>,
    pub(super) nodes: BTreeMap<String, Node>,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    File(FileContent),
    /// Its target as it is written in the link.
    Symlink(String),
    Folder(Folder),
}

/// A regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileContent {
    pub(super) digest: Digest,
    pub(super) size_bytes: u64,
    pub(super) executable: bool,
    /// Nanoseconds since the epoch, where known.
    pub(super) modified_ns: Option<i64>,
}

impl Folder {
    /// Puts a node at a path below this folder. False when a part before the last is no folder that is there.
    pub(super) fn insert(&mut self, path: &str, node: Node) -> bool {
        match path.split_once('/') {
            None => self.nodes.insert(path.to_owned(), node).is_none(),
            Some((first, rest)) => match self.nodes.get_mut(first) {
                Some(Node::Folder(folder)) => folder.insert(rest, node),
                _ => false,
            },
        }
    }

    /// Calls `visit` with the path and content of every regular file, by folder and name.
    pub(super) fn each_file(&self, visit: &mut impl FnMut(&str, &FileContent)) {
        self.each_file_below("", visit);
    }

    fn each_file_below(&self, path: &str, visit: &mut impl FnMut(&str, &FileContent)) {
        for (name, node) in &self.nodes {
            match node {
                Node::File(file) => visit(&join(path, name), file),
                Node::Folder(folder) => folder.each_file_below(&join(path, name), visit),
                Node::Symlink(_) => {}
            }
        }
    }
}

/// A path of a tree and a name below it.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// Counts what a tree holds while it is read, and says when it is too much.
#[derive(Debug, Default)]
pub(super) struct Census {
    entries: usize,
}

impl Census {
    /// One more entry, in `depth` folders below the root.
    pub(super) fn add(&mut self, path: &str, depth: usize) -> Result<(), WorkspaceError> {
        self.entries += 1;
        if self.entries > TREE_FILES_MAX {
            let much = format!("a tree holds at most {TREE_FILES_MAX} files and folders, and `{path}` is one too many");
            return Err(WorkspaceError::Invalid(format!("{much}; ignore or delete what no step needs")));
        }
        if depth > TREE_DEPTH_MAX {
            let deep = format!("`{path}` lies in more than {TREE_DEPTH_MAX} folders within each other");
            return Err(WorkspaceError::Invalid(deep));
        }
        Ok(())
    }
}
