//! A folder of a person as a tree, with git's rules for what belongs to it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use lockgate_model::ids::Digest;
use lockgate_ports::{Blobs, WorkspaceError};
use rustix::fs::{CWD, FileType};

use super::error::work_error;
use super::handle::{content, keep_file, not_utf8, special};
use super::index::StatIndex;
use super::parallel;
use super::stat::{Stamp, Stat};
use super::tree::{Census, FileContent, Folder, Node};

const GIT_FOLDER: &str = ".git";

/// Reads the folder at `root` and keeps its files. Those that `known` knows are not read; what is seen goes to `seen`.
/// Entries called `.git` or as one of `left_out` stay out, wherever they are.
pub(super) fn import(
    root: &Path,
    left_out: &[String],
    blobs: &dyn Blobs,
    known: &StatIndex,
    seen: &mut StatIndex,
) -> Result<Folder, WorkspaceError> {
    let (mut tree, files) = walk(root, left_out)?;
    let contents = parallel::map(&files, |file| file.keep(blobs, known))?;
    for (file, (stamp, content)) in files.into_iter().zip(contents) {
        seen.record(&file.path, stamp, content.digest);
        insert(&mut tree, root, &file.path, Node::File(content))?;
    }
    Ok(tree)
}

struct FoundFile {
    /// In the tree.
    path: String,
    /// On disk.
    place: PathBuf,
    stat: Stat,
}

impl FoundFile {
    fn keep(&self, blobs: &dyn Blobs, known: &StatIndex) -> Result<(Stamp, FileContent), WorkspaceError> {
        let known = known.digest_of(&self.path, &self.stat.stamp);
        match known.filter(|digest: &Digest| blobs.contains(digest)) {
            Some(digest) => Ok((self.stat.stamp, content(&self.stat, digest))),
            None => keep_file(CWD, &self.place, &self.place, blobs),
        }
    }
}

/// The tree without its files, and the files.
fn walk(root: &Path, left_out: &[String]) -> Result<(Folder, Vec<FoundFile>), WorkspaceError> {
    let (mut tree, mut files, mut census) = (Folder::default(), Vec::new(), Census::default());
    for entry in walker(root, left_out) {
        let entry = entry.map_err(|error| walk_error(root, &error))?;
        let (path, place) = (tree_path(root, entry.path())?, entry.into_path());
        let stat = Stat::at(CWD, &place).map_err(|error| work_error("read", &place, error))?;
        if path.is_empty() {
            tree.modified_ns = Some(stat.stamp.modified_ns);
            continue;
        }
        census.add(&path, path.split('/').count())?;
        match stat.kind {
            FileType::RegularFile => files.push(FoundFile { path, place, stat }),
            FileType::Symlink => insert(&mut tree, root, &path, Node::Symlink(target(&place)?))?,
            FileType::Directory => {
                let folder = Folder { modified_ns: Some(stat.stamp.modified_ns), ..Folder::default() };
                insert(&mut tree, root, &path, Node::Folder(folder))?;
            }
            other => return Err(special(&place, other)),
        }
    }
    Ok((tree, files))
}

/// Git's rules as they stand in the folder itself: what a person's own git configuration ignores is the same for
/// nobody else, and would make trees differ between machines.
fn walker(root: &Path, left_out: &[String]) -> ignore::Walk {
    let mut left_out = left_out.to_vec();
    left_out.push(GIT_FOLDER.to_owned());
    WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(true)
        .git_exclude(true)
        .parents(is_below_repository(root))
        .require_git(false)
        .follow_links(false)
        .filter_entry(move |entry: &DirEntry| {
            entry.depth() == 0 || !left_out.iter().any(|name| entry.file_name() == name.as_str())
        })
        .build()
}

/// Ignore files above the folder count only if they are of the repository that it is a part of.
fn is_below_repository(root: &Path) -> bool {
    !root.join(GIT_FOLDER).exists() && root.ancestors().skip(1).any(|above| above.join(GIT_FOLDER).exists())
}

fn tree_path(root: &Path, place: &Path) -> Result<String, WorkspaceError> {
    let path = place.strip_prefix(root).unwrap_or(place);
    path.to_str().map(str::to_owned).ok_or_else(|| not_utf8(place))
}

fn target(place: &Path) -> Result<String, WorkspaceError> {
    let target = fs::read_link(place).map_err(|error| work_error("read", place, error))?;
    target.into_os_string().into_string().map_err(|_| not_utf8(place))
}

fn insert(tree: &mut Folder, root: &Path, path: &str, node: Node) -> Result<(), WorkspaceError> {
    if tree.insert(path, node) {
        return Ok(());
    }
    let place = root.join(path);
    Err(WorkspaceError::Invalid(format!("`{}` was moved while it was read; try again", place.display())))
}

/// The walker's text names the place below `root` that could not be read.
fn walk_error(root: &Path, error: &ignore::Error) -> WorkspaceError {
    let kind = error.io_error().map_or(io::ErrorKind::Other, io::Error::kind);
    work_error("read the files of", root, io::Error::new(kind, error.to_string()))
}
