//! Attempts in a file: replayed where nothing else of them is, and refused where somebody has made the file up.

use std::fs;
use std::path::{Path, PathBuf};

use lockgate_tests::Ended;

use super::{Ran, SECRET, alone, identical};

const PIPELINE: &str = "\
name: carried
plugins:
  errand: registry.example/guests/errand:0.1
  secrets: registry.example/lockgate/secrets:0.1
jobs:
  world:
    steps:
      - id: ask
        uses: errand
        with:
          tasks:
            - { get-with: { url: \"http://SERVER/large?200000\", secret: token } }
            - read: src/notes.txt
            - { write: { path: new, text: made } }
            - time: {}
        grants: { http: [\"http://SERVER\"], clock: true, secrets: [token] }
      - { id: shell, run: \"date +%N > when; cat src/notes.txt\" }
      - { id: scan, uses: secrets, with: { files: [\"src/**\"] } }
";

fn ran() -> Ran {
    Ran::once(PIPELINE, &["errand"], &[("src/notes.txt", "notes\n")], 0)
}

fn bundle(ran: &Ran, step: &str) -> PathBuf {
    let name = format!("{step}.bundle");
    let path = ran.home.path().join(&name);
    let path_text = path.to_str().expect("text").to_owned();
    ran.lockgate(&["bundle", "latest", step, "-o", &path_text]).expect_code(0).expect_text(&path_text);
    path
}

/// Replays a bundle from an empty folder, as somebody who has nothing but the file.
fn replay(path: &Path) -> Ended {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let ended = alone(elsewhere.path(), &["replay", "--bundle"], &[path.to_str().expect("text")]);
    assert!(!elsewhere.path().join(".lockgate").exists(), "a bundle needs no state folder, and leaves none");
    ended
}

#[test]
fn a_bundle_is_identical_elsewhere_and_holds_no_secret() {
    let mut ran = ran();
    ran.server = None;
    for step in ["ask", "shell", "scan"] {
        let path = bundle(&ran, step);
        let replayed = replay(&path);
        assert_eq!(identical(&replayed).into_iter().collect::<Vec<_>>(), [format!("world/{step}")], "{replayed:?}");
        replayed.expect_code(0);
        let bytes = fs::read(&path).expect("a bundle");
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{step} holds the secret");
    }
}

#[test]
fn a_step_that_cannot_be_bundled_is_named_and_nothing_is_left() {
    let ran = ran();
    let path = ran.home.path().join("none");
    let path_text = path.to_str().expect("text");
    ran.lockgate(&["bundle", "latest", "nothing", "-o", path_text]).expect_code(2).expect_text("nothing");
    assert!(!path.exists());
    ran.lockgate(&["bundle", "latest", "ask", "-o", "no/such/folder/file"])
        .expect_code(3)
        .expect_text("no/such/folder");
    replay(Path::new("no-such-file")).expect_code(2).expect_text("no-such-file");
}

/// The members of a bundle, by name.
fn members(path: &Path) -> Vec<(String, Vec<u8>)> {
    use std::io::Read as _;
    let mut archive = tar::Archive::new(fs::File::open(path).expect("a bundle"));
    let read = |entry: std::io::Result<tar::Entry<'_, fs::File>>| {
        let mut entry = entry.expect("a member");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("bytes");
        (entry.path().expect("a name").to_str().expect("text").to_owned(), bytes)
    };
    archive.entries().expect("members").map(read).collect()
}

/// A bundle of these members; names are written as they are, whatever they are.
fn write(path: &Path, members: &[(String, Vec<u8>)]) {
    let mut archive = tar::Builder::new(fs::File::create(path).expect("a file"));
    for (name, bytes) in members {
        let header = header(name, bytes.len() as u64, tar::EntryType::Regular);
        archive.append(&header, bytes.as_slice()).expect("written");
    }
    archive.finish().expect("written");
}

fn header(name: &str, size: u64, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

/// Insists that a file is refused as what the user gave, in words, and soon.
fn refused(path: &Path, word: &str) {
    let ended = replay(path);
    ended.expect_code(2).expect_text(word);
    assert!(!ended.stdout.contains("identical"), "{ended:?}");
    assert!(ended.stderr.len() < 4_000, "{ended:?}");
}

#[test]
fn truncated_bundles_are_refused() {
    let ran = ran();
    let bytes = fs::read(bundle(&ran, "ask")).expect("a bundle");
    let cut = ran.home.path().join("cut");
    for length in [0, 1, 511, 512, 700, bytes.len() / 2] {
        fs::write(&cut, &bytes[..length]).expect("written");
        refused(&cut, "cut");
    }
    fs::write(&cut, b"this is no archive, and longer than one block. ".repeat(40)).expect("written");
    refused(&cut, "no bundle");
}

#[test]
fn members_that_no_bundle_has_are_refused() {
    let ran = ran();
    let good = members(&bundle(&ran, "shell"));
    let (head, blobs) = good.split_first().expect("members");
    let bad = ran.home.path().join("bad");
    let check = |members: Vec<(String, Vec<u8>)>, word: &str| {
        write(&bad, &members);
        refused(&bad, word);
    };
    let with = |name: &str| [good.clone(), vec![(name.to_owned(), b"x".to_vec())]].concat();
    check(with("blobs/../../escaped"), "escaped");
    check(with("../escaped"), "escaped");
    check(with("/tmp/escaped"), "escaped");
    check(with("blobs/not-hex"), "not-hex");
    check([good.clone(), vec![blobs[0].clone()]].concat(), "twice");
    check([good.clone(), vec![head.clone()]].concat(), "bundle.json");
    check(blobs.to_vec(), "bundle.json");
    let mut wrong = good.clone();
    wrong[1].1.push(b'!');
    check(wrong, "other bytes");
    let mut version = good.clone();
    let text = String::from_utf8(head.1.clone()).expect("JSON").replacen("\"version\":2", "\"version\":99", 1);
    version[0].1 = text.into_bytes();
    check(version, "version 99");
    let mut deep = good.clone();
    deep[0].1 = [b"[".repeat(200_000), b"]".repeat(200_000)].concat();
    check(deep, "bundle.json");
}

#[test]
fn sizes_and_kinds_that_lie_are_refused() {
    let ran = ran();
    let good = bundle(&ran, "shell");
    let bad = ran.home.path().join("bad");
    let giant = header("bundle.json", 1 << 32, tar::EntryType::Regular);
    fs::write(&bad, [giant.as_bytes().as_slice(), &[b' '; 4096]].concat()).expect("written");
    refused(&bad, "bundle.json");
    let mut archive = fs::read(&good).expect("a bundle");
    archive.truncate(archive.len() - 1024);
    let blob = format!("blobs/{}", "0".repeat(64));
    for (kind, size) in
        [(tar::EntryType::Regular, 1 << 33), (tar::EntryType::Symlink, 0), (tar::EntryType::Directory, 0)]
    {
        let header = header(&blob, size, kind);
        fs::write(&bad, [archive.as_slice(), header.as_bytes(), &[0; 1024]].concat()).expect("written");
        refused(&bad, "bad");
    }
    // An archive's own way to give a long name must not be a way to take memory.
    let long = header("long", 1 << 33, tar::EntryType::GNULongName);
    fs::write(&bad, [archive.as_slice(), long.as_bytes(), &[b'x'; 4096]].concat()).expect("written");
    refused(&bad, "bad");
}

/// A blob that the task names and the file has not: the replay says so, and does not look for it elsewhere.
#[test]
fn a_bundle_without_one_of_its_blobs_is_not_identical() {
    let ran = ran();
    let good = members(&bundle(&ran, "scan"));
    let notes = lockgate_model::ids::Digest::of(b"notes\n").hex();
    let less: Vec<_> = good.iter().filter(|(name, _)| !name.ends_with(&notes)).cloned().collect();
    assert_eq!(less.len() + 1, good.len());
    let bad = ran.home.path().join("bad");
    write(&bad, &less);
    let ended = replay(&bad);
    assert!(!ended.stdout.contains("identical"), "{ended:?}");
    assert_ne!(ended.code, 0);
    ended.expect_text(&notes);
}
