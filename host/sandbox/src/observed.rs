//! A reader's answer, kept by what it really asked of its tree.
//!
//! Under the canonical input lie a few lists of questions (files read, looked for in vain, listed). Each list is asked of
//! the tree at hand; its answers and the input are the key of the answer. So a change to a file that was never read is
//! still a hit, and a cached answer is what a fresh call would answer: the same questions, in the same order, would be
//! answered in the same way.

use lockgate_model::ids::Digest;
use lockgate_ports::trees::{Question, Sight};
use lockgate_ports::{Trees, TrustedCache};
use serde::{Deserialize, Serialize};

/// The namespace of lists.
const NAMESPACE: &str = "questions";
/// Lists under one input: different trees may lead a reader on different ways.
const LISTS_MAX: usize = 8;

/// The lists under one input, the newest first.
#[derive(Default, Serialize, Deserialize)]
struct Lists(Vec<Vec<Question>>);

/// Whether kept questions can be read.
///
/// # Errors
/// Why they cannot.
pub fn check_kept_questions(value: &[u8]) -> Result<(), String> {
    postcard::from_bytes::<Lists>(value).map(drop).map_err(|error| error.to_string())
}

/// The keys under which the answer may be, for this tree, by the lists that are known.
pub(crate) fn keys(cache: &TrustedCache, trees: &dyn Trees, input: &Digest, root: &Digest) -> Vec<Digest> {
    let lists = read(cache, input).0;
    lists.iter().filter_map(|questions| key(trees, input, root, questions)).collect()
}

/// Remembers a list, and gives the key for the answer that was reached by it.
pub(crate) fn remember(
    cache: &TrustedCache,
    trees: &dyn Trees,
    (input, root): (&Digest, &Digest),
    questions: Vec<Question>,
) -> Option<Digest> {
    let key = key(trees, input, root, &questions)?;
    let mut lists = read(cache, input);
    if lists.0.first() != Some(&questions) {
        lists.0.retain(|known| *known != questions);
        lists.0.insert(0, questions);
        lists.0.truncate(LISTS_MAX);
        if let Ok(bytes) = postcard::to_allocvec(&lists) {
            cache.put(NAMESPACE, input, bytes);
        }
    }
    Some(key)
}

fn read(cache: &TrustedCache, input: &Digest) -> Lists {
    let bytes = cache.get(NAMESPACE, input);
    bytes.and_then(|bytes| postcard::from_bytes(&bytes).ok()).unwrap_or_default()
}

/// The input, the questions and what the tree answers, in one digest. None where the tree cannot be read.
fn key(trees: &dyn Trees, input: &Digest, root: &Digest, questions: &[Question]) -> Option<Digest> {
    let sights = trees.look(root, questions).ok()?;
    if sights.contains(&Sight::Astray) {
        return None;
    }
    Some(Digest::of(&postcard::to_allocvec(&(input, questions, sights)).ok()?))
}
