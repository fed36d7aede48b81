//! The bytes of trees are those of the Remote Execution API.

use lockgate_ports::Trees as _;
use lockgate_ports::tools::Changes;

use super::{Blobs, Digest, PermissionsExt, TreeRef, Workspaces, World, assert_invalid, fs, symlink};

/// A field of wire type 2 (length-delimited), as the protobuf encoding writes it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut encoded = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
    encoded.extend(bytes);
    encoded
}

/// `Digest { hash = 1, size_bytes = 2 }`; a size of 0 is a default and left out.
fn digest(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = field(1, Digest::of(bytes).hex().as_bytes());
    if !bytes.is_empty() {
        encoded.extend([2 << 3, u8::try_from(bytes.len()).unwrap()]);
    }
    encoded
}

#[test]
fn a_folder_is_a_directory_message_in_canonical_form() {
    let world = World::new();
    world.write("b", "text");
    world.write("a", "#!/bin/sh");
    fs::set_permissions(world.source.join("a"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(world.source.join("empty")).unwrap();
    symlink("b", world.source.join("link")).unwrap();

    let executable = [field(1, b"a"), field(2, &digest(b"#!/bin/sh")), vec![4 << 3, 1]].concat();
    let plain = [field(1, b"b"), field(2, &digest(b"text"))].concat();
    let folder = [field(1, b"empty"), field(2, &digest(b""))].concat();
    let link = [field(1, b"link"), field(2, b"b")].concat();
    let wanted = [field(1, &executable), field(1, &plain), field(2, &folder), field(3, &link)].concat();
    assert_eq!(world.import().root, Digest::of(&wanted));
}

#[test]
fn an_empty_tree_is_the_empty_message() {
    assert_eq!(World::new().import().root, Digest::of(b""));
}

/// A tree with this root, as some other writer may have made it.
fn foreign(world: &World, root: &[u8]) -> TreeRef {
    let [root, times] = [root, b"".as_slice()].map(|bytes| world.blobs.put(bytes).unwrap());
    TreeRef { root, times }
}

#[track_caller]
fn check_refused(root: &[u8], wanted: &str) {
    let world = World::new();
    let tree = foreign(&world, root);
    // A folder that holds another tree is made into this one in another way than one that holds nothing.
    for holds_another in [false, true] {
        if holds_another {
            world.write("file", "text");
            world.snapshot(&world.open(&world.import()));
        }
        let failed = world.folders.open(&super::run(), &super::job(), &tree).unwrap_err().to_string();
        let is_told = failed.contains(&tree.root.to_string()) && failed.contains(wanted);
        assert!(is_told, "`{failed}` does not say `{wanted}`");
    }
    assert!(world.folders.walk(&tree.root, &mut |_, _| true).is_err());
    let folder = world.folders.prepare(&super::run(), &super::job(), &tree).unwrap().folder;
    assert!(folder.change_tree(&Changes::default()).is_err());
}

#[test]
fn messages_that_would_lead_out_of_the_folder_or_are_ambiguous_are_damaged() {
    let named = |name: &str| field(3, &[field(1, name.as_bytes()), field(2, b"target")].concat());
    for name in ["..", ".", "/etc", "a/b", "a\0b"] {
        check_refused(&named(name), "is no name of a file");
    }
    check_refused(&field(3, &field(2, b"target")), "is no name of a file");
    check_refused(&[named("twice"), named("twice")].concat(), "names `twice` twice");
    check_refused(&field(1, &field(1, b"a")), "a node has no digest");
    check_refused(&field(1, &[field(1, b"a"), field(2, &field(1, b"abc"))].concat()), "is not a digest");
}

#[test]
fn a_file_of_another_length_than_the_tree_says_is_damaged() {
    let world = World::new();
    world.blobs.put(b"text").unwrap();
    let longer = [field(1, Digest::of(b"text").hex().as_bytes()), vec![2 << 3, 5]].concat();
    let tree = foreign(&world, &field(1, &[field(1, b"a"), field(2, &longer)].concat()));
    let failed = world.folders.open(&super::run(), &super::job(), &tree).unwrap_err().to_string();
    assert!(failed.contains("the tree gives it 5 bytes, it has 4"), "{failed}");
}

#[test]
fn a_small_tree_that_unfolds_without_end_is_refused() {
    let world = World::new();
    let link = |number: usize| field(3, &[field(1, format!("{number:04}").as_bytes()), field(2, b"t")].concat());
    let inner: Vec<u8> = (0..1_000).flat_map(link).collect();
    let digest = world.blobs.put(&inner).unwrap();
    let named = |number: usize| {
        let digest = field(2, &field(1, digest.hex().as_bytes()));
        field(2, &[field(1, format!("{number:04}").as_bytes()), digest].concat())
    };
    let tree = |folders: usize| foreign(&world, &(0..folders).flat_map(named).collect::<Vec<u8>>());
    assert!(world.folders.files(&tree(499), &[]).is_ok());
    assert_invalid(world.folders.files(&tree(500), &[]), "at most 500000 files and folders");
}
