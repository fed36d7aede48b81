//! Names as they come in a path: checked before they go anywhere near a file system.

use std::fmt;

use lockgate_model::ids::Digest;
use lockgate_registry::Reference;

// The grammar of names and tags belongs to references: a name that a client may write is one that is taken here.
const SOME_HOST: &str = "h.h";
const SOME_TAG: &str = "t";
const SOME_REPOSITORY: &str = "r";
const UPLOAD_RANDOM_BYTES: usize = 16;
const UPLOAD_RANDOM_DIGITS: usize = 2 * UPLOAD_RANDOM_BYTES;

/// A repository's name (OCI distribution specification, "Pulling manifests", `<name>`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository(String);

impl Repository {
    /// The name, if it is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let reference: Reference = format!("{SOME_HOST}/{text}:{SOME_TAG}").parse().ok()?;
        (reference.repository() == text).then(|| Self(text.to_owned()))
    }

    /// The name: components that hold neither `..` nor a leading `_`, joined by `/`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tag (OCI distribution specification, "Pulling manifests", `<reference>`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag(String);

impl Tag {
    /// The tag, if it is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let reference: Reference = format!("{SOME_HOST}/{SOME_REPOSITORY}:{text}").parse().ok()?;
        (reference.tag() == Some(text)).then(|| Self(text.to_owned()))
    }

    /// The tag: neither `.` nor `..`, and without `/`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// By what it is called now.
    Tag(Tag),
    /// By what it is.
    Digest(Digest),
}

/// Names an open upload. Its second half stands for the repository, so that an upload begun in one repository cannot be
/// reached through another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadId(String);

impl UploadId {
    /// A new name; `random` must be guessed by nobody.
    pub(crate) fn new(random: [u8; 32], repository: &Repository) -> Self {
        let random = &Digest::from_bytes(random).hex()[..UPLOAD_RANDOM_DIGITS];
        Self(format!("{random}-{}", mark(repository)))
    }

    /// The name, if it is one of this repository.
    pub(crate) fn parse(text: &str, repository: &Repository) -> Option<Self> {
        let (random, of) = text.split_once('-')?;
        let is_hex = random.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && random.len() == UPLOAD_RANDOM_DIGITS && of == mark(repository)).then(|| Self(text.to_owned()))
    }

    /// The name: hex digits and one `-`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn mark(repository: &Repository) -> String {
    Digest::of(repository.as_str().as_bytes()).short()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_repository(text: &str, is_name: bool) {
        assert_eq!(Repository::parse(text).is_some(), is_name, "{text}");
    }

    #[test]
    fn names_follow_the_specification() {
        for text in ["a", "library/busy-box", "a.b_c__d---e/f", "0/1/2"] {
            check_repository(text, true);
        }
        for text in
            ["", "A", "a/", "/a", "a//b", "_blobs", "a/_tags", "..", "a/../b", "a:b", "a@b", "a..b", "-a", "a%2fb"]
        {
            check_repository(text, false);
        }
        check_repository(&"a".repeat(251), true);
        check_repository(&"a".repeat(252), false);
    }

    #[test]
    fn tags_follow_the_specification() {
        for text in ["0.1", "_x", "Latest-2", &"t".repeat(128)] {
            assert!(Tag::parse(text).is_some(), "{text}");
        }
        for text in ["", ".", "..", "-a", "a/b", "a:b", "a@b", &"t".repeat(129)] {
            assert!(Tag::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_upload_belongs_to_one_repository() {
        let [one, other] = ["one", "other"].map(|name| Repository::parse(name).unwrap());
        let id = UploadId::new([7; 32], &one);
        assert_eq!(UploadId::parse(id.as_str(), &one), Some(id.clone()));
        assert_eq!(UploadId::parse(id.as_str(), &other), None);
        assert_eq!(UploadId::parse("../x-y", &one), None);
    }
}
