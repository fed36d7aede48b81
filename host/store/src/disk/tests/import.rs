//! Folders of a person become trees.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;

use super::{Digest, Path, Workspaces, World, assert_invalid, fs, set_modified, symlink};
use crate::disk::import;
use crate::disk::index::StatIndex;
use crate::disk::tree::Folder;

/// Imports a folder with these files (a path that ends with `/` is a folder) and compares what is in the tree.
#[track_caller]
fn check_imported(files: &[(&str, &str)], wanted: &[&str]) {
    let world = World::new();
    for (path, text) in files {
        match path.strip_suffix('/') {
            Some(folder) => fs::create_dir_all(world.source.join(folder)).unwrap(),
            None => world.write(path, text),
        }
    }
    assert_eq!(world.paths(&world.import()), wanted);
}

#[test]
fn git_ignore_rules_hold_without_a_repository() {
    check_imported(
        &[
            (".gitignore", "*.log\n/target\n!keep.log\n"),
            ("a.log", ""),
            ("keep.log", ""),
            ("src/b.log", ""),
            ("src/target", ""),
            ("target/x", ""),
        ],
        &[".gitignore", "keep.log", "src/target"],
    );
}

#[test]
fn nested_rules_hold_below_their_folder_only() {
    check_imported(
        &[("a/.gitignore", "x\n"), ("a/x", ""), ("a/b/x", ""), ("x", ""), ("b/x", "")],
        &["a/.gitignore", "b/x", "x"],
    );
}

#[test]
fn the_exclude_file_of_a_repository_counts_and_the_repository_stays_out() {
    check_imported(
        &[(".git/info/exclude", "private\n"), (".git/HEAD", "ref: refs/heads/main\n"), ("private", ""), ("public", "")],
        &["public"],
    );
}

#[test]
fn rules_of_other_tools_and_hidden_names_do_not_hide_files() {
    check_imported(
        &[(".ignore", "x\n"), (".rgignore", "x\n"), ("x", ""), (".config/y", "")],
        &[".config/y", ".ignore", ".rgignore", "x"],
    );
}

#[test]
fn state_folders_stay_out_wherever_they_are() {
    check_imported(&[(".lockgate/blobs/x", ""), ("sub/.lockgate/x", ""), (".lockgate.yaml", "")], &[".lockgate.yaml"]);
}

#[test]
fn rules_above_the_folder_count_within_a_repository_only() {
    let world = World::new();
    let [inside, outside] = ["repository/part", "plain/part"].map(|name| world.source.join(name));
    for folder in [&inside, &outside] {
        super::write(&folder.join("made"), "");
        super::write(&folder.parent().unwrap().join(".gitignore"), "made\n");
    }
    fs::create_dir(world.source.join("repository/.git")).unwrap();
    let paths = |folder| world.paths(&world.folders.import(folder).unwrap());
    assert_eq!(paths(&inside), Vec::<String>::new());
    assert_eq!(paths(&outside), ["made"]);
}

#[test]
fn symlinks_are_stored_and_not_followed() {
    let world = World::new();
    world.write("outside/secret", "secret");
    let folder = world.source.join("folder");
    fs::create_dir(&folder).unwrap();
    symlink("../outside", folder.join("link")).unwrap();
    let tree = world.folders.import(&folder).unwrap();
    assert_eq!(world.paths(&tree), Vec::<String>::new());
    assert_eq!(super::listing(world.open(&tree).path())["link"], "-> ../outside");
}

#[test]
fn special_files_are_refused_unless_ignored() {
    let world = World::new();
    let _socket = UnixListener::bind(world.source.join("socket")).unwrap();
    assert_invalid(world.folders.import(&world.source), "socket` is a socket");
    world.write(".gitignore", "socket\n");
    assert_eq!(world.paths(&world.import()), [".gitignore"]);

    let fifo = world.source.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    assert_invalid(world.folders.import(&world.source), "pipe` is a fifo");
}

#[test]
fn names_and_targets_that_are_not_utf_8_are_refused() {
    let odd = OsStr::from_bytes(b"odd\xff");
    let world = World::new();
    fs::write(world.source.join(odd), "").unwrap();
    assert_invalid(world.folders.import(&world.source), "odd");
    let world = World::new();
    symlink(odd, world.source.join("link")).unwrap();
    assert_invalid(world.folders.import(&world.source), "link");
}

#[test]
fn a_folder_that_is_none_is_an_error_with_its_path() {
    let world = World::new();
    world.write("file", "");
    for name in ["absent", "file"] {
        let error = world.folders.import(&world.source.join(name)).unwrap_err();
        assert!(error.to_string().ends_with(name), "{error}");
    }
}

/// Imports with an index that takes every file as settled; tells how many files were read.
fn import_settled(world: &World, known: &StatIndex) -> (Folder, StatIndex, usize) {
    let mut seen = StatIndex::new(i64::MAX);
    let tree = import::import(&world.source, &[], &*world.blobs, known, &mut seen).unwrap();
    (tree, seen, world.blobs.read_since())
}

#[test]
fn only_changed_files_are_read_again() {
    let world = World::new();
    for number in 0..20 {
        world.write(&format!("folder/{number}"), &number.to_string());
    }
    let (tree, known, read) = import_settled(&world, &StatIndex::new(i64::MAX));
    assert_eq!(read, 20);
    let (again, known, read) = import_settled(&world, &known);
    assert_eq!((again, read), (tree.clone(), 0));

    world.write("folder/7", "longer than before");
    let (changed, known, read) = import_settled(&world, &known);
    assert_eq!((changed != tree, read), (true, 1));

    fs::remove_file(world.blob_path(&Digest::of(b"8"))).unwrap();
    let (again, _, read) = import_settled(&world, &known);
    assert_eq!((again, read), (changed, 1), "a pruned blob is read again");
    assert!(world.blob_path(&Digest::of(b"8")).exists());
}

#[test]
fn the_index_of_an_import_is_kept_for_the_next() {
    let world = World::new();
    // Files that are older than any test.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/disk");
    let tree = world.folders.import(&folder).unwrap();
    assert_ne!(world.blobs.read_since(), 0);
    assert_eq!(world.folders.import(&folder).unwrap(), tree);
    assert_eq!(world.blobs.read_since(), 0);
}

#[test]
fn equal_trees_have_equal_roots_at_any_time() {
    let world = World::new();
    world.write("a/file", "same");
    set_modified(&world.source.join("a/file"), 1_000_000_000_000_000_001);
    let early = world.import();
    set_modified(&world.source.join("a/file"), 1_000_000_000_000_000_002);
    let late = world.import();
    assert_eq!(early.root, late.root);
    assert_ne!(early.times, late.times);
}

#[test]
fn indexes_of_old_imports_are_dropped() {
    let world = World::new();
    for number in 0..40 {
        world.write(&format!("{number}/file"), "");
        world.folders.import(&world.source.join(number.to_string())).unwrap();
    }
    assert_eq!(fs::read_dir(world.state.join("import")).unwrap().count(), 32);
}
