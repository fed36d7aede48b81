//! What commands changed is carried into a tree as it would be into the folder of that tree: random trees, random changes,
//! both ways.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use lockgate_model::ids::Digest;
use lockgate_model::tree::TreeRef;
use lockgate_ports::egress::NoEgress;
use lockgate_ports::tools::{Changes, Placed, PlacedKind};
use lockgate_ports::{Blobs as _, Tools as _, Workspaces as _};
use lockgate_store::disk::{BlobFiles, WorkFolders};
use lockgate_tools::NativeTools;
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};

use super::fresh::RealClock;

/// Times of files that are placed, in seconds; those of the tree are of now.
const PLACED_AT: i64 = 1_000_000_000;

#[derive(Debug, Clone)]
enum What {
    File(String),
    Folder,
    Link(String),
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        4 => "[a-z]{0,3}".prop_map(What::File),
        1 => Just(What::Folder),
        1 => "[ab](/[ab])?".prop_map(What::Link),
    ]
}

fn some(most: usize) -> impl Strategy<Value = BTreeMap<String, What>> {
    proptest::collection::btree_map("[ab](/[abc]){0,2}", what(), 0..most)
}

struct World {
    room: tempfile::TempDir,
    blobs: Arc<BlobFiles>,
    folders: Arc<WorkFolders>,
    tools: NativeTools,
}

impl World {
    fn new() -> Self {
        let room = tempfile::tempdir().expect("a folder");
        let blobs = BlobFiles::open(room.path()).expect("blobs");
        let folders = WorkFolders::open(room.path(), blobs.clone(), &[".lockgate"]).expect("folders");
        let tools = NativeTools::new(lockgate_tools::Settings {
            definitions: BTreeMap::new(),
            bwrap: None,
            cache: None,
            blobs: blobs.clone(),
            egress: Arc::new(NoEgress),
            trees: folders.clone(),
            clock: RealClock::start(),
            stage_folder: room.path().join("stage"),
            parallel_max: 1,
        });
        Self { room, blobs, folders, tools }
    }

    fn import(&self, made: &BTreeMap<String, What>) -> TreeRef {
        let source = self.room.path().join("source");
        std::fs::create_dir(&source).expect("a folder");
        for (path, what) in made {
            make(&source.join(path), what);
        }
        self.folders.import(&source).expect("a tree")
    }

    fn changes(&self, placed: &BTreeMap<String, What>, removed: &[String]) -> Changes {
        let placed = placed.iter().map(|(path, what)| {
            let what = match what {
                What::File(text) => PlacedKind::File {
                    digest: self.blobs.put(text.as_bytes()).expect("kept"),
                    size_bytes: text.len() as u64,
                    is_executable: text.len() == 2,
                    modified: (PLACED_AT + i64::try_from(text.len()).expect("short"), 5),
                },
                What::Folder => PlacedKind::Folder,
                What::Link(target) => PlacedKind::Link { target: target.clone() },
            };
            Placed { path: path.clone(), what }
        });
        // What is in a folder goes before the folder.
        Changes { placed: placed.collect(), removed: removed.iter().rev().cloned().collect() }
    }

    /// The tree after the changes, and whether they went into the tree itself; none where they are refused.
    fn changed(&self, tree: &TreeRef, changes: &Changes, is_filled: bool) -> Option<(TreeRef, bool)> {
        let (run, job) = ("0000000000".parse().expect("an id"), "job".parse().expect("a job"));
        let workspace = self.folders.prepare(&run, &job, tree).expect("a workspace");
        if is_filled {
            workspace.folder.fill().expect("a folder");
        }
        self.tools.apply(changes, &*workspace.folder).ok()?;
        let stayed_a_tree = workspace.folder.tree().is_some();
        let after = self.folders.snapshot(&workspace).expect("a tree");
        self.folders.discard(&run);
        Some((after, stayed_a_tree))
    }

    /// Every blob that a tree names is there: it can be made.
    fn can_be_made(&self, tree: &TreeRef) -> bool {
        let (run, job) = ("0000000001".parse().expect("an id"), "job".parse().expect("a job"));
        let workspace = self.folders.open(&run, &job, tree).expect("a workspace");
        self.folders.snapshot(&workspace).is_ok_and(|again| again.root == tree.root)
    }
}

fn make(path: &Path, what: &What) {
    // A file or a link on the way is no mistake of this test: such a path is left out.
    if std::fs::create_dir_all(path.parent().expect("below the root")).is_err() || path.symlink_metadata().is_ok() {
        return;
    }
    match what {
        What::File(text) => std::fs::write(path, text).expect("written"),
        What::Folder => std::fs::create_dir(path).expect("made"),
        What::Link(target) => symlink(target, path).expect("linked"),
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_tree_changes_as_its_folder_would(
        made in some(12),
        placed in some(6),
        removed in proptest::collection::btree_set("[ab](/[abc]){0,2}", 0..4),
    ) {
        let world = World::new();
        let tree = world.import(&made);
        let removed: Vec<String> = removed.into_iter().collect();
        let changes = world.changes(&placed, &removed);
        let in_folder = world.changed(&tree, &changes, true);
        let in_tree = world.changed(&tree, &changes, false);
        assert_eq!(in_folder.map(|(tree, _)| tree.root), in_tree.map(|(tree, _)| tree.root), "{changes:?}");
        if let Some((after, _)) = in_tree {
            assert!(world.can_be_made(&after));
        }
        // Whatever it is, it is the same the next time.
        assert_eq!(world.changed(&tree, &changes, false).filter(|(_, stayed)| *stayed), in_tree.filter(|(_, stayed)| *stayed));
    }
}

/// With files alone, times are the same too.
#[test]
fn files_are_placed_with_their_times() {
    let world = World::new();
    let text = |text: &str| What::File(text.to_owned());
    let tree = world.import(&[("a/b".to_owned(), text("x")), ("a/c".to_owned(), text("y"))].into());
    let placed = [("a/b", "new"), ("a/new/er", "z"), ("other/deep/file", "zz")];
    let changes = world.changes(&placed.map(|(path, of)| (path.to_owned(), text(of))).into(), &[]);
    let (in_folder, _) = world.changed(&tree, &changes, true).expect("they are taken");
    let (in_tree, stayed_a_tree) = world.changed(&tree, &changes, false).expect("they are taken");
    assert!(stayed_a_tree);
    assert_eq!(in_tree, in_folder);
    assert_ne!(in_tree.root, tree.root);
    assert_ne!(in_tree.root, Digest::of(b""));
}

#[test]
fn a_path_that_leaves_the_workspace_is_refused_both_ways() {
    let world = World::new();
    let tree = world.import(&BTreeMap::new());
    for path in ["../out", "a/../../out", "/etc/out", "a//b", "."] {
        let changes = world.changes(&[(path.to_owned(), What::File(String::new()))].into(), &[]);
        assert_eq!(world.changed(&tree, &changes, false), None, "{path}");
        let changes = world.changes(&BTreeMap::new(), &[path.to_owned()]);
        assert_eq!(world.changed(&tree, &changes, false), None, "{path}");
    }
}
