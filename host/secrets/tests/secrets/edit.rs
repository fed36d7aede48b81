//! The whole file in plain, and back: what was not changed keeps its ciphertext.

use lockgate_secrets::{Changes, FileFault, Identities, SecretText};

use crate::support::{Room, TODAY, sealed, text};

fn edited(room: &Room, change: impl Fn(&str) -> String) -> (lockgate_secrets::SecretFile, Changes) {
    let plain = room.file.to_plain(&room.keys).unwrap();
    let file = room.file.from_plain(&SecretText::new(change(plain.expose())), &room.keys, TODAY).unwrap();
    let changes = file.changes_since(&room.file);
    (file, changes)
}

#[test]
fn an_edit_that_changes_nothing_changes_no_byte() {
    let room = Room::new();
    let (file, changes) = edited(&room, |text| format!("# a comment\n{text}\n"));
    assert_eq!(text(&file), room.text());
    assert!(changes.is_empty());
}

#[test]
fn only_what_was_changed_is_encrypted_anew() {
    let room = Room::new();
    let (file, changes) = edited(&room, |text| {
        text.replace("hunter2 for deploy", "hunter3") + "[secrets.new]\nhosts = [\"new.example\"]\nbase64 = \"AP8=\"\n"
    });
    let (before, after) = (room.text(), text(&file));
    assert_eq!(sealed(&before, "sign"), sealed(&after, "sign"));
    assert_ne!(sealed(&before, "deploy"), sealed(&after, "deploy"));
    assert_eq!(file.value("deploy", &room.keys).unwrap().expose(), b"hunter3");
    assert_eq!(file.value("new", &room.keys).unwrap().expose(), [0, 255]);
    assert_eq!(file.entry("deploy").unwrap().updated(), TODAY);
    assert_eq!(file.entry("sign").unwrap().updated(), "2026-01-02");
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(changes, Changes { added: names(&["new"]), changed: names(&["deploy"]), removed: Vec::new() });
}

#[test]
fn other_hosts_are_another_entry_and_a_missing_table_is_none() {
    let room = Room::new();
    let (file, changes) = edited(&room, |text| {
        let (text, _) = text.split_once("\n[secrets.sign]").unwrap();
        text.replace("api.example", "new.example")
    });
    assert_eq!(changes.changed, ["deploy"]);
    assert_eq!(changes.removed, ["sign"]);
    assert_eq!(file.entry("deploy").unwrap().hosts(), ["new.example"]);
    file.verify(&room.keys).unwrap();
}

#[test]
fn mistakes_are_named_by_place_and_never_by_value() {
    let room = Room::new();
    for (text, place) in [
        ("[secrets.a]\nhosts = []\nvalue = hunter2", "line 3, column 9"),
        ("[secrets.a]\nhosts = []\nvalue = \"hunter2", "line 3, column 17"),
        ("[secrets.a]\nhosts = []\nvalue = \"hunter2\\q\"", "line 3, column 18"),
        ("[secrets.a]\nhosts = []\nvalue = '''hunter2\n", "line 4, column 1"),
        ("[secrets.a]\nhosts = \"hunter2\"\nvalue = \"x\"", "line 2, column 9"),
        ("[secrets.a]\nhosts = []\nvalue = [\"hunter2\"]", "line 3, column 9"),
        ("[secrets.a]\nhosts = []\nbase64 = \"hunter2\"", "line 3, column 10"),
        ("[secrets.a]\nhosts = []\nvalue = \"x\"\nhunter2 = 1", "line 4, column 1"),
        ("[secrets.a]\nhosts = []\nvalue = \"x\"\nvalue = \"hunter2\"", "line 4, column 1"),
        ("[secrets.a]\nhosts = []\nvalue = \"x\"\nbase64 = \"hunter2\"", "line 1, column 10"),
        ("[secrets.a]\nhosts = []\nvalue = \"\"", "line 1, column 10"),
        ("[secrets.a]\nvalue = \"hunter2\"", "line 1, column 10"),
        ("hunter2 = 1", "line 1, column 1"),
    ] {
        let error = room.file.from_plain(&SecretText::new(text.to_owned()), &room.keys, TODAY).unwrap_err();
        let words = format!("{error} {error:?}");
        assert!(error.to_string().contains(&format!("the edited text, {place}: ")), "{text}: {error}");
        assert!(!words.contains("hunter2"), "{words}");
    }
}

#[test]
fn without_the_key_nothing_is_edited() {
    let (room, other) = (Room::new(), Identities::generate());
    assert!(matches!(room.file.to_plain(&other).unwrap_err().fault, FileFault::OtherKeys { .. }));
    let text = SecretText::new(String::new());
    assert!(matches!(room.file.from_plain(&text, &other, TODAY).unwrap_err().fault, FileFault::OtherKeys { .. }));
}
