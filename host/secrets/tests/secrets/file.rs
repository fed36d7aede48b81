//! Values go in and come out again: by each key alone, after rotation, whatever their bytes.

use std::os::unix::fs::PermissionsExt as _;

use lockgate_ports::secrets::SecretValue;
use lockgate_secrets::limits::{SECRETS_MAX, VALUE_BYTES_MAX};
use lockgate_secrets::{DiskFault, FileFault, Identities, IdentityError, Refusal, SecretFile};
use proptest::prelude::*;

use crate::support::{Room, TODAY, hosts, sealed, text, value};

#[test]
fn each_identity_alone_opens_every_value() {
    let keys = [(); 3].map(|()| Identities::generate());
    let recipients: Vec<_> = keys.iter().map(Identities::recipient).collect();
    let room = Room::new();
    let mut file = SecretFile::create(&recipients).unwrap();
    file.set("a.b", &hosts(&["api.example", "[::1]:8443"]), &value("hunter2"), TODAY).unwrap();
    file.set("c", &[], &SecretValue::new(vec![0, 255, 10]), TODAY).unwrap();
    file.write(&room.path()).unwrap();
    for key in &keys {
        let file = SecretFile::read(&room.path()).unwrap();
        assert_eq!(file.value("a.b", key).unwrap().expose(), b"hunter2");
        assert_eq!(file.value("c", key).unwrap().expose(), [0, 255, 10]);
        file.verify(key).unwrap();
    }
    let file = SecretFile::read(&room.path()).unwrap();
    assert_eq!(file.names().collect::<Vec<_>>(), ["a.b", "c"]);
    assert_eq!(file.recipients(), recipients);
    let entry = file.entry("a.b").unwrap();
    assert_eq!((entry.hosts(), entry.updated()), (hosts(&["api.example", "[::1]:8443"]).as_slice(), TODAY));
}

#[test]
fn another_identity_opens_nothing_and_is_told_why() {
    let (room, other) = (Room::new(), Identities::generate());
    let error = room.file.value("deploy", &other).unwrap_err();
    assert!(matches!(error.fault, FileFault::OtherKeys { .. }), "{error}");
    assert!(error.to_string().contains(&other.recipient().to_string()), "{error}");
    assert!(error.to_string().contains("lockgate secrets rotate --add"), "{error}");
}

#[test]
fn a_name_that_is_not_there_says_how_to_add_it() {
    let mut room = Room::new();
    let error = room.file.value("other", &room.keys).unwrap_err().to_string();
    assert!(error.contains("lockgate secrets set other"), "{error}");
    assert!(matches!(room.file.remove("other").unwrap_err().fault, FileFault::Unknown(_)));
}

#[test]
fn setting_and_removing_leave_the_others_byte_for_byte() {
    let mut room = Room::new();
    let before = room.text();
    room.file.set("deploy", &hosts(&["api.example"]), &value("hunter2 for deploy"), TODAY).unwrap();
    room.file.set("new", &[], &value("x"), TODAY).unwrap();
    let after = room.text();
    assert_eq!(sealed(&before, "sign"), sealed(&after, "sign"));
    // The same value again is encrypted anew: whether it is the same cannot be known without a key.
    assert_ne!(sealed(&before, "deploy"), sealed(&after, "deploy"));
    room.file.remove("deploy").unwrap();
    room.file.remove("new").unwrap();
    assert_eq!(sealed(&room.text(), "sign"), sealed(&before, "sign"));
    assert_eq!(room.file.names().collect::<Vec<_>>(), ["sign"]);
}

#[test]
fn after_rotation_a_removed_key_opens_nothing_of_the_new_file() {
    let mut room = Room::new();
    let new = Identities::generate();
    room.file.rotate(&[new.recipient()], &room.keys, TODAY).unwrap();
    let file = room.read(&room.text()).unwrap();
    assert_eq!(file.value("deploy", &new).unwrap().expose(), b"hunter2 for deploy");
    for name in ["deploy", "sign"] {
        assert!(matches!(file.value(name, &room.keys).unwrap_err().fault, FileFault::OtherKeys { .. }));
    }
    // The removed key may know these values: their days say that they are older than the rotation.
    assert_eq!((file.rotated(), file.entry("deploy").unwrap().updated()), (Some(TODAY), "2026-01-01"));
}

#[test]
fn a_rotation_that_cannot_open_one_value_changes_nothing() {
    let mut room = Room::new();
    let before = room.text();
    let broken = before.replace(sealed(&before, "sign"), "YWdl");
    room.file = room.read(&broken).unwrap();
    let error = room.file.rotate(&[Identities::generate().recipient()], &room.keys, TODAY).unwrap_err();
    assert!(matches!(error.fault, FileFault::Damaged(name) if name == "sign"));
    assert_eq!(room.text(), broken);
}

#[test]
fn a_file_is_private_and_written_whole_or_not_at_all() {
    let room = Room::new();
    std::fs::write(room.path(), "before").unwrap();
    room.file.write(&room.path()).unwrap();
    assert_eq!(std::fs::metadata(room.path()).unwrap().permissions().mode() & 0o777, 0o600);
    // A folder cannot be replaced by a file: the write fails at its very last step.
    let folder = room.folder.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let error = room.file.write(&folder).unwrap_err();
    assert!(matches!(error.fault, FileFault::Disk(DiskFault::Io { action: "replace", .. })), "{error:?}");
    let left: Vec<_> = std::fs::read_dir(room.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn what_cannot_be_kept_is_refused_and_changes_nothing() {
    let mut room = Room::new();
    let before = room.text();
    let mut check = |name: &str, host: &str, value: &[u8], today: &str, expected: &str| {
        let result = room.file.set(name, &hosts(&[host]), &SecretValue::new(value.to_vec()), today);
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("a b", "api.example", b"x", TODAY, "cannot name a secret");
    check("a", "*.example", b"x", TODAY, "there are no patterns");
    check("a", "api.example", b"", TODAY, "the value is empty");
    check("a", "api.example", &vec![0; VALUE_BYTES_MAX + 1], TODAY, "at most 65536");
    check("a", "api.example", b"x", "yesterday", "no date");
    assert_eq!(room.text(), before);
    room.file.set("a", &[], &SecretValue::new(vec![0; VALUE_BYTES_MAX]), TODAY).unwrap();
}

#[test]
fn a_file_keeps_only_so_many_secrets() {
    let mut file = SecretFile::create(&[Identities::generate().recipient()]).unwrap();
    for number in 0..SECRETS_MAX {
        file.set(&format!("s{number}"), &[], &value("x"), TODAY).unwrap();
    }
    let error = file.set("one-more", &[], &value("x"), TODAY).unwrap_err();
    assert!(matches!(error.fault, FileFault::Refused(Refusal::TooManySecrets)));
    file.set("s0", &[], &value("y"), TODAY).unwrap();
    text(&file);
}

#[test]
fn what_is_too_large_to_be_read_again_is_not_written() {
    let mut room = Room::new();
    for number in 0..48 {
        room.file.set(&format!("s{number}"), &[], &SecretValue::new(vec![1; VALUE_BYTES_MAX]), TODAY).unwrap();
    }
    let error = room.file.write(&room.path()).unwrap_err();
    assert!(matches!(error.fault, FileFault::TooLarge(_)), "{error}");
    assert!(!room.path().exists());
}

#[test]
fn an_identity_file_is_private_and_never_overwritten() {
    let room = Room::new();
    let path = room.folder.path().join("identity.txt");
    room.keys.write_new(&path, TODAY).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Identities::read(&path).unwrap().recipient(), room.keys.recipient());
    let again = Identities::generate().write_new(&path, TODAY).unwrap_err();
    assert!(matches!(again, IdentityError::Disk { fault: DiskFault::Exists, .. }));
    assert_eq!(Identities::read(&path).unwrap().recipient(), room.keys.recipient());
}

/// What `is_word` takes.
const NAME: &str = "[a-z_][a-zA-Z0-9._-]{0,30}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 1..2_000), name in NAME) {
        let room = Room::new();
        let mut file = SecretFile::create(&[room.keys.recipient()]).unwrap();
        file.set(&name, &hosts(&["api.example"]), &SecretValue::new(bytes.clone()), TODAY).unwrap();
        file.write(&room.path()).unwrap();
        let again = SecretFile::read(&room.path()).unwrap();
        let opened = again.value(&name, &room.keys).unwrap();
        prop_assert_eq!(opened.expose(), bytes.as_slice());
    }
}
