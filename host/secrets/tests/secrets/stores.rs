//! What a host asks: stores in their order, keys where they are looked for, errors that say what to do.

use std::ffi::OsString;

use lockgate_ports::secrets::{Secret, SecretError, Secrets as _};
use lockgate_secrets::{Environment, IdentitySource, SecretsConfig, Stores, default_identity_path};

use crate::support::{Room, TODAY, environment};

fn config(text: &str) -> SecretsConfig {
    toml::from_str(text).unwrap()
}

fn stores(room: &Room, config: &str, environment: Environment) -> Stores {
    let keys = IdentitySource::Given(room.keys.clone());
    Stores::open(self::config(config), room.folder.path(), keys, environment)
}

fn unavailable(found: Result<Secret, SecretError>) -> String {
    match found {
        Err(SecretError::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn unknown(found: Result<Secret, SecretError>) -> String {
    match found {
        Err(SecretError::Unknown(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_configured_comes_before_the_file() {
    let room = Room::new();
    room.file.write(&room.path()).unwrap();
    let environment = environment([("DEPLOY_TOKEN", OsString::from("from the environment"))]);
    let text = "[from.deploy]\nenv = \"DEPLOY_TOKEN\"\nhosts = [\"env.example\"]";
    let stores = stores(&room, text, environment);
    let (deploy, sign) = (stores.get("deploy").unwrap(), stores.get("sign").unwrap());
    assert_eq!(
        (deploy.value.expose(), deploy.hosts),
        (b"from the environment".as_slice(), vec!["env.example".to_owned()])
    );
    assert_eq!(sign.value.expose(), b"hunter2 for sign");
    assert!(sign.is_bound_to("sign.example", 8443));
}

#[test]
fn nothing_is_read_before_it_is_asked_for() {
    let room = Room::new();
    std::fs::write(room.path(), "this is no file of secrets").unwrap();
    let environment = Environment::new(|name| {
        assert_eq!(name, "A", "nothing else was asked for");
        Some(OsString::from("hunter2"))
    });
    let text = "vault.address = \"https://vault.example\"\n[from.a]\nenv = \"A\"\nhosts = []";
    let stores = Stores::open(config(text), room.folder.path(), IdentitySource::Usual, environment);
    assert_eq!(stores.get("a").unwrap().value.expose(), b"hunter2");
}

#[test]
fn the_file_may_stand_elsewhere() {
    let room = Room::new();
    std::fs::create_dir(room.folder.path().join("folder")).unwrap();
    room.file.write(&room.folder.path().join("folder/other.toml")).unwrap();
    let stores = stores(&room, "file = \"folder/other.toml\"", environment([]));
    assert_eq!(stores.get("deploy").unwrap().value.expose(), b"hunter2 for deploy");
}

#[test]
fn a_name_that_nobody_has_says_where_it_was_looked_for() {
    let room = Room::new();
    let stores = stores(&room, "", environment([]));
    let none = unknown(stores.get("other"));
    assert!(none.contains("[secrets.from.other]") && none.contains("lockgate secrets init"), "{none}");
    room.file.write(&room.path()).unwrap();
    let missing = unknown(stores.get("other"));
    assert!(missing.contains(&room.path().display().to_string()), "{missing}");
    assert!(missing.contains("lockgate secrets set other"), "{missing}");
    assert!(unknown(stores.get("../other")).contains("cannot name a secret"));
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let room = Room::new();
    let text = "[from.a]\nenv = \"A\"\nhosts = []";
    for environment in [environment([]), environment([("A", OsString::new())])] {
        let error = unavailable(stores(&room, text, environment).get("a"));
        assert!(error.contains("environment variable A"), "{error}");
    }
}

#[test]
fn a_vault_that_is_not_there_is_unavailable() {
    let room = Room::new();
    let text = "[from.a]\nvault = \"secret/ci\"\nfield = \"token\"\nhosts = []";
    let error = unavailable(stores(&room, text, environment([])).get("a"));
    assert!(error.contains("VAULT_ADDR") && error.contains("secret/ci"), "{error}");
}

#[test]
fn keys_are_looked_for_in_their_order() {
    let room = Room::new();
    room.file.write(&room.path()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let set = |name: &'static str| (name, OsString::from(home.path()));
    let get = |environment: Environment| {
        let stores = Stores::open(SecretsConfig::default(), room.folder.path(), IdentitySource::Usual, environment);
        stores.get("deploy").map(|secret| secret.value.expose().to_vec())
    };
    let Err(SecretError::Unavailable(nowhere)) = get(environment([set("XDG_CONFIG_HOME")])) else { panic!("found") };
    for place in ["LOCKGATE_AGE_IDENTITY", "LOCKGATE_AGE_KEY", "lockgate/identity.txt", "lockgate secrets init"] {
        assert!(nowhere.contains(place), "{nowhere}");
    }
    let user = default_identity_path(&environment([set("XDG_CONFIG_HOME")])).unwrap();
    std::fs::create_dir_all(user.parent().unwrap()).unwrap();
    room.keys.write_new(&user, TODAY).unwrap();
    assert_eq!(get(environment([set("XDG_CONFIG_HOME")])).unwrap(), b"hunter2 for deploy");

    let text = std::fs::read_to_string(&user).unwrap();
    let key = OsString::from(text.lines().last().unwrap());
    assert_eq!(get(environment([("LOCKGATE_AGE_KEY", key.clone())])).unwrap(), b"hunter2 for deploy");
    // What is named is meant: there is no second place to fall back to.
    let missing = OsString::from(home.path().join("missing"));
    let Err(SecretError::Unavailable(error)) =
        get(environment([("LOCKGATE_AGE_IDENTITY", missing), ("LOCKGATE_AGE_KEY", key)]))
    else {
        panic!("found")
    };
    assert!(error.contains("no such file"), "{error}");
}

#[test]
fn without_xdg_the_home_has_the_key() {
    let path = default_identity_path(&environment([("HOME", OsString::from("/people/a"))])).unwrap();
    assert_eq!(path, std::path::Path::new("/people/a/.config/lockgate/identity.txt"));
    assert!(default_identity_path(&environment([])).is_none());
}
