//! Random trees and random edits.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;

use super::{Path, PermissionsExt, Workspaces, World, fs, listing, symlink};
use crate::disk::wipe::wipe;

#[derive(Debug, Clone)]
enum Entry {
    File { text: String, executable: bool },
    Symlink(String),
    Folder,
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        4 => ("[a-z]{0,4}", any::<bool>()).prop_map(|(text, executable)| Entry::File { text, executable }),
        1 => "(/|\\.\\./)?[a-c](/[a-c])?".prop_map(Entry::Symlink),
        1 => Just(Entry::Folder),
    ]
}

fn entries(most: usize) -> impl Strategy<Value = BTreeMap<String, Entry>> {
    proptest::collection::btree_map("[abcä .-]{0,1}[a-c](/[a-c]){0,3}", entry(), 0..most)
}

/// Puts an entry at a path, in place of whatever is in its way.
fn place(root: &Path, path: &str, entry: &Entry) {
    let path = root.join(path);
    for above in path.ancestors().skip(1).take_while(|above| *above != root) {
        if above.is_symlink() || above.is_file() {
            fs::remove_file(above).unwrap();
        }
    }
    // Twice: a symlink further up may have shown a file that is not there any more.
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    wipe(&path).unwrap();
    match entry {
        Entry::File { text, executable } => {
            fs::write(&path, text).unwrap();
            let mode = if *executable { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        Entry::Symlink(target) => symlink(target, &path).unwrap(),
        Entry::Folder => fs::create_dir(&path).unwrap(),
    }
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_tree_survives_and_edits_are_seen(made in entries(20), edits in entries(5), gone in proptest::option::of("[a-c]")) {
        let world = World::new();
        for (path, entry) in &made {
            place(&world.source, path, entry);
        }
        let tree = world.import();
        let workspace = world.open(&tree);
        assert_eq!(listing(workspace.path()), listing(&world.source));
        assert_eq!(world.snapshot(&workspace), tree);

        world.open(&tree);
        for (path, entry) in &edits {
            place(workspace.path(), path, entry);
        }
        if let Some(name) = gone {
            wipe(&workspace.path().join(name)).unwrap();
        }
        let after = world.snapshot(&workspace);
        let truth = World::new().folders.import(workspace.path()).unwrap();
        assert_eq!(after.root, truth.root);
        assert_eq!(after.root == tree.root, listing(workspace.path()) == listing(&world.source));

        world.folders.discard(&workspace.run);
        let again = world.open(&after);
        assert_eq!(world.snapshot(&again), after);
    }

    #[test]
    fn a_folder_goes_from_one_tree_to_another(made in entries(20), other in entries(20), kept in 0..20_usize) {
        let world = World::new();
        let fill = |with: &mut dyn Iterator<Item = (&String, &Entry)>| {
            with.for_each(|(path, entry)| place(&world.source, path, entry));
            world.import()
        };
        let first = fill(&mut made.iter());
        wipe(&world.source).unwrap();
        fs::create_dir(&world.source).unwrap();
        let second = fill(&mut made.iter().take(kept).chain(&other));
        world.snapshot(&world.open(&first));
        let workspace = world.open(&second);
        assert_eq!(listing(workspace.path()), listing(&world.source));
        assert_eq!(world.snapshot(&workspace), second);
    }
}
