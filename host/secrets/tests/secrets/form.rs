//! The form of the file: what is not as it should be is refused, with its place.

use lockgate_secrets::limits::{FILE_BYTES_MAX, RECIPIENTS_MAX, SEALED_BYTES_MAX, SECRETS_MAX};
use lockgate_secrets::{DiskFault, FileFault, Identities, Malformed, Recipient, Refusal, SecretFile};

use crate::support::Room;

fn check(text: &str, line: usize, column: usize, reason: &str) {
    let room = Room::new();
    let error = room.read(text).unwrap_err();
    let FileFault::Malformed(Malformed { line: at, column: across, reason: said }) = &error.fault else {
        panic!("{error:?}")
    };
    assert_eq!((*at, *across), (line, column), "{error}");
    assert!(said.contains(reason), "{error}");
    assert!(error.to_string().starts_with(&room.path().display().to_string()), "{error}");
}

fn head() -> String {
    format!("version = 1\nrecipients = [\"{}\"]\n", Identities::generate().recipient())
}

#[test]
fn the_text_is_as_documented() {
    let room = Room::new();
    let lines: Vec<String> = room.text().lines().map(str::to_owned).collect();
    let expected = format!(
        "# Values are encrypted with age; names and hosts are readable. Change it with `lockgate secrets`.
version = 1
recipients = [
    \"{}\",
]

[secrets.deploy]
hosts = [\"api.example\"]
updated = \"2026-01-01\"
value = \"YWdl",
        room.keys.recipient()
    );
    assert!(lines.join("\n").starts_with(&expected), "{}", room.text());
}

#[test]
fn mistakes_are_named_with_their_place() {
    let head = head();
    check("", 1, 1, "has no `version`");
    check("version = \"1\"", 1, 11, "`version` is a whole number");
    check("version = 2\nrecipients = []", 1, 11, "only version 1 is known");
    check("version = 1\nrecipients = []", 1, 1, "no recipient");
    check("version = 1\nrecipients = [\"age1nothing\"]", 2, 15, "this is no recipient");
    check("version = 1\nrecipients = [\"AGE-SECRET-KEY-1QQ\"]", 2, 15, "private key");
    check(&format!("{head}more = 1"), 3, 1, "not known; there are version, recipients, rotated, secrets");
    check(&format!("{head}rotated = \"x\""), 3, 11, "is no date");
    check(&format!("{head}secrets = 1"), 3, 11, "`secrets` is a table");
    check(&format!("{head}secrets.a = 1"), 3, 13, "`a` is a table");
    check(&format!("{head}[secrets.\"a b\"]\n"), 3, 10, "cannot name a secret");
    let entry = format!("{head}[secrets.a]\n");
    check(&entry, 3, 10, "a has no `value`");
    check(&format!("{entry}value = 5"), 4, 9, "`value` is a text");
    check(&format!("{entry}value = \"hunter2!\""), 4, 9, "no base64");
    check(&format!("{entry}value = \"YQ==\"\nhosts = [\"ä\", 1]"), 5, 15, "a list of texts");
    check(&format!("{entry}value = \"YQ==\"\nhosts = [\"a b\"]"), 5, 10, "cannot be bound to");
    check(&format!("{entry}value = \"YQ==\"\nhosts = []\nupdated = \"x\""), 6, 11, "is no date");
    check(&format!("{entry}plain = \"x\""), 4, 1, "not known; there are hosts, updated, value");
    check("version = 1\nversion = 1", 2, 1, "duplicate key");
    check("version = ", 1, 11, "this is no TOML");
}

#[test]
fn limits_are_limits_when_reading_too() {
    let head = head();
    let long = "A".repeat((SEALED_BYTES_MAX / 3 + 2) * 4);
    check(&format!("{head}[secrets.a]\nvalue = \"{long}\""), 4, 9, "at most 131072 bytes");
    let many: String = (0..=SECRETS_MAX).map(|n| format!("[secrets.s{n}]\n")).collect();
    check(&format!("{head}{many}"), 1, 1, "at most 500 secrets");
    let keys: Vec<String> =
        (0..=RECIPIENTS_MAX).map(|_| format!("\"{}\"", Identities::generate().recipient())).collect();
    check(&format!("version = 1\nrecipients = [{}]", keys.join(",")), 1, 1, "more than 64 recipients");
    check(&format!("version = 1\nrecipients = [{0},{0}]", keys[0]), 1, 1, "stands there twice");
    let deep = format!("version = {}", "[".repeat(10_000));
    let room = Room::new();
    assert!(matches!(room.read(&deep).unwrap_err().fault, FileFault::Malformed(_)));
    let comment = "#".repeat(FILE_BYTES_MAX + 1);
    assert!(matches!(room.read(&comment).unwrap_err().fault, FileFault::Disk(DiskFault::TooLarge { .. })));
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let room = Room::new();
    let missing = SecretFile::read(&room.path()).unwrap_err();
    assert!(matches!(missing.fault, FileFault::Disk(DiskFault::NotFound)));
    let folder = SecretFile::read(room.folder.path()).unwrap_err();
    assert!(matches!(folder.fault, FileFault::Disk(DiskFault::NotRegular)));
    std::fs::write(room.path(), b"version = 1\n\xff").unwrap();
    let binary = SecretFile::read(&room.path()).unwrap_err();
    assert!(matches!(&binary.fault, FileFault::Malformed(at) if at.line == 2), "{binary}");
}

#[test]
fn recipients_are_checked_when_they_are_given() {
    assert!(matches!("age1".parse::<Recipient>(), Err(Refusal::Recipient)));
    assert!(matches!("age-secret-key-1abc".parse::<Recipient>(), Err(Refusal::PrivateKey)));
    let none = SecretFile::create(&[]).unwrap_err();
    assert!(matches!(none.fault, FileFault::Refused(Refusal::NoRecipient)));
    let one = Identities::generate().recipient();
    let twice = SecretFile::create(&[one.clone(), one]).unwrap_err();
    assert!(matches!(twice.fault, FileFault::Refused(Refusal::SameRecipient(_))));
}
