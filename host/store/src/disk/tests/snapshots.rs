//! Snapshots see every change and read only what changed.

use super::{PermissionsExt, TreeRef, Workspace, World, fs, set_modified, settle, symlink, write};

/// A workspace with a few files that are all settled.
fn settled() -> (World, Workspace, TreeRef) {
    let world = World::new();
    for number in 0..10 {
        world.write(&format!("folder/{number}"), "text");
    }
    let workspace = world.open(&world.import());
    for number in 0..10 {
        settle(&workspace.path().join(format!("folder/{number}")));
    }
    let tree = world.snapshot(&workspace);
    world.blobs.read_since();
    (world, workspace, tree)
}

/// Makes one change in a settled workspace; tells whether the tree is another one, and how many files were read.
fn change(make: impl FnOnce(&std::path::Path)) -> (bool, usize) {
    let (world, workspace, tree) = settled();
    world.open(&tree);
    make(workspace.path());
    let changed = world.snapshot(&workspace).root != tree.root;
    let read = world.blobs.read_since();
    // The same workspace without any index tells the truth.
    let fresh = World::new();
    let truth = lockgate_ports::Workspaces::import(&*fresh.folders, workspace.path()).unwrap();
    assert_eq!(world.snapshot(&workspace).root, truth.root);
    (changed, read)
}

#[test]
fn an_unchanged_workspace_is_not_read_again() {
    assert_eq!(change(|_| {}), (false, 0));
}

#[test]
fn only_changed_files_are_read() {
    assert_eq!(change(|folder| write(&folder.join("folder/3"), "longer text")), (true, 1));
    assert_eq!(change(|folder| write(&folder.join("folder/3"), "TEXT")), (true, 1));
    assert_eq!(change(|folder| write(&folder.join("new/file"), "text")), (true, 1));
    assert_eq!(change(|folder| fs::remove_file(folder.join("folder/3")).unwrap()), (true, 0));
    assert_eq!(change(|folder| fs::create_dir(folder.join("folder/new")).unwrap()), (true, 0));
    assert_eq!(change(|folder| symlink("3", folder.join("folder/link")).unwrap()), (true, 0));
    assert_eq!(change(|folder| fs::rename(folder.join("folder/3"), folder.join("folder/x")).unwrap()), (true, 1));
}

#[test]
fn a_bit_that_makes_executable_is_a_change() {
    let executable = |folder: &std::path::Path| {
        fs::set_permissions(folder.join("folder/3"), fs::Permissions::from_mode(0o755)).unwrap();
    };
    assert!(change(executable).0);
}

#[test]
fn a_change_of_equal_length_with_its_time_set_back_is_seen() {
    let sly = |folder: &std::path::Path| {
        let path = folder.join("folder/3");
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        fs::write(&path, "TEXT").unwrap();
        fs::File::open(&path).unwrap().set_modified(before).unwrap();
    };
    assert_eq!(change(sly), (true, 1));
}

#[test]
fn a_change_in_the_same_tick_of_the_clock_is_seen() {
    let world = World::new();
    world.write("file", "0000");
    let mut tree = world.import();
    let at_ns = 1_700_000_000_000_000_000;
    for number in 1..200 {
        let workspace = world.open(&tree);
        write(&workspace.path().join("file"), &format!("{number:04}"));
        set_modified(&workspace.path().join("file"), at_ns);
        let after = world.snapshot(&workspace);
        assert_ne!(after.root, tree.root, "change {number} was not seen");
        tree = after;
    }
}

#[test]
fn a_time_alone_changes_the_times_and_not_the_root() {
    let (world, workspace, tree) = settled();
    world.open(&tree);
    set_modified(&workspace.path().join("folder/3"), 1);
    let after = world.snapshot(&workspace);
    assert_eq!(after.root, tree.root);
    assert_ne!(after.times, tree.times);
}
