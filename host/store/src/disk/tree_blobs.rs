//! Trees to and from the blob store, one `Directory` message for each folder.

use lockgate_model::ids::Digest;
use lockgate_model::tree::TreeRef;
use lockgate_ports::{BlobError, Blobs, WorkspaceError};
use prost::Message as _;

use super::proto::{BlobDigest, Directory, DirectoryNode, FileNode, SymlinkNode};
use super::times::{self, Times};
use super::tree::{Census, FileContent, Folder, Node, join};

/// One folder's message.
const DIRECTORY_BYTES_MAX: u64 = 128 * 1024 * 1024;
const TIMES_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Keeps a tree: folders from the leaves up, so that no message names one that is not there.
pub(super) fn store(tree: &Folder, blobs: &dyn Blobs) -> Result<TreeRef, BlobError> {
    let (root, _) = store_folder(tree, blobs)?;
    Ok(TreeRef { root, times: blobs.put(&times::encode(&times::of(tree)))? })
}

fn store_folder(folder: &Folder, blobs: &dyn Blobs) -> Result<(Digest, u64), BlobError> {
    let entry = |node: &Node| {
        Ok(match node {
            Node::File(FileContent { digest, size_bytes, executable, .. }) => {
                Entry::File { digest: *digest, size_bytes: *size_bytes, is_executable: *executable }
            }
            Node::Symlink(target) => Entry::Link(target.clone()),
            Node::Folder(below) => {
                let (digest, size_bytes) = store_folder(below, blobs)?;
                Entry::Folder { digest, size_bytes }
            }
        })
    };
    let listing: Result<Listing, BlobError> =
        folder.nodes.iter().map(|(name, node)| Ok((name.clone(), entry(node)?))).collect();
    store_listing(&listing?, blobs)
}

/// The blobs of a tree that are no files: the messages of its folders, each once, and its times.
pub(super) fn structure(tree: &TreeRef, blobs: &dyn Blobs) -> Result<Vec<Digest>, WorkspaceError> {
    let mut known = std::collections::BTreeSet::from([tree.times]);
    let mut left = vec![tree.root];
    while let Some(folder) = left.pop() {
        if known.insert(folder) {
            left.extend(read_folder(&folder, blobs)?.into_values().filter_map(|entry| match entry {
                Entry::Folder { digest, .. } => Some(digest),
                Entry::File { .. } | Entry::Link(_) => None,
            }));
        }
    }
    Ok(known.into_iter().collect())
}

/// Reads a tree back, without its modification times.
pub(super) fn load(root: &Digest, blobs: &dyn Blobs) -> Result<Folder, WorkspaceError> {
    Loader { blobs, census: Census::default() }.folder(root, "", 0)
}

/// Reads a tree back as it was stored.
pub(super) fn load_with_times(tree: &TreeRef, blobs: &dyn Blobs) -> Result<Folder, WorkspaceError> {
    let mut folder = load(&tree.root, blobs)?;
    times::apply(&mut folder, &load_times(&tree.times, blobs)?);
    Ok(folder)
}

/// Reads the times of a tree.
pub(super) fn load_times(digest: &Digest, blobs: &dyn Blobs) -> Result<Times, WorkspaceError> {
    let bytes = blobs.get(digest, TIMES_BYTES_MAX)?;
    Ok(times::decode(&bytes).map_err(|detail| BlobError::Corrupt { digest: *digest, detail })?)
}

/// One folder's names, without what is below.
pub(super) type Listing = std::collections::BTreeMap<String, Entry>;

/// What one name of a folder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    File { digest: Digest, size_bytes: u64, is_executable: bool },
    Folder { digest: Digest, size_bytes: u64 },
    Link(String),
}

/// Reads one folder's message. It may come from anybody: a name that leads elsewhere, or stands twice, is damage.
pub(super) fn read_folder(digest: &Digest, blobs: &dyn Blobs) -> Result<Listing, WorkspaceError> {
    let bytes = blobs.get(digest, DIRECTORY_BYTES_MAX)?;
    let corrupt = |detail: String| BlobError::Corrupt { digest: *digest, detail };
    let message = Directory::decode(bytes.as_slice()).map_err(|error| corrupt(error.to_string()))?;
    let mut listing = Listing::new();
    for (name, entry) in entries(message) {
        let entry = entry.map_err(corrupt)?;
        if !is_name(&name) {
            return Err(corrupt(format!("`{name}` is no name of a file")).into());
        }
        if let Some(_first) = listing.insert(name.clone(), entry) {
            return Err(corrupt(format!("it names `{name}` twice")).into());
        }
    }
    Ok(listing)
}

fn entries(message: Directory) -> impl Iterator<Item = (String, Result<Entry, String>)> {
    let file = |FileNode { name, digest, is_executable }| {
        let sized = parse_digest(digest);
        (name, sized.map(|(digest, size_bytes)| Entry::File { digest, size_bytes, is_executable }))
    };
    let folder = |DirectoryNode { name, digest }| {
        (name, parse_digest(digest).map(|(digest, size_bytes)| Entry::Folder { digest, size_bytes }))
    };
    let link = |SymlinkNode { name, target }| (name, Ok(Entry::Link(target)));
    let (files, folders) = (message.files.into_iter().map(file), message.directories.into_iter().map(folder));
    files.chain(folders).chain(message.symlinks.into_iter().map(link))
}

/// Keeps one folder's message; gives its digest and its length.
pub(super) fn store_listing(listing: &Listing, blobs: &dyn Blobs) -> Result<(Digest, u64), BlobError> {
    let mut message = Directory::default();
    for (name, entry) in listing {
        let name = name.clone();
        match entry {
            Entry::File { digest, size_bytes, is_executable } => {
                let digest = Some(blob_digest(digest, *size_bytes));
                message.files.push(FileNode { name, digest, is_executable: *is_executable });
            }
            Entry::Folder { digest, size_bytes } => {
                message.directories.push(DirectoryNode { name, digest: Some(blob_digest(digest, *size_bytes)) });
            }
            Entry::Link(target) => message.symlinks.push(SymlinkNode { name, target: target.clone() }),
        }
    }
    let bytes = message.encode_to_vec();
    Ok((blobs.put(&bytes)?, bytes.len() as u64))
}

struct Loader<'a> {
    blobs: &'a dyn Blobs,
    census: Census,
}

impl Loader<'_> {
    fn folder(&mut self, digest: &Digest, path: &str, depth: usize) -> Result<Folder, WorkspaceError> {
        let mut folder = Folder::default();
        for (name, entry) in read_folder(digest, self.blobs)? {
            let (path, depth) = (join(path, &name), depth + 1);
            self.census.add(&path, depth)?;
            let node = match entry {
                Entry::File { digest, size_bytes, is_executable } => {
                    Node::File(FileContent { digest, size_bytes, executable: is_executable, modified_ns: None })
                }
                Entry::Link(target) => Node::Symlink(target),
                Entry::Folder { digest, .. } => Node::Folder(self.folder(&digest, &path, depth)?),
            };
            folder.nodes.insert(name, node);
        }
        Ok(folder)
    }
}

/// Whether this is the name of one file or folder.
pub(super) fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

fn blob_digest(digest: &Digest, size_bytes: u64) -> BlobDigest {
    BlobDigest { hash: digest.hex(), size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX) }
}

fn parse_digest(digest: Option<BlobDigest>) -> Result<(Digest, u64), String> {
    let BlobDigest { hash, size_bytes } = digest.ok_or("a node has no digest")?;
    let digest = format!("sha256:{hash}").parse().map_err(|error| format!("{error}"))?;
    let size_bytes = u64::try_from(size_bytes).map_err(|_| "a length is negative".to_owned())?;
    Ok((digest, size_bytes))
}
