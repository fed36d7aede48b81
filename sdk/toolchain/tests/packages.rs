//! Packages of a newer Debian, fetched for real and started here.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "these are tests")]

use std::path::Path;
use std::process::Command;

use lockgate_guest_toolchain::{ToolchainError, find_program, packages};

const SUITE: &str = "sid";

fn check_runs(suite: &str) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("a folder");
    if !reached(packages::fetch(suite, &["hello"], &folder, &|what| println!("{what}"))) {
        return;
    }
    let mut hello = packages::command(&folder, "usr/bin/hello").unwrap();
    let loader = Path::new(hello.get_program());
    assert!(loader.starts_with(&folder) && !loader.is_symlink(), "{hello:?}");
    assert_eq!(hello.arg("--greeting=it runs").output().unwrap().stdout, b"it runs\n");
    let failure = packages::command(&folder, "usr/bin/no-such").unwrap_err();
    assert!(failure.remedy().unwrap().starts_with("remove "), "{failure}");
}

#[test]
fn a_program_of_any_suite_runs_with_its_own_c_library() {
    // One newer than any system, and one from before `/lib` and `/usr/lib` became the same.
    check_runs(SUITE);
    check_runs("bookworm");
}

#[test]
fn an_unknown_package_is_named_and_leaves_no_folder() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tool");
    if !reached(packages::fetch(SUITE, &["hello"], &home.path().join("hello"), &|_| ())) {
        return;
    }
    let failure = packages::fetch(SUITE, &["lockgate-no-such-package"], &folder, &|_| ()).unwrap_err();
    let reason = std::error::Error::source(&failure).unwrap().to_string();
    assert!(reason.contains("lockgate-no-such-package"), "{failure}: {reason}");
    assert!(!folder.exists());
}

/// Whether the mirror could be reached. Where CI is set, it must be.
fn reached(fetched: Result<(), ToolchainError>) -> bool {
    let Err(failure) = fetched else { return true };
    assert!(std::env::var_os("CI").is_none(), "{failure}: {:?}", std::error::Error::source(&failure));
    println!("skipped: {failure}");
    false
}

#[test]
fn a_program_on_path_is_found() {
    let shell = find_program("sh").unwrap();
    assert!(Command::new(shell).args(["-c", "true"]).status().unwrap().success());
}
