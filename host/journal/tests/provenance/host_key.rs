//! The host's key: made once, kept, and refused where it guards nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lockgate_journal::provenance::{HostKey, HostKeyError};
use lockgate_trust::{PublicKey, SigningKey};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_key_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/host.key");
    let made = HostKey::open_or_create(&path).unwrap();
    assert!(made.is_new());
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names(&folder.path().join("keys")), ["host.key", "host.pub"], "nothing else is left behind");
    assert!(fs::read_to_string(&path).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    let public = PublicKey::from_pem("x", &fs::read_to_string(made.public_path()).unwrap()).unwrap();
    assert_eq!(public.id(), made.public().id());
    let again = HostKey::open_or_create(&path).unwrap();
    assert!(!again.is_new());
    assert_eq!(again.public().id(), made.public().id());
}

#[test]
fn hosts_that_begin_at_once_have_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("host.key");
    let keys: Vec<HostKey> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(move || HostKey::open_or_create(path).unwrap())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(keys.iter().filter(|key| key.is_new()).count(), 1);
    assert!(keys.iter().all(|key| key.public().id() == keys[0].public().id()));
    assert_eq!(names(folder.path()), ["host.key", "host.pub"]);
}

#[test]
fn a_public_key_that_is_gone_is_written_again_and_another_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("host.key");
    let public = HostKey::open_or_create(&path).unwrap().public_path().to_owned();
    let text = fs::read_to_string(&public).unwrap();
    fs::remove_file(&public).unwrap();
    HostKey::open_or_create(&path).unwrap();
    assert_eq!(fs::read_to_string(&public).unwrap(), text);
    fs::write(&public, SigningKey::generate().unwrap().public().to_pem()).unwrap();
    let error = HostKey::open_or_create(&path).unwrap_err();
    assert!(matches!(error, HostKeyError::OtherPublic { .. }), "{error}");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("host.key");
    HostKey::open_or_create(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let error = HostKey::open_or_create(&path).unwrap_err();
    assert!(error.to_string().contains("can be read by others (mode 640)"), "{error}");
}

#[test]
fn what_cannot_sign_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("host.key");
    let encrypted = SigningKey::generate().unwrap().to_encrypted_pem(b"word").unwrap();
    for text in ["", "no key", &encrypted, &"x".repeat(1024 * 1024)] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let error = HostKey::open_or_create(&path).unwrap_err();
        assert!(matches!(error, HostKeyError::Key { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &path).unwrap();
    let error = HostKey::open_or_create(&path).unwrap_err();
    assert!(matches!(error, HostKeyError::Read { .. }), "a link to nothing is not followed to make a key: {error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = HostKey::open_or_create(&file.join("host.key")).unwrap_err();
    assert!(matches!(error, HostKeyError::Read { .. } | HostKeyError::Write { .. }), "{error}");
}
