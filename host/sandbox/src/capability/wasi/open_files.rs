//! What the guest holds open of its workspace: the path behind each descriptor, and what it has asked of the tree.

use std::collections::{BTreeSet, HashMap};

use lockgate_ports::trees::{BOUNDARY, Question};
use wasmtime_wasi::p2::bindings::sync::filesystem::types::DirectoryEntry;

/// Questions that are remembered; an answer that depends on more is not kept.
const QUESTIONS_MAX: usize = 100_000;
/// Their paths together.
const QUESTION_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Entries of all listings that are held at the same time.
const ENTRIES_MAX: usize = 1_000_000;

/// The paths of descriptors, relative to the workspace and as they were walked: `.`, `..` and links in them, and a
/// boundary where a descriptor was opened, for the kernel resolves what follows beneath it.
#[derive(Default)]
pub(crate) struct OpenFiles {
    /// By the number of the descriptor in the resource table.
    paths: HashMap<u32, String>,
    /// What is left of the folders that are being listed, the next entry last.
    listings: HashMap<u32, Vec<DirectoryEntry>>,
    entries: usize,
    /// None where nobody will ask, or where it was too much.
    questions: Option<BTreeSet<Question>>,
    question_bytes: usize,
    /// Whether somebody was told of a missing grant.
    refusal_was_said: bool,
}

impl OpenFiles {
    /// Remembers questions from now on.
    pub(crate) fn observe(&mut self) {
        self.questions = Some(BTreeSet::new());
    }

    /// Whether nothing was refused before: a guest that tries much would flood the log.
    pub(crate) fn is_first_refusal(&mut self) -> bool {
        !std::mem::replace(&mut self.refusal_was_said, true)
    }

    /// Remembers a question.
    pub(crate) fn ask(&mut self, question: Question) {
        let Some(questions) = &mut self.questions else { return };
        let bytes = question.path().len();
        if questions.insert(question) {
            self.question_bytes += bytes;
        }
        if questions.len() > QUESTIONS_MAX || self.question_bytes > QUESTION_BYTES_MAX {
            self.questions = None;
        }
    }

    /// All that was asked; none where it was too much, or nobody listened.
    pub(crate) fn questions(&mut self) -> Option<Vec<Question>> {
        self.questions.take().map(|all| all.into_iter().collect())
    }

    /// A stream of a folder's entries, the next one last. False where that would be too many to hold.
    pub(crate) fn insert_listing(&mut self, stream: u32, entries: Vec<DirectoryEntry>) -> bool {
        self.entries += entries.len();
        self.listings.insert(stream, entries);
        self.entries <= ENTRIES_MAX
    }

    /// The next entry of a listing.
    pub(crate) fn next_entry(&mut self, stream: u32) -> Option<DirectoryEntry> {
        let entry = self.listings.get_mut(&stream).and_then(Vec::pop)?;
        self.entries -= 1;
        Some(entry)
    }

    /// A descriptor stands for this path now.
    pub(crate) fn insert(&mut self, descriptor: u32, walked: String) {
        self.paths.insert(descriptor, walked);
    }

    /// A descriptor or a listing stands for nothing any more.
    pub(crate) fn remove(&mut self, descriptor: u32) {
        self.paths.remove(&descriptor);
        self.entries -= self.listings.remove(&descriptor).map_or(0, |left| left.len());
    }

    /// The path of a descriptor, with its boundaries.
    pub(crate) fn walked(&self, descriptor: u32) -> String {
        self.paths.get(&descriptor).cloned().unwrap_or_default()
    }

    /// A path below a descriptor, with its boundaries.
    pub(crate) fn walked_below(&self, descriptor: u32, path: &str) -> String {
        match self.walked(descriptor) {
            folder if folder.is_empty() => path.to_owned(),
            folder => format!("{folder}{BOUNDARY}{path}"),
        }
    }

    /// The path of a descriptor, for people.
    pub(crate) fn path(&self, descriptor: u32) -> String {
        self.walked(descriptor).replace(BOUNDARY, "/")
    }

    /// A path below a descriptor, for people.
    pub(crate) fn below(&self, descriptor: u32, path: &str) -> String {
        match (self.path(descriptor), path) {
            (folder, path) if folder.is_empty() => path.to_owned(),
            (folder, "" | ".") => folder,
            (folder, path) => format!("{folder}/{path}"),
        }
    }
}
