//! Globs and scratch names.

use super::{Workspaces, World, assert_invalid, fs, job};

#[track_caller]
fn check_globs(globs: &[&str], wanted: &[&str]) {
    let world = World::new();
    for path in ["a.xml", "b.txt", "reports/a.xml", "reports/deep/b.xml", "reports/deep/c.txt", "reports-2/x.xml"] {
        world.write(path, path);
    }
    super::symlink("a.xml", world.source.join("link.xml")).unwrap();
    let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
    let files = world.folders.files(&world.import(), &globs).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, wanted);
    for file in &files {
        assert_eq!(file.digest, lockgate_model::ids::Digest::of(file.path.as_bytes()));
        assert_eq!(file.size_bytes, file.path.len() as u64);
    }
}

#[test]
fn globs_pick_regular_files_by_path() {
    check_globs(&[], &[]);
    check_globs(&["*.xml"], &["a.xml"]);
    check_globs(&["**/*.xml"], &["a.xml", "reports-2/x.xml", "reports/a.xml", "reports/deep/b.xml"]);
    check_globs(&["reports/**"], &["reports/a.xml", "reports/deep/b.xml", "reports/deep/c.txt"]);
    check_globs(&["reports/*"], &["reports/a.xml"]);
    check_globs(&["*.{txt,xml}", "a.*"], &["a.xml", "b.txt"]);
    check_globs(&["reports"], &[]);
}

#[test]
fn a_glob_that_is_none_is_named() {
    let world = World::new();
    let globs = ["*.xml", "a[b"].map(str::to_owned);
    assert_invalid(world.folders.files(&world.import(), &globs), "`a[b` is no glob");
}

#[test]
fn scratch_stays_and_says_whether_it_was_empty() {
    let world = World::new();
    let names = ["target", "a/b", ".cache"].map(str::to_owned);
    let first = world.folders.scratch("service", &job(), &names).unwrap();
    assert!(first.iter().all(|scratch| scratch.was_empty && scratch.path.is_dir()));
    fs::write(first[1].path.join("kept"), "").unwrap();
    let second = world.folders.scratch("service", &job(), &names).unwrap();
    let was_empty: Vec<bool> = second.iter().map(|scratch| scratch.was_empty).collect();
    assert_eq!(was_empty, [true, false, true]);
    assert_eq!(second.iter().map(|scratch| &scratch.name).collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
}

#[test]
fn scratch_of_different_things_is_different() {
    let world = World::new();
    let mut paths = std::collections::BTreeSet::new();
    for pipeline in ["service", "service 2", "../service"] {
        for job in ["build", "build[os=linux]"] {
            let names = ["a", "a/b", "a_b"].map(str::to_owned);
            let scratch = world.folders.scratch(pipeline, &job.parse().unwrap(), &names).unwrap();
            paths.extend(scratch.into_iter().map(|scratch| scratch.path));
        }
    }
    assert_eq!(paths.len(), 3 * 2 * 3);
    let folder = world.state.canonicalize().unwrap().join("scratch");
    assert!(paths.iter().all(|path| path.strip_prefix(&folder).unwrap().components().count() == 3));
}

#[test]
fn scratch_names_stay_in_the_workspace() {
    let world = World::new();
    for name in ["", ".", "..", "../x", "a/../b", "./a", "/etc", "a\0b"] {
        assert_invalid(world.folders.scratch("service", &job(), &[name.to_owned()]), "is no folder in the workspace");
    }
}
