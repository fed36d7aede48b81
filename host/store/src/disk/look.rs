//! The port `Trees`: questions about a tree, answered from its messages. Only folders on the way are read.

use std::collections::HashMap;

use lockgate_model::ids::Digest;
use lockgate_ports::trees::{BOUNDARY, Leaf, Question, Sight};
use lockgate_ports::{Trees, WorkspaceError};

use super::folders::WorkFolders;
use super::listings::Listings;
use super::tree::{Census, join};
use super::tree_blobs::Entry;

/// Links that may be followed on the way to one path, as Linux has it.
const LINKS_MAX: usize = 40;
/// A name of a file, as Linux has it.
pub(super) const NAME_BYTES_MAX: usize = 255;
/// Parts that one path may have once all links on the way are written out.
const PARTS_MAX: usize = 4_096;

impl Trees for WorkFolders {
    fn look(&self, root: &Digest, questions: &[Question]) -> Result<Vec<Sight>, WorkspaceError> {
        let mut tree = LazyTree { listings: self.listings(), root: *root, listed: HashMap::new() };
        questions.iter().map(|question| tree.answer(question)).collect()
    }

    fn walk(&self, root: &Digest, visit: &mut dyn FnMut(&str, Leaf) -> bool) -> Result<(), WorkspaceError> {
        Walk { listings: self.listings(), census: Census::default(), visit }.folder(root, "", 1)
    }
}

struct Walk<'a> {
    listings: &'a Listings,
    census: Census,
    visit: &'a mut dyn FnMut(&str, Leaf) -> bool,
}

impl Walk<'_> {
    fn folder(&mut self, digest: &Digest, at: &str, depth: usize) -> Result<(), WorkspaceError> {
        for (name, entry) in self.listings.folder(digest)?.iter() {
            let path = join(at, name);
            self.census.add(&path, depth)?;
            let (leaf, below) = match entry {
                Entry::File { digest, size_bytes, is_executable } => {
                    (Leaf::File { digest: *digest, size_bytes: *size_bytes, is_executable: *is_executable }, None)
                }
                Entry::Link(target) => (Leaf::Link(target.clone()), None),
                Entry::Folder { digest, .. } => (Leaf::Folder, Some(digest)),
            };
            let goes_on = (self.visit)(&path, leaf);
            if let Some(below) = below.filter(|_| goes_on) {
                self.folder(below, &path, depth + 1)?;
            }
        }
        Ok(())
    }
}

struct LazyTree<'a> {
    listings: &'a Listings,
    root: Digest,
    /// Listings by their folder: many questions may be about the same.
    listed: HashMap<Digest, Digest>,
}

/// Where a path leads.
enum Found {
    Folder(Digest),
    Entry(Entry),
}

/// Why a path leads nowhere, as the answer that this is.
type Lost = Sight;

impl LazyTree<'_> {
    fn answer(&mut self, question: &Question) -> Result<Sight, WorkspaceError> {
        let (path, follow) = match question {
            Question::Look { path, follow } => (path, *follow),
            Question::Read(path) | Question::List(path) => (path, true),
            Question::Link(path) => (path, false),
        };
        let found = match self.walk(path, follow)? {
            Ok(found) => found,
            Err(lost) => return Ok(lost),
        };
        Ok(match (question, found) {
            (Question::Look { .. }, found) => seen(&found),
            (Question::Read(_), Found::Entry(Entry::File { digest, .. })) => Sight::Content(digest),
            (Question::List(_), Found::Folder(digest)) => Sight::Content(self.names(&digest)?),
            (Question::Link(_), Found::Entry(Entry::Link(target))) => Sight::Target(target),
            // Of a path with a dot at its end a reader is told more than that: whether a folder is there.
            (_, Found::Folder(_)) => Sight::Folder,
            _ => Sight::WrongKind,
        })
    }

    /// Names and kinds only: what is in the files of a folder is no part of its listing.
    fn names(&mut self, digest: &Digest) -> Result<Digest, WorkspaceError> {
        if let Some(known) = self.listed.get(digest) {
            return Ok(*known);
        }
        let mut text = String::new();
        for (name, entry) in self.listings.folder(digest)?.iter() {
            let kind = match entry {
                Entry::File { .. } => 'f',
                Entry::Folder { .. } => 'd',
                Entry::Link(_) => 'l',
            };
            text.extend([kind]);
            text.push_str(name);
            text.push('\0');
        }
        let listing = Digest::of(text.as_bytes());
        self.listed.insert(*digest, listing);
        Ok(listing)
    }

    /// Resolves a path as the kernel does: part by part, links in their place, each piece beneath the folder at its
    /// beginning.
    fn walk(&mut self, path: &str, follow: bool) -> Result<Result<Found, Lost>, WorkspaceError> {
        let mut above = vec![self.root];
        let mut pieces = path.split(BOUNDARY).peekable();
        while let Some(piece) = pieces.next() {
            let is_last = pieces.peek().is_none();
            // A descriptor that was opened stands for what a link led to.
            let follow = follow || !is_last;
            match self.walk_piece(piece, follow, &mut above)? {
                Ok(None) => {}
                Ok(Some(entry)) if is_last => return Ok(Ok(Found::Entry(entry))),
                Ok(Some(_)) => return Ok(Err(Sight::NoFolder)),
                Err(lost) => return Ok(Err(lost)),
            }
        }
        Ok(Ok(Found::Folder(*above.last().unwrap_or(&self.root))))
    }

    /// Goes on from the last of `above`, which is a floor; none where it ends in a folder, then the last of `above`.
    fn walk_piece(
        &mut self,
        piece: &str,
        follow: bool,
        above: &mut Vec<Digest>,
    ) -> Result<Result<Option<Entry>, Lost>, WorkspaceError> {
        let floor = above.len();
        let mut left: Vec<String> = parts(piece).rev().map(str::to_owned).collect();
        let (mut links, mut is_written_as_folder) = (0, false);
        while let Some(part) = left.pop() {
            if part == ".." {
                above.pop();
                if above.len() < floor {
                    return Ok(Err(Sight::Astray));
                }
                continue;
            }
            if part.len() > NAME_BYTES_MAX {
                return Ok(Err(Sight::Astray));
            }
            let here = *above.last().unwrap_or(&self.root);
            match self.listings.folder(&here)?.get(&part).cloned() {
                None => return Ok(Err(Sight::Missing)),
                Some(Entry::Folder { digest, .. }) => above.push(digest),
                Some(Entry::Link(target)) if follow || !left.is_empty() => {
                    links += 1;
                    if target.starts_with('/') || links > LINKS_MAX || left.len() > PARTS_MAX {
                        return Ok(Err(Sight::Astray));
                    }
                    is_written_as_folder |= left.is_empty() && ends_in_folder(&target);
                    left.extend(parts(&target).rev().map(str::to_owned));
                }
                Some(entry) if left.is_empty() => {
                    let is_link = matches!(entry, Entry::Link(_));
                    let is_unclear = is_written_as_folder || (is_link && ends_in_folder(piece));
                    return Ok(if is_unclear { Err(Sight::Astray) } else { Ok(Some(entry)) });
                }
                Some(_) => return Ok(Err(Sight::NoFolder)),
            }
        }
        Ok(Ok(None))
    }
}

fn seen(found: &Found) -> Sight {
    match found {
        Found::Folder(_) | Found::Entry(Entry::Folder { .. }) => Sight::Folder,
        Found::Entry(Entry::File { size_bytes, .. }) => Sight::File(*size_bytes),
        Found::Entry(Entry::Link(target)) => Sight::Link(target.len() as u64),
    }
}

/// Whether a path is about a folder by the way it is written.
fn ends_in_folder(path: &str) -> bool {
    path.ends_with('/') || path.ends_with("/.")
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "."))
}
