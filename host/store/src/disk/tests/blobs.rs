//! Blobs are whole, verified and written once.

use std::os::unix::fs::MetadataExt;

use super::{Arc, BlobError, BlobFiles, Blobs, Digest, Path, PathBuf, PermissionsExt, fs};

struct Store {
    home: tempfile::TempDir,
    blobs: Arc<BlobFiles>,
}

impl Store {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let blobs = BlobFiles::open(home.path()).unwrap();
        Self { home, blobs }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.home.path().join("blobs/sha256").join(&digest.hex()[..2]).join(digest.hex())
    }

    /// What a damaged blob is changed to, from outside.
    fn damage(&self, digest: &Digest, bytes: &[u8]) {
        let path = self.path(digest);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&path, bytes).unwrap();
    }
}

/// Files that are being written in the store.
fn unfinished(home: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in fs::read_dir(home.join("blobs/tmp")).unwrap().map(|entry| entry.unwrap().path()) {
        if folder.is_dir() {
            found.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found.retain(|path| !path.ends_with("lock"));
    found
}

#[track_caller]
fn check_roundtrip(bytes: &[u8]) {
    let store = Store::new();
    let source = store.home.path().join("source");
    fs::write(&source, bytes).unwrap();
    let size_bytes = bytes.len() as u64;

    assert_eq!(store.blobs.put_file(&source, size_bytes).unwrap(), (Digest::of(bytes), size_bytes));
    assert_eq!(store.blobs.put(bytes).unwrap(), Digest::of(bytes));
    assert_eq!(store.blobs.get(&Digest::of(bytes), size_bytes).unwrap(), bytes);
    let copy = store.home.path().join("copy");
    assert_eq!(store.blobs.copy_to(&Digest::of(bytes), &copy).unwrap(), size_bytes);
    assert_eq!(fs::read(copy).unwrap(), bytes);
    assert_eq!(fs::read(source).unwrap(), bytes);
    assert_eq!(unfinished(store.home.path()), Vec::<PathBuf>::new());
}

#[test]
fn bytes_come_back_as_they_were() {
    check_roundtrip(b"");
    check_roundtrip(b"text");
    for size_bytes in [256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1_000_003] {
        let bytes: Vec<u8> = (0..size_bytes).map(|place: u32| (place % 251) as u8).collect();
        check_roundtrip(&bytes);
    }
}

#[test]
fn a_kept_blob_cannot_be_written_and_is_not_written_again() {
    let store = Store::new();
    let digest = store.blobs.put(b"once").unwrap();
    let first = fs::metadata(store.path(&digest)).unwrap();
    store.blobs.put(b"once").unwrap();
    let second = fs::metadata(store.path(&digest)).unwrap();
    assert_eq!(first.mode() & 0o777, 0o444);
    assert_eq!((first.ino(), first.ctime_nsec()), (second.ino(), second.ctime_nsec()));
}

#[test]
fn a_blob_whose_writer_died_before_the_folder_was_synced_is_settled_by_the_next() {
    let store = Store::new();
    let digest = store.blobs.put(b"settled").unwrap();
    fs::set_permissions(store.path(&digest), fs::Permissions::from_mode(0o644)).unwrap();
    store.blobs.put(b"settled").unwrap();
    assert_eq!(fs::metadata(store.path(&digest)).unwrap().mode() & 0o777, 0o444);
}

#[track_caller]
fn check_damage(damaged: &[u8]) {
    let store = Store::new();
    let digest = store.blobs.put(b"as it was").unwrap();
    store.damage(&digest, damaged);
    let copy = store.home.path().join("copy");
    for error in [store.blobs.get(&digest, 1_000).unwrap_err(), store.blobs.copy_to(&digest, &copy).unwrap_err()] {
        let found = format!("the {} bytes in", damaged.len());
        let BlobError::Corrupt { digest: named, detail } = &error else { panic!("{error:?}") };
        assert_eq!(*named, digest);
        assert!(detail.starts_with(&found) && detail.contains(&Digest::of(damaged).to_string()), "{detail}");
    }
    assert!(!copy.exists(), "a damaged copy stays");
}

#[test]
fn a_damaged_blob_is_told_from_a_good_one() {
    check_damage(b"as it w");
    check_damage(b"");
    check_damage(b"as it wes");
    check_damage(b"as it was, and more");
}

#[test]
fn a_truncated_blob_is_healed_when_it_is_put_again() {
    let store = Store::new();
    let digest = store.blobs.put(b"whole").unwrap();
    store.damage(&digest, b"wh");
    store.blobs.put(b"whole").unwrap();
    assert_eq!(store.blobs.get(&digest, 5).unwrap(), b"whole");
}

#[test]
fn a_blob_of_the_right_length_that_was_found_damaged_is_healed_when_it_is_put_again() {
    let store = Store::new();
    let digest = store.blobs.put(b"whole").unwrap();
    store.damage(&digest, b"whale");
    assert!(store.blobs.contains(&digest), "nobody has looked yet");
    store.blobs.get(&digest, 5).unwrap_err();
    assert!(!store.blobs.contains(&digest));
    store.blobs.put(b"whole").unwrap();
    assert_eq!(store.blobs.get(&digest, 5).unwrap(), b"whole");
    assert!(store.blobs.contains(&digest));
}

#[test]
fn a_missing_blob_is_missing() {
    let store = Store::new();
    let digest = Digest::of(b"never stored");
    assert!(!store.blobs.contains(&digest));
    assert!(matches!(store.blobs.get(&digest, 10), Err(BlobError::Missing(named)) if named == digest));
    let copied = store.blobs.copy_to(&digest, &store.home.path().join("copy"));
    assert!(matches!(copied, Err(BlobError::Missing(_))));
    assert!(!store.home.path().join("copy").exists());
}

#[test]
fn limits_hold_from_both_sides() {
    let store = Store::new();
    for size_bytes in [100, 300 * 1024] {
        let bytes = vec![7; size_bytes];
        let (source, limit) = (store.home.path().join("source"), size_bytes as u64);
        fs::write(&source, &bytes).unwrap();
        let error = store.blobs.put_file(&source, limit - 1).unwrap_err();
        let BlobError::Io { action, source: reason } = error else { panic!("{error:?}") };
        assert_eq!(reason.kind(), std::io::ErrorKind::FileTooLarge);
        assert!(action.contains("source"), "{action}");
        assert!(!store.blobs.contains(&Digest::of(&bytes)));

        let (digest, _) = store.blobs.put_file(&source, limit).unwrap();
        assert!(store.blobs.get(&digest, limit).is_ok());
        let too_large = store.blobs.get(&digest, limit - 1);
        assert!(matches!(too_large, Err(BlobError::TooLarge { size_bytes, .. }) if size_bytes == limit));
    }
}

#[test]
fn a_copy_never_replaces_a_file() {
    let store = Store::new();
    let digest = store.blobs.put(b"new").unwrap();
    let path = store.home.path().join("taken");
    fs::write(&path, "old").unwrap();
    assert!(matches!(store.blobs.copy_to(&digest, &path), Err(BlobError::Io { .. })));
    assert_eq!(fs::read_to_string(path).unwrap(), "old");
}
