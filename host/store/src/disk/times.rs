//! Modification times of a tree, beside it.
//!
//! One protobuf message: an entry for each file and folder whose time is known, the root (the empty path) first, then
//! by path. A path is written as the number of bytes that it shares with the one before and the rest, so that it
//! costs about as much as its name. Symlinks have none.

use std::collections::BTreeMap;

use prost::Message as _;

use super::tree::{Folder, Node, join};

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct TreeTimes {
    #[prost(message, repeated, tag = "1")]
    entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Entry {
    #[prost(uint32, tag = "1")]
    shared_bytes: u32,
    #[prost(string, tag = "2")]
    rest: String,
    /// Nanoseconds since the epoch.
    #[prost(sint64, tag = "3")]
    modified_ns: i64,
}

/// By path; the root is the empty path.
pub(super) type Times = BTreeMap<String, i64>;

/// The times of a tree.
pub(super) fn of(tree: &Folder) -> Times {
    let mut times = Times::new();
    collect(tree, "", &mut times);
    times
}

/// Times as bytes; equal ones have equal bytes.
pub(super) fn encode(times: &Times) -> Vec<u8> {
    let mut entries = Vec::with_capacity(times.len());
    let mut before = "";
    for (path, modified_ns) in times {
        let shared = shared_bytes(before, path);
        let rest = path[shared..].to_owned();
        entries.push(Entry { shared_bytes: u32::try_from(shared).unwrap_or(0), rest, modified_ns: *modified_ns });
        before = path;
    }
    TreeTimes { entries }.encode_to_vec()
}

/// The times by path, or what is wrong with the bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<Times, String> {
    let message = TreeTimes::decode(bytes).map_err(|error| error.to_string())?;
    let mut times = Times::new();
    let mut before = String::new();
    for entry in message.entries {
        let shared = before.get(..entry.shared_bytes as usize).ok_or("a path shares more than there is")?;
        let path = format!("{shared}{}", entry.rest);
        times.insert(path.clone(), entry.modified_ns);
        before = path;
    }
    Ok(times)
}

/// Writes the times into a tree.
pub(super) fn apply(tree: &mut Folder, times: &Times) {
    apply_below(tree, "", times);
}

/// The same for the part of a tree that lies below a path.
pub(super) fn apply_below(folder: &mut Folder, path: &str, times: &Times) {
    folder.modified_ns = times.get(path).copied();
    for (name, node) in &mut folder.nodes {
        match node {
            Node::File(file) => file.modified_ns = times.get(&join(path, name)).copied(),
            Node::Folder(below) => apply_below(below, &join(path, name), times),
            Node::Symlink(_) => {}
        }
    }
}

fn collect(folder: &Folder, path: &str, times: &mut Times) {
    times.extend(folder.modified_ns.map(|modified_ns| (path.to_owned(), modified_ns)));
    for (name, node) in &folder.nodes {
        match node {
            Node::File(file) => times.extend(file.modified_ns.map(|modified_ns| (join(path, name), modified_ns))),
            Node::Folder(below) => collect(below, &join(path, name), times),
            Node::Symlink(_) => {}
        }
    }
}

/// How many bytes two paths have in common at their beginning, cut at a character.
fn shared_bytes(one: &str, other: &str) -> usize {
    let mut shared = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    while !other.is_char_boundary(shared) {
        shared -= 1;
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(paths: &[&str]) {
        let mut tree = Folder { modified_ns: Some(-1), ..Folder::default() };
        for (path, modified_ns) in paths.iter().zip(0..) {
            let folder = Folder { modified_ns: Some(modified_ns), ..Folder::default() };
            assert!(tree.insert(path, Node::Folder(folder)));
        }
        let times = decode(&encode(&of(&tree))).unwrap();
        assert_eq!(times.len(), paths.len() + 1);
        let mut again = tree.clone();
        apply(&mut again, &Times::new());
        assert_ne!(again, tree);
        apply(&mut again, &times);
        assert_eq!(again, tree);
    }

    #[test]
    fn times_come_back_by_path() {
        check(&[]);
        check(&["a", "a/b", "a/b/c", "ab", "b"]);
        // Characters that begin with the same byte.
        check(&["\u{e4}", "\u{e5}", "\u{e5}/\u{e4}", "x\u{1f600}", "x\u{1f601}"]);
    }

    #[test]
    fn a_path_that_shares_too_much_is_refused() {
        let entry = Entry { shared_bytes: 1, rest: "a".to_owned(), modified_ns: 0 };
        assert!(decode(&TreeTimes { entries: vec![entry] }.encode_to_vec()).is_err());
        assert!(decode(b"\xff").is_err());
    }
}
