use std::path::Path;

use lockgate_model::call::Kind;
use lockgate_model::catalog::{Ask, PluginPin};
use lockgate_model::ids::{Digest, PluginAlias};
use lockgate_registry::lock::{LOCK_BYTES_MAX, LOCK_FILE_NAME, LockError};
use lockgate_registry::{LockEntry, LockFile};

use crate::support::reference;

fn alias(text: &str) -> PluginAlias {
    text.parse().unwrap()
}

fn entry(name: &str, kind: Kind, asks: Vec<Ask>) -> LockEntry {
    let reference = format!("registry.example/lockgate/{name}:0.1");
    let pin = PluginPin { reference, digest: Digest::of(name.as_bytes()), kind, contract: "0.1.0".to_owned() };
    LockEntry { pin, manifest: Digest::of(format!("manifest of {name}").as_bytes()), asks }
}

fn sample() -> LockFile {
    let cargo = Ask {
        kind: "exec".to_owned(),
        pattern: "cargo".to_owned(),
        reason: "to build \"it\"".to_owned(),
        optional: false,
    };
    let plugins = [
        (alias("junit"), entry("junit", Kind::TestReporter, Vec::new())),
        (alias("cargo"), entry("cargo", Kind::BuildStep, vec![cargo])),
    ];
    LockFile { plugins: plugins.into_iter().collect() }
}

fn check_refused(text: &str, message: &str) {
    let error = LockFile::parse(text, Path::new("x/lockgate.lock")).expect_err(text).to_string();
    assert!(error.contains(message), "{error}\n{text}");
}

#[test]
fn a_lock_file_is_read_as_it_is_written() {
    let text = sample().to_text().unwrap();
    assert_eq!(LockFile::parse(&text, Path::new(LOCK_FILE_NAME)).unwrap(), sample());
    let empty = LockFile::default();
    assert_eq!(LockFile::parse(&empty.to_text().unwrap(), Path::new(LOCK_FILE_NAME)).unwrap(), empty);
}

/// The text is a format that other versions read: a change here is a new version.
#[test]
fn version_1_looks_like_this() {
    let plugins = sample().plugins;
    let [cargo, junit] = ["cargo", "junit"].map(|name| &plugins[&alias(name)]);
    let expected = format!(
        r#"# The plugins of this pipeline, pinned by digest, with what they may ask for.
# Written by Lockgate: commit it, and change it by locking again rather than by hand.
version = 1

[[plugin]]
alias = "cargo"
reference = "registry.example/lockgate/cargo:0.1"
manifest = "{}"
component = "{}"
kind = "build-step"
contract = "0.1.0"

[[plugin.ask]]
kind = "exec"
pattern = "cargo"
reason = 'to build "it"'
optional = false

[[plugin]]
alias = "junit"
reference = "registry.example/lockgate/junit:0.1"
manifest = "{}"
component = "{}"
kind = "test-reporter"
contract = "0.1.0"
"#,
        cargo.manifest, cargo.pin.digest, junit.manifest, junit.pin.digest,
    );
    assert_eq!(sample().to_text().unwrap(), expected);
}

#[test]
fn a_written_file_replaces_the_old_one_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(LOCK_FILE_NAME);
    LockFile::default().write(&path).unwrap();
    sample().write(&path).unwrap();
    assert_eq!(LockFile::read(&path).unwrap(), sample());
    let names: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [LOCK_FILE_NAME], "no temporary file stays");
}

#[test]
fn mistakes_are_reported_with_line_and_column() {
    let text = sample().to_text().unwrap();
    check_refused("version = 1\nplugin = 3\n", "x/lockgate.lock:2:10: ");
    check_refused("version = 1\n[[plugin]\n", "x/lockgate.lock:2:");
    check_refused(&text.replace("build-step", "built-step"), "x/lockgate.lock:10:8: unknown variant `built-step`");
    check_refused(&text.replace("manifest = \"sha256:", "manifest = \"sha512:"), ":8:12: `sha512:");
    check_refused(&text.replace("contract", "contrast"), "unknown field `contrast`");
    check_refused(
        &text.replace("registry.example/", "registry/"),
        "x/lockgate.lock:7:13: `registry/lockgate/cargo:0.1`",
    );
    check_refused(&text.replace("alias = \"junit\"", "alias = \"9\""), "is not a plugin alias");
    check_refused("", "missing field `version`");
    check_refused("version = \"1\"", "x/lockgate.lock:1:11: ");
}

#[test]
fn an_alias_stands_once() {
    let text = sample().to_text().unwrap().replace("alias = \"junit\"", "alias = \"cargo\"");
    check_refused(&text, "x/lockgate.lock:20:9: alias `cargo` stands here a second time");
}

#[test]
fn another_version_is_named_whatever_its_shape() {
    check_refused("version = 2\nplugins = {}\n", "version 2, this lockgate knows version 1; use the newer lockgate");
    check_refused("version = 0\n", "version 0, this lockgate knows version 1; lock the pipeline again");
}

#[test]
fn a_missing_or_giant_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(LOCK_FILE_NAME);
    assert!(matches!(LockFile::read(&path), Err(LockError::Missing { .. })));
    let giant = |bytes: u64| format!("version = 1\n#{}\n", "x".repeat(usize::try_from(bytes).unwrap() - 14));
    std::fs::write(&path, giant(LOCK_BYTES_MAX)).unwrap();
    assert_eq!(LockFile::read(&path).unwrap(), LockFile::default());
    std::fs::write(&path, giant(LOCK_BYTES_MAX + 1)).unwrap();
    assert!(matches!(LockFile::read(&path), Err(LockError::TooLarge { .. })));
    std::fs::write(&path, b"version = 1\n# \xff").unwrap();
    assert!(matches!(LockFile::read(&path), Err(LockError::Io { .. })));
}

#[test]
fn an_entry_is_given_for_the_reference_that_was_locked() {
    let lock = sample();
    let named = reference("registry.example/lockgate/cargo:0.1");
    assert_eq!(lock.entry(&alias("cargo"), &named).unwrap(), &lock.plugins[&alias("cargo")]);
    let error = lock.entry(&alias("cargo"), &reference("registry.example/lockgate/cargo:0.2")).unwrap_err();
    assert!(matches!(error, LockError::Stale { .. }) && error.to_string().contains("lockgate lock"), "{error}");
    assert!(matches!(lock.entry(&alias("gate"), &named), Err(LockError::NotLocked { .. })));
}
