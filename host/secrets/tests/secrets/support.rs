//! What several tests need.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use lockgate_ports::secrets::SecretValue;
use lockgate_secrets::{Environment, FileError, Identities, SecretFile};
use tempfile::TempDir;

pub(crate) const TODAY: &str = "2026-11-27";

/// A folder, a key, and a file of secrets for it with `deploy` and `sign`.
pub(crate) struct Room {
    pub(crate) folder: TempDir,
    pub(crate) keys: Identities,
    pub(crate) file: SecretFile,
}

impl Room {
    pub(crate) fn new() -> Self {
        let (folder, keys) = (tempfile::tempdir().unwrap(), Identities::generate());
        let mut file = SecretFile::create(&[keys.recipient()]).unwrap();
        file.set("deploy", &hosts(&["api.example"]), &value("hunter2 for deploy"), "2026-01-01").unwrap();
        file.set("sign", &hosts(&["sign.example:8443"]), &value("hunter2 for sign"), "2026-01-02").unwrap();
        Self { folder, keys, file }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("lockgate.secrets.toml")
    }

    /// The file's text.
    pub(crate) fn text(&self) -> String {
        text(&self.file)
    }

    /// Reads a text as the file.
    pub(crate) fn read(&self, text: &str) -> Result<SecretFile, FileError> {
        std::fs::write(self.path(), text).unwrap();
        SecretFile::read(&self.path())
    }
}

pub(crate) fn text(file: &SecretFile) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    file.write(&path).unwrap();
    std::fs::read_to_string(path).unwrap()
}

/// The line of a file with an entry's ciphertext.
pub(crate) fn sealed<'a>(text: &'a str, name: &str) -> &'a str {
    let table = text.split_once(&format!("[secrets.{name}]")).unwrap().1;
    table.lines().find_map(|line| line.strip_prefix("value = \"")?.strip_suffix('"')).unwrap()
}

pub(crate) fn value(text: &str) -> SecretValue {
    SecretValue::new(text.as_bytes().to_vec())
}

pub(crate) fn hosts(hosts: &[&str]) -> Vec<String> {
    hosts.iter().map(|&host| host.to_owned()).collect()
}

pub(crate) fn environment<const N: usize>(variables: [(&str, OsString); N]) -> Environment {
    let map: BTreeMap<String, OsString> = variables.map(|(name, value)| (name.to_owned(), value)).into();
    Environment::new(move |name| map.get(name).cloned())
}
