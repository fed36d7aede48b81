//! What the guest holds open of its workspace: the path behind each descriptor, and what it has asked of the tree.

use std::collections::{BTreeSet, HashMap};

use lockgate_ports::trees::Question;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::DirectoryEntry;

/// Questions that are remembered; an answer that depends on more is not kept.
const QUESTIONS_MAX: usize = 100_000;

/// The paths of descriptors, relative to the workspace and as they were walked (`.`, `..` and links in them).
#[derive(Default)]
pub(crate) struct OpenFiles {
    /// By the number of the descriptor in the resource table.
    paths: HashMap<u32, String>,
    /// What is left of the folders that are being listed, the next entry last.
    listings: HashMap<u32, Vec<DirectoryEntry>>,
    /// None where nobody will ask.
    questions: Option<BTreeSet<Question>>,
}

impl OpenFiles {
    /// Remembers questions from now on.
    pub(crate) fn observe(&mut self) {
        self.questions = Some(BTreeSet::new());
    }

    /// Remembers a question.
    pub(crate) fn ask(&mut self, question: impl FnOnce() -> Question) {
        if let Some(questions) = &mut self.questions
            && questions.len() <= QUESTIONS_MAX
        {
            questions.insert(question());
        }
    }

    /// All that was asked; none where it was too much, or nobody listened.
    pub(crate) fn questions(&mut self) -> Option<Vec<Question>> {
        self.questions.take().filter(|questions| questions.len() <= QUESTIONS_MAX).map(|all| all.into_iter().collect())
    }

    /// A stream of a folder's entries, the next one last.
    pub(crate) fn insert_listing(&mut self, stream: u32, entries: Vec<DirectoryEntry>) {
        self.listings.insert(stream, entries);
    }

    /// The next entry of a listing.
    pub(crate) fn next_entry(&mut self, stream: u32) -> Option<DirectoryEntry> {
        self.listings.get_mut(&stream).and_then(Vec::pop)
    }

    /// A descriptor stands for this path now.
    pub(crate) fn insert(&mut self, descriptor: u32, path: String) {
        self.paths.insert(descriptor, path);
    }

    /// A descriptor or a listing stands for nothing any more.
    pub(crate) fn remove(&mut self, descriptor: u32) {
        self.paths.remove(&descriptor);
        self.listings.remove(&descriptor);
    }

    /// The path of a descriptor.
    pub(crate) fn path(&self, descriptor: u32) -> &str {
        self.paths.get(&descriptor).map_or("", String::as_str)
    }

    /// A path below a descriptor.
    pub(crate) fn below(&self, descriptor: u32, path: &str) -> String {
        let folder = self.path(descriptor);
        match (folder, path) {
            ("", path) => path.to_owned(),
            (folder, "" | ".") => folder.to_owned(),
            (folder, path) => format!("{folder}/{path}"),
        }
    }
}
