//! The files that a command sees, as the `Directory` messages that are part of its key: of a folder on disk, or of a tree
//! that nobody has made a folder of. Equal files give equal messages.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use lockgate_model::ids::Digest;
use lockgate_ports::trees::Leaf;
use lockgate_ports::{Trees, WorkspaceError};

use crate::fingerprint::digest_of;
use crate::folder::{Folder, Kind};
use crate::proto::{DigestMessage, Directory, DirectoryNode, FileNode, digest, message, pair};
use crate::request::Request;

/// A folder while it is being read: what lies in it, in order of name because the walk is.
#[derive(Default)]
pub(crate) struct Inputs {
    here: Directory,
    below: BTreeMap<String, Inputs>,
}

/// What a request sees of a folder.
pub(crate) fn of_folder(workspace: &Path, request: &Request) -> io::Result<Inputs> {
    let mut root = Inputs::default();
    let folder = Folder::open(workspace)?;
    request.walk_inputs(&folder, &mut |folder, name, node| {
        let leaf = match node.kind {
            Kind::File { is_executable } => {
                let (digest, size_bytes) = digest_of(folder.read(name)?)?;
                Leaf::File { digest, size_bytes, is_executable }
            }
            Kind::Link { target } => Leaf::Link(target),
            Kind::Folder => Leaf::Folder,
            Kind::Special => return Ok(()),
        };
        root.add(&node.path, leaf);
        Ok(())
    })?;
    Ok(root)
}

/// What a request sees of a tree.
pub(crate) fn of_tree(trees: &dyn Trees, root: &Digest, request: &Request) -> Result<Inputs, WorkspaceError> {
    let mut inputs = Inputs::default();
    request.walk_tree_inputs(trees, root, &mut |path, leaf| inputs.add(path, leaf))?;
    Ok(inputs)
}

impl Inputs {
    fn add(&mut self, path: &str, leaf: Leaf) {
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        let at = self.at(parents);
        match leaf {
            Leaf::File { digest, size_bytes, is_executable } => {
                let digest = Some(message(&digest, size_bytes));
                at.here.files.push(FileNode { name: name.to_owned(), digest, is_executable });
            }
            Leaf::Link(target) => at.here.symlinks.push(pair(name, &target)),
            Leaf::Folder => drop(at.below.entry(name.to_owned()).or_default()),
        }
    }

    fn at(&mut self, folder: &str) -> &mut Self {
        let parts = folder.split('/').filter(|part| !part.is_empty());
        parts.fold(self, |at, part| at.below.entry(part.to_owned()).or_default())
    }

    /// The digest of the root's message.
    pub(crate) fn digest(mut self) -> DigestMessage {
        let nodes = self.below.into_iter().map(|(name, inputs)| DirectoryNode { name, digest: Some(inputs.digest()) });
        self.here.directories = nodes.collect();
        digest(&self.here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_folder_has_the_digest_of_no_bytes() {
        let empty = Inputs::default().digest();
        assert_eq!(empty.hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(empty.size_bytes, 0);
    }
}
