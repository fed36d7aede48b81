//! A path that is moved while it is being opened: whoever is quick does not get out of the workspace.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use common::{workspace, world};
use lockgate_model::call::{Answer, Call};
use lockgate_model::outcome::Outcome;
use serde_json::json;

const READS: u32 = 20_000;
const SECRET: &str = "nobody was given this";

/// All the texts that a plugin ever read at `folder/file`, while `swap` went on beside it, and how often that did.
fn read_beside(inside: &Path, swap: impl Fn() + Sync) -> (String, u64) {
    let config = json!({ "tries": [{ "read-often": ["folder/file", READS] }] });
    let mut invocation = world().invocation("prowler", Call::BuildStep { config, evidence: Vec::new() });
    invocation.workspace = Some(workspace(inside));
    let (is_over, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    let returned = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                swap();
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (returned, _) = world().invoke(invocation);
        is_over.store(true, Ordering::Relaxed);
        returned
    });
    let Outcome::Answered(Answer::Product(product)) = returned.outcome else { panic!("{returned:?}") };
    (product.outputs[0].1.clone(), swaps.into_inner())
}

/// Puts one name in the place of another, as quickly as can be.
fn exchange(one: &Path, other: &Path) {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).expect("both are there");
}

#[test]
fn a_folder_that_becomes_a_link_meanwhile_does_not_lead_out() {
    let world = tempfile::tempdir().unwrap();
    let (inside, outside) = (world.path().join("workspace"), world.path().join("outside"));
    for (folder, text) in [(inside.join("folder"), "inside"), (outside.clone(), SECRET)] {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("file"), text).unwrap();
    }
    symlink(&outside, inside.join("link")).unwrap();
    let swap = || exchange(&inside.join("folder"), &inside.join("link"));
    let (texts, swaps) = read_beside(&inside, swap);
    assert!(swaps > 100, "it was not moved often enough to tell: {swaps}");
    assert_eq!(texts, "{\"inside\"}");
}

#[test]
fn a_folder_whose_place_a_link_takes_meanwhile_does_not_lead_out() {
    let world = tempfile::tempdir().unwrap();
    let (inside, outside) = (world.path().join("workspace"), world.path().join("outside"));
    fs::create_dir_all(inside.join("folder")).unwrap();
    fs::write(inside.join("folder/file"), "inside").unwrap();
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("file"), SECRET).unwrap();
    let swap = || {
        fs::rename(inside.join("folder"), world.path().join("away")).unwrap();
        symlink(&outside, inside.join("folder")).unwrap();
        fs::remove_file(inside.join("folder")).unwrap();
        fs::rename(world.path().join("away"), inside.join("folder")).unwrap();
    };
    let (texts, swaps) = read_beside(&inside, swap);
    assert!(swaps > 100, "it was not moved often enough to tell: {swaps}");
    assert_eq!(texts, "{\"inside\"}");
}

#[test]
fn a_hard_link_is_the_file_that_was_in_the_workspace_anyway() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("workspace"), folder.path().join("outside"));
    fs::create_dir(&inside).unwrap();
    fs::write(&outside, SECRET).unwrap();
    let tries = json!({ "tries": [
        { "link": ["../outside", "hard"] }, { "link": [outside, "hard"] }, { "read": "hard" },
        { "rename": ["../outside", "moved"] }, { "read": "moved" },
    ] });
    let mut invocation = world().invocation("prowler", Call::BuildStep { config: tries, evidence: Vec::new() });
    invocation.workspace = Some(workspace(&inside));
    let (returned, recorder) = world().invoke(invocation);
    let Outcome::Answered(Answer::Product(product)) = returned.outcome else { panic!("{returned:?}") };
    assert!(product.outputs.iter().all(|(_, told)| told.starts_with("error")), "{:?}", product.outputs);
    assert!(!format!("{:?}", recorder.calls()).contains(SECRET));
    assert_eq!(fs::read_to_string(&outside).unwrap(), SECRET);
}
