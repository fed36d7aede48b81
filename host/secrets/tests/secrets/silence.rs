//! Nothing that is shown holds a value: every error and every `Debug`, with a value that is known.

use std::borrow::Cow;
use std::error::Error;
use std::ffi::OsString;
use std::fmt::Debug;

use lockgate_ports::secrets::{Mask, SecretValue, Secrets as _};
use lockgate_secrets::limits::VALUE_BYTES_MAX;
use lockgate_secrets::{Identities, IdentitySource, SecretText, SecretsConfig, Stores};

use crate::support::{Room, TODAY, environment, hosts, value};

const VALUE: &str = "Hunter2-is-no-good-value";

/// Finds the value in every form that masking knows.
fn check(text: &str) {
    let mask = Mask::default();
    mask.add("known", &value(VALUE));
    assert!(matches!(mask.text(text), Cow::Borrowed(_)), "shown: {text}");
}

fn check_debug(shown: &impl Debug) {
    check(&format!("{shown:?} {shown:#?}"));
}

fn check_error(error: &(dyn Error + 'static)) {
    check(&format!("{error:?} {error:#?} {error}"));
    if let Some(source) = error.source() {
        check_error(source);
    }
}

#[test]
fn the_check_itself_can_fail() {
    let shown = std::panic::catch_unwind(|| check(&format!("a {VALUE} b")));
    assert!(shown.is_err());
}

#[test]
fn no_debug_shows_a_value_or_a_key() {
    let mut room = Room::new();
    room.file.set("known", &[], &value(VALUE), TODAY).unwrap();
    room.file.write(&room.path()).unwrap();
    check_debug(&room.file);
    check_debug(&room.file.entry("known"));
    check_debug(&room.file.to_plain(&room.keys).unwrap());
    check_debug(&room.file.value("known", &room.keys).unwrap());
    check_debug(&SecretText::new(VALUE.to_owned()));
    let variables = environment([("KNOWN", OsString::from(VALUE))]);
    check_debug(&variables);
    let keys = IdentitySource::Given(room.keys.clone());
    let config: SecretsConfig = toml::from_str("[from.other]\nenv = \"KNOWN\"\nhosts = []").unwrap();
    let stores = Stores::open(config, room.folder.path(), keys, variables);
    check_debug(&stores);
    check_debug(&stores.get("known").unwrap());
    check_debug(&stores.get("other").unwrap());

    let path = room.folder.path().join("identity.txt");
    room.keys.write_new(&path, TODAY).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let shown = format!("{:?} {stores:?}", room.keys);
    assert!(!shown.to_uppercase().contains("AGE-SECRET-KEY"), "{shown}");
    assert!(!shown.contains(text.lines().last().unwrap()), "{shown}");
}

#[test]
fn no_error_of_the_file_shows_a_value() {
    let mut room = Room::new();
    room.file.set("known", &hosts(&["api.example"]), &value(VALUE), TODAY).unwrap();
    let other = Identities::generate();
    check_error(&room.file.value("known", &other).unwrap_err());
    let text = room.text();
    let moved = text.replace("[secrets.known]", "[secrets.moved]");
    check_error(&room.read(&moved).unwrap().value("moved", &room.keys).unwrap_err());
    let bound = text.replace("\"api.example\"", "\"evil.example\"");
    check_error(&room.read(&bound).unwrap().value("known", &room.keys).unwrap_err());
    let large = SecretValue::new(VALUE.repeat(VALUE_BYTES_MAX).into_bytes());
    check_error(&room.file.set("large", &[], &large, TODAY).unwrap_err());
    check_error(&room.file.set("a b", &[], &value(VALUE), TODAY).unwrap_err());
    check_error(&room.file.set("a", &hosts(&["*"]), &value(VALUE), TODAY).unwrap_err());
    // A value that was pasted where a ciphertext belongs.
    for line in [format!("value = \"{VALUE}\""), format!("value = {VALUE}"), format!("{VALUE} = 1")] {
        check_error(&room.read(&format!("{text}\n[secrets.last]\n{line}\n")).unwrap_err());
    }
}

#[test]
fn no_error_of_a_key_shows_it() {
    check_error(&Identities::from_text(VALUE, "the test").unwrap_err());
    check_error(&VALUE.parse::<lockgate_secrets::Recipient>().unwrap_err());
    let room = Room::new();
    let key = environment([("LOCKGATE_AGE_KEY", OsString::from(VALUE))]);
    room.file.write(&room.path()).unwrap();
    let stores = Stores::open(SecretsConfig::default(), room.folder.path(), IdentitySource::Usual, key);
    check_error(&stores.get("deploy").unwrap_err());
}
