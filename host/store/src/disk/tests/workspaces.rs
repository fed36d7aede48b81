//! Workspaces hold exactly their tree, and keep it as long as that is certain.

use std::os::unix::fs::MetadataExt;

use super::{
    Blobs, Digest, Path, PermissionsExt, TreeRef, Workspaces, World, fs, job, listing, run, set_modified, symlink,
};

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

#[test]
fn everything_comes_back() {
    let world = World::new();
    world.write("plain", "text");
    world.write("deep/er/script", "#!/bin/sh");
    fs::set_permissions(world.source.join("deep/er/script"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::create_dir_all(world.source.join("empty/inner")).unwrap();
    for (target, link) in [("plain", "to-file"), ("absent", "dangling"), ("/etc/passwd", "absolute"), ("loop", "loop")]
    {
        symlink(target, world.source.join(link)).unwrap();
    }
    let workspace = world.open(&world.import());
    assert_eq!(listing(workspace.path()), listing(&world.source));
    let modes =
        ["plain", "deep/er/script", "empty/inner"].map(|name| workspace.path().join(name).metadata().unwrap().mode());
    assert_eq!(modes.map(|mode| mode & 0o7777), [0o644, 0o755, 0o755]);
}

#[test]
fn times_of_files_and_folders_come_back_to_the_nanosecond() {
    let world = World::new();
    world.write("folder/file", "text");
    let times = [("folder/file", 1_600_000_000_123_456_789), ("folder", 1_500_000_000_000_000_001), ("", 1)];
    for (path, at_ns) in times {
        set_modified(&world.source.join(path), at_ns);
    }
    let tree = world.import();
    let workspace = world.open(&tree);
    for (path, at_ns) in times {
        let found = fs::metadata(workspace.path().join(path)).unwrap();
        assert_eq!(found.mtime() * 1_000_000_000 + found.mtime_nsec(), i64::try_from(at_ns).unwrap(), "{path}");
    }
    assert_eq!(world.snapshot(&workspace), tree);
}

#[test]
fn a_time_before_1970_comes_back() {
    let world = World::new();
    world.write("old", "");
    let before = std::time::UNIX_EPOCH - std::time::Duration::from_nanos(1_500_000_001);
    fs::File::open(world.source.join("old")).unwrap().set_modified(before).unwrap();
    let workspace = world.open(&world.import());
    assert_eq!(fs::metadata(workspace.path().join("old")).unwrap().modified().unwrap(), before);
}

#[test]
fn a_workspace_that_holds_the_tree_is_used_again() {
    let world = World::new();
    world.write("file", "text");
    let tree = world.import();
    let workspace = world.open(&tree);
    let first = inode(&workspace.path().join("file"));
    assert_eq!(world.snapshot(&workspace), tree);
    assert_eq!(inode(&world.open(&tree).path().join("file")), first);
}

#[test]
fn a_workspace_that_may_have_changed_is_made_anew() {
    let world = World::new();
    world.write("file", "text");
    let tree = world.import();
    let workspace = world.open(&tree);
    world.snapshot(&workspace);
    world.open(&tree);
    super::write(&workspace.path().join("file"), "late");
    super::write(&workspace.path().join("more/left"), "behind");
    // No snapshot: the step, or the whole host, was killed.
    assert_eq!(listing(world.open(&tree).path()), listing(&world.source));
}

#[test]
fn a_workspace_goes_back_to_an_earlier_tree() {
    let world = World::new();
    world.write("file", "text");
    let before = world.import();
    let workspace = world.open(&before);
    super::write(&workspace.path().join("made"), "by a step");
    let after = world.snapshot(&workspace);
    assert_eq!(listing(world.open(&before).path()), listing(&world.source));
    assert_eq!(listing(world.open(&after).path())["made"], "by a step");
}

#[test]
fn from_one_tree_to_another_only_what_differs_is_touched() {
    let world = World::new();
    for name in ["kept/file", "changed", "gone/file"] {
        world.write(name, "text");
    }
    let before = world.import();
    let workspace = world.open(&before);
    world.snapshot(&workspace);
    let kept = workspace.path().join("kept/file");
    // Held open, so that no other file can get its number.
    let (_held, before) = (fs::File::open(&kept).unwrap(), inode(&kept));
    world.write("changed", "other text");
    fs::remove_dir_all(world.source.join("gone")).unwrap();
    let workspace = world.open(&world.import());
    assert_eq!(listing(workspace.path()), listing(&world.source));
    assert_eq!(inode(&kept), before);
}

#[test]
fn a_folder_that_is_gone_is_not_what_its_marker_says() {
    let world = World::new();
    for name in ["file", "folder/below"] {
        world.write(name, "text");
    }
    let before = world.import();
    for change in [None, Some("other")] {
        let workspace = world.open(&before);
        world.snapshot(&workspace);
        fs::remove_dir_all(workspace.path()).unwrap();
        if let Some(text) = change {
            world.write("file", text);
        }
        let workspace = world.open(&world.import());
        assert_eq!(listing(workspace.path()), listing(&world.source));
    }
}

#[test]
fn times_beside_a_tree_touch_nothing_outside_of_it() {
    let world = World::new();
    world.write("file", "text");
    symlink(world.source.parent().unwrap(), world.source.join("link")).unwrap();
    let outside = world.source.parent().unwrap().join("outside");
    fs::write(&outside, "").unwrap();
    let written = fs::metadata(&outside).unwrap().modified().unwrap();
    let before = world.import();
    let path = outside.to_str().unwrap();
    let paths = [path, "../../../../outside", "../source/../outside", "link/outside"];
    let times = paths.map(|path| (path.to_owned(), 1)).into();
    let times = world.blobs.put(&crate::disk::times::encode(&times)).unwrap();
    world.snapshot(&world.open(&before));
    world.open(&TreeRef { times, ..before });
    assert_eq!(fs::metadata(&outside).unwrap().modified().unwrap(), written);
}

#[test]
fn a_folder_is_filled_when_somebody_looks_into_it() {
    let world = World::new();
    world.write("file", "text");
    let tree = world.import();
    let workspace = world.folders.prepare(&run(), &job(), &tree).unwrap();
    let held = fs::File::open(workspace.path()).unwrap();
    assert_eq!(listing(workspace.path()), [].into());
    assert_eq!((workspace.folder.tree(), world.snapshot(&workspace)), (Some(tree), tree));
    workspace.folder.fill().unwrap();
    assert_eq!(listing(workspace.path()), listing(&world.source));
    // Who held it open sees the same folder.
    assert_eq!(held.metadata().unwrap().ino(), inode(workspace.path()));
    assert_eq!(workspace.folder.tree(), None);
}

#[test]
fn a_marker_of_another_boot_does_not_count() {
    let world = World::new();
    world.write("file", "text");
    let tree = world.import();
    let workspace = world.open(&tree);
    world.snapshot(&workspace);
    let marker = workspace.path().parent().unwrap().join(".state/build.at");
    let text = fs::read_to_string(&marker).unwrap();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert!(text.contains(boot.trim()), "{text}");
    fs::write(&marker, text.replace(boot.trim(), "another-boot")).unwrap();
    // What a loss of power may have done to a file that was never synced.
    fs::write(workspace.path().join("file"), "").unwrap();
    assert_eq!(listing(world.open(&tree).path())["file"], "text");
}

#[test]
fn a_marker_or_an_index_that_is_damaged_does_no_harm() {
    let world = World::new();
    world.write("file", "text");
    let tree = world.import();
    for name in ["build.at", "build.index"] {
        let workspace = world.open(&tree);
        world.snapshot(&workspace);
        fs::write(workspace.path().parent().unwrap().join(".state").join(name), "\0garbage").unwrap();
        let workspace = world.open(&tree);
        assert_eq!(listing(workspace.path()), listing(&world.source));
        assert_eq!(world.snapshot(&workspace), tree);
    }
}

#[test]
fn a_tree_with_a_missing_blob_gives_an_error_first_and_the_whole_tree_later() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.write(name, name);
    }
    let tree = world.import();
    let (path, aside) = (world.blob_path(&Digest::of(b"b")), world.state.join("aside"));
    fs::rename(&path, &aside).unwrap();
    let failed = world.folders.open(&run(), &job(), &tree).unwrap_err();
    assert!(failed.to_string().contains(&Digest::of(b"b").to_string()), "{failed}");
    fs::rename(&aside, &path).unwrap();
    assert_eq!(listing(world.open(&tree).path()), listing(&world.source));
}

#[test]
fn a_truncated_blob_is_named() {
    let world = World::new();
    world.write("file", "text that will be cut");
    let tree = world.import();
    let path = world.blob_path(&Digest::of(b"text that will be cut"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(4).unwrap();
    let failed = world.folders.open(&run(), &job(), &tree).unwrap_err();
    assert!(failed.to_string().contains("is damaged: the 4 bytes in"), "{failed}");
}

#[test]
fn a_root_that_is_no_directory_message_is_damaged() {
    let world = World::new();
    let [root, times] = [b"\xff\xff".as_slice(), b""].map(|bytes| world.blobs.put(bytes).unwrap());
    let failed = world.folders.open(&run(), &job(), &TreeRef { root, times }).unwrap_err();
    assert!(failed.to_string().contains("is damaged"), "{failed}");
}

#[test]
fn jobs_and_runs_do_not_share_folders() {
    let world = World::new();
    world.write("file", "text");
    let tree = world.import();
    let later = lockgate_model::ids::RunId::new(1_790_000_000_001, 1);
    let jobs = ["build", "build[os=linux]", "build[os=linux_]", "build+os", "../build", "."];
    let mut paths = std::collections::BTreeSet::new();
    for run in [run(), later.clone()] {
        for job in jobs {
            let path = world.folders.open(&run, &job.parse().unwrap(), &tree).unwrap().path().to_owned();
            assert_eq!(path.parent().unwrap(), world.state.canonicalize().unwrap().join("work").join(run.as_str()));
            assert!(paths.insert(path));
        }
    }
    world.folders.discard(&later);
    let left = paths.iter().filter(|path| path.exists()).count();
    assert_eq!(left, jobs.len());
    assert_eq!(listing(world.open(&tree).path()), listing(&world.source));
}
