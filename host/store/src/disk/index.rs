//! What files looked like when they were last hashed, so that only changed ones are read again.
//!
//! Only *settled* files are recorded: those whose last change is older than the moment before they were looked at. A
//! later change then has a later time, however coarse the clock of the file system ("racy git").

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use lockgate_model::ids::Digest;
use prost::Message as _;

use super::staging::Staging;
use super::stat::Stamp;

const CHECKSUM_BYTES: usize = 32;
const INDEX_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Stamps and digests by path.
#[derive(Debug)]
pub(super) struct StatIndex {
    settled_before_ns: i64,
    files: BTreeMap<String, (Stamp, Digest)>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct IndexFile {
    #[prost(message, repeated, tag = "1")]
    entries: Vec<IndexEntry>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
struct IndexEntry {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(uint64, tag = "2")]
    size_bytes: u64,
    #[prost(sint64, tag = "3")]
    modified_ns: i64,
    #[prost(sint64, tag = "4")]
    changed_ns: i64,
    #[prost(uint64, tag = "5")]
    inode: u64,
    #[prost(bytes = "vec", tag = "6")]
    digest: Vec<u8>,
}

impl StatIndex {
    /// An empty one, to be filled with files that are looked at from now on. `settled_before_ns` is at most the file
    /// system's time of now.
    pub(super) fn new(settled_before_ns: i64) -> Self {
        Self { settled_before_ns, files: BTreeMap::new() }
    }

    /// The digest of a file that is what it was.
    pub(super) fn digest_of(&self, path: &str, stamp: &Stamp) -> Option<Digest> {
        self.files.get(path).filter(|(known, _)| known == stamp).map(|(_, digest)| *digest)
    }

    /// Records a file, if it is settled.
    pub(super) fn record(&mut self, path: &str, stamp: Stamp, digest: Digest) {
        if stamp.changed_ns.max(stamp.modified_ns) < self.settled_before_ns {
            self.files.insert(path.to_owned(), (stamp, digest));
        }
    }

    /// Reads an index. One that is missing or damaged is empty: it only saves time.
    pub(super) fn read(path: &Path) -> Self {
        let mut index = Self::new(i64::MIN);
        let fits = fs::metadata(path).is_ok_and(|found| found.len() <= INDEX_BYTES_MAX);
        if let Some(file) = fits.then(|| fs::read(path).ok()).flatten().and_then(|bytes| decode(&bytes)) {
            index.files = file.entries.into_iter().filter_map(parse).collect();
        }
        index
    }

    /// Writes an index, whole or not at all.
    pub(super) fn write(&self, staging: &Staging, path: &Path) -> io::Result<()> {
        let entries = self.files.iter().map(|(path, (stamp, digest))| entry(path, stamp, digest)).collect();
        let body = IndexFile { entries }.encode_to_vec();
        let mut bytes = Digest::of(&body).as_bytes().to_vec();
        bytes.extend(body);
        staging.replace(path, &bytes)
    }
}

/// The checksum tells a file that lost its end or its middle with the power.
fn decode(bytes: &[u8]) -> Option<IndexFile> {
    let (checksum, body) = bytes.split_at_checked(CHECKSUM_BYTES)?;
    if Digest::of(body).as_bytes() != checksum {
        return None;
    }
    IndexFile::decode(body).ok()
}

fn entry(path: &str, stamp: &Stamp, digest: &Digest) -> IndexEntry {
    let Stamp { size_bytes, modified_ns, changed_ns, inode } = *stamp;
    IndexEntry { path: path.to_owned(), size_bytes, modified_ns, changed_ns, inode, digest: digest.as_bytes().to_vec() }
}

fn parse(entry: IndexEntry) -> Option<(String, (Stamp, Digest))> {
    let IndexEntry { path, size_bytes, modified_ns, changed_ns, inode, digest } = entry;
    let digest = Digest::from_bytes(digest.try_into().ok()?);
    Some((path, (Stamp { size_bytes, modified_ns, changed_ns, inode }, digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { size_bytes: 4, modified_ns: 70, changed_ns: 90, inode: 1 };

    /// Records a file with `recorded` at the time 100 and asks for it with `asked`.
    fn check(recorded: Stamp, asked: Stamp, wanted: bool) {
        let mut index = StatIndex::new(100);
        index.record("file", recorded, Digest::of(b"text"));
        assert_eq!(index.digest_of("file", &asked).is_some(), wanted, "{recorded:?} {asked:?}");
        assert_eq!(index.digest_of("other", &asked), None);
    }

    #[test]
    fn a_file_is_known_while_its_stamp_is_the_same() {
        check(STAMP, STAMP, true);
        check(STAMP, Stamp { size_bytes: 5, ..STAMP }, false);
        check(STAMP, Stamp { modified_ns: 71, ..STAMP }, false);
        check(STAMP, Stamp { changed_ns: 91, ..STAMP }, false);
        check(STAMP, Stamp { inode: 2, ..STAMP }, false);
    }

    #[test]
    fn a_file_that_could_change_without_a_new_time_is_not_recorded() {
        for (modified_ns, changed_ns, wanted) in [(70, 99, true), (70, 100, false), (99, 90, true), (100, 90, false)] {
            let stamp = Stamp { modified_ns, changed_ns, ..STAMP };
            check(stamp, stamp, wanted);
        }
    }

    #[test]
    fn an_index_is_read_as_it_was_written_or_is_empty() {
        let home = tempfile::tempdir().unwrap();
        let (staging, path) = (Staging::open(&home.path().join("tmp")).unwrap(), home.path().join("index"));
        let mut index = StatIndex::new(100);
        index.record("file", STAMP, Digest::of(b"text"));
        index.write(&staging, &path).unwrap();
        assert_eq!(StatIndex::read(&path).digest_of("file", &STAMP), Some(Digest::of(b"text")));

        let mut bytes = fs::read(&path).unwrap();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        for damaged in [bytes.as_slice(), &bytes[..40], &[]] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(StatIndex::read(&path).digest_of("file", &STAMP), None);
        }
    }
}
