//! What a hostile step leaves in its workspace does no harm.

use super::{Path, PermissionsExt, Workspaces, World, assert_invalid, fs, listing, symlink};
use crate::disk::wipe::wipe;

#[test]
fn a_link_to_a_file_of_the_system_is_stored_as_a_link() {
    let world = World::new();
    let workspace = world.open(&world.import());
    symlink("/etc/passwd", workspace.path().join("link")).unwrap();
    symlink("/etc", workspace.path().join("folder")).unwrap();
    let tree = world.snapshot(&workspace);
    assert_eq!(world.paths(&tree), Vec::<String>::new());
    let found = listing(world.open(&tree).path());
    assert_eq!((found["link"].as_str(), found["folder"].as_str()), ("-> /etc/passwd", "-> /etc"));
    assert_eq!(found.len(), 2);
}

#[test]
fn a_workspace_that_became_a_link_is_not_followed() {
    let world = World::new();
    let tree = world.import();
    let workspace = world.open(&tree);
    world.write("precious", "text");
    fs::remove_dir(workspace.path()).unwrap();
    symlink(&world.source, workspace.path()).unwrap();
    assert!(world.folders.snapshot(&workspace).is_err());
    assert_eq!(listing(world.open(&tree).path()).len(), 0);
    assert_eq!(listing(&world.source)["precious"], "text");
}

#[test]
fn special_files_are_refused_by_name() {
    let world = World::new();
    let workspace = world.open(&world.import());
    let fifo = workspace.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    assert_invalid(world.folders.snapshot(&workspace), "build/pipe` is a fifo");
}

#[test]
fn blobs_are_not_reachable_from_a_workspace() {
    let world = World::new();
    world.write("file", "text");
    let tree = world.import();
    let workspace = world.open(&tree);
    fs::write(workspace.path().join("file"), "evil").unwrap();
    world.folders.discard(&workspace.run);
    assert_eq!(listing(world.open(&tree).path())["file"], "text");
}

/// A chain of folders; made from within, as its path grows beyond what a path may be.
fn make_deep(folder: &Path, depth: usize) {
    let mut handle = crate::disk::handle::open_folder(rustix::fs::CWD, folder).unwrap();
    for _ in 0..depth {
        rustix::fs::mkdirat(&handle, "d", rustix::fs::Mode::RWXU).unwrap();
        handle = crate::disk::handle::open_folder(&handle, "d").unwrap();
    }
    let flags = rustix::fs::OFlags::CREATE | rustix::fs::OFlags::WRONLY;
    rustix::fs::openat(&handle, "leaf", flags, rustix::fs::Mode::RUSR).unwrap();
}

#[test]
fn depth_is_limited_from_both_sides() {
    let world = World::new();
    make_deep(&world.source, 199);
    let tree = world.import();
    let workspace = world.open(&tree);
    assert_eq!(world.snapshot(&workspace).root, tree.root);

    make_deep(&workspace.path().join("d/d"), 0);
    fs::create_dir(workspace.path().join(["d"; 199].join("/")).join("d")).unwrap();
    assert!(world.folders.snapshot(&workspace).is_ok());
    fs::write(workspace.path().join(["d"; 200].join("/")).join("leaf"), "").unwrap();
    assert_invalid(world.folders.snapshot(&workspace), "in more than 200 folders");
    assert_invalid(world.folders.import(workspace.path()), "in more than 200 folders");
}

#[test]
fn long_names_go_beyond_the_length_of_a_path() {
    let world = World::new();
    let workspace = world.open(&world.import());
    let mut handle = crate::disk::handle::open_folder(rustix::fs::CWD, workspace.path()).unwrap();
    let name = "n".repeat(200);
    for _ in 0..50 {
        rustix::fs::mkdirat(&handle, &name, rustix::fs::Mode::RWXU).unwrap();
        handle = crate::disk::handle::open_folder(&handle, &name).unwrap();
    }
    fs::write(crate::disk::handle::path_within(&handle, "leaf"), "text").unwrap();
    let tree = world.snapshot(&workspace);
    world.folders.discard(&workspace.run);
    assert_eq!(world.snapshot(&world.open(&tree)).root, tree.root);
}

#[test]
fn any_depth_is_wiped() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    make_deep(&folder, 3_000);
    wipe(&folder).unwrap();
    assert!(!folder.exists());
    wipe(&folder).unwrap();
}

#[test]
fn folders_without_permissions_are_wiped() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("folder");
    for name in ["closed", "read-only"] {
        super::write(&folder.join(name).join("file"), "");
    }
    fs::set_permissions(folder.join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(folder.join("read-only"), fs::Permissions::from_mode(0o555)).unwrap();
    wipe(&folder).unwrap();
    assert!(!folder.exists());
}

#[test]
fn wiping_removes_links_and_not_what_they_lead_to() {
    let home = tempfile::tempdir().unwrap();
    super::write(&home.path().join("kept/file"), "");
    let folder = home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    symlink(home.path().join("kept"), folder.join("link")).unwrap();
    symlink(home.path().join("kept"), home.path().join("top")).unwrap();
    wipe(&folder).unwrap();
    wipe(&home.path().join("top")).unwrap();
    assert_eq!(listing(home.path()).into_keys().collect::<Vec<_>>(), ["kept/", "kept/file"]);
}
