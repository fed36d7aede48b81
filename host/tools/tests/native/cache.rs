//! Which results are remembered, and what a remembered one gives.

use std::sync::Arc;

use lockgate_ports::tools::{Completion, Tools};
use lockgate_ports::{Cancel, ToolAction};

use crate::world::{Sink, World, attempt, world};

/// A command whose output differs each time that it really runs.
fn counted(world: &World) -> ToolAction {
    world.script("date +%s%N > stamp; cat input; echo noise >&2; ln -sfn input link; mkdir -p made; rm -f old")
}

fn again(world: &World, action: &ToolAction) -> Completion {
    let action = ToolAction { attempt: attempt(2), inputs: vec!["input".into(), "old".into()], ..action.clone() };
    world.run(action).unwrap()
}

fn entries(world: &World) -> usize {
    world.cache.0.lock().unwrap().len()
}

#[test]
fn a_hit_gives_streams_files_and_removals_and_names_its_origin() {
    let Some(world) = world() else { return };
    world.write("input", "text\n");
    world.write("old", "");
    let first = again(&world, &ToolAction { attempt: attempt(2), ..counted(&world) });
    assert_eq!(first.cached_from, None);
    let (stamp, modified) = (world.read("stamp"), world.path("stamp").metadata().unwrap().modified().unwrap());
    std::fs::remove_file(world.path("stamp")).unwrap();
    std::fs::remove_file(world.path("link")).unwrap();
    std::fs::remove_dir(world.path("made")).unwrap();
    world.write("old", "");

    let sink = Arc::new(Sink::default());
    let mut action = counted(&world);
    action.inputs = vec!["input".into(), "old".into()];
    let second = world.tools.run(action, sink.clone(), &Cancel::default()).unwrap();
    assert_eq!(second.cached_from, Some(attempt(2)));
    assert_eq!((world.read("stamp"), world.path("stamp").metadata().unwrap().modified().unwrap()), (stamp, modified));
    assert_eq!(std::fs::read_link(world.path("link")).unwrap().to_str(), Some("input"));
    assert!(world.path("made").is_dir() && !world.path("old").exists());
    assert_eq!((second.stdout.as_slice(), second.stderr.as_slice()), (&b"text\n"[..], &b"noise\n"[..]));
    assert_eq!(*sink.stdout.lock().unwrap(), b"text\n");
    assert_eq!(*sink.stderr.lock().unwrap(), b"noise\n");
}

#[test]
fn what_is_carried_over_twice_leaves_the_same_times_of_folders() {
    let Some(world) = world() else { return };
    world.write("input", "text\n");
    world.write("there/before", "");
    let action = world.script("mkdir -p made there; echo x > made/new; cat input > there/new");
    again(&world, &action);
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let folders = ["", "there", "made"];
    let carry_over = || {
        std::fs::remove_dir_all(world.path("made")).unwrap();
        std::fs::remove_file(world.path("there/new")).unwrap();
        for folder in ["", "there"] {
            std::fs::File::open(world.path(folder)).unwrap().set_modified(long_ago).unwrap();
        }
        assert!(again(&world, &action).cached_from.is_some());
        folders.map(|folder| world.path(folder).metadata().unwrap().modified().unwrap())
    };
    let times = carry_over();
    assert!(times.iter().all(|time| *time > long_ago), "{times:?}");
    assert_eq!(carry_over(), times);
}

#[test]
fn the_key_holds_all_that_the_command_could_see() {
    let Some(world) = world() else { return };
    world.write("input", "text\n");
    let base = counted(&world);
    again(&world, &base);
    let is_hit = |change: &dyn Fn(&mut ToolAction)| {
        let mut action = ToolAction { inputs: vec!["input".into(), "old".into()], ..base.clone() };
        change(&mut action);
        world.run(action).unwrap().cached_from.is_some()
    };
    assert!(is_hit(&|_| ()));
    assert!(!is_hit(&|action| action.argv.push("more".into())), "arguments");
    assert!(!is_hit(&|action| drop(action.env.insert("A".into(), "1".into()))), "environment");
    assert!(!is_hit(&|action| action.stdin = b"x".to_vec()), "standard input");
    assert!(!is_hit(&|action| action.outputs.push("x".into())), "outputs");
    assert!(!is_hit(&|action| action.tools.push("git".parse().unwrap())), "tools");
    assert!(!is_hit(&|action| action.stdout_to = Some("o".into())), "file for standard output");
    assert!(!is_hit(&|action| action.scratch = vec![world.scratch("s")]), "scratch");
    assert!(is_hit(&|_| world.write("not-an-input", "x")), "files that it could not see");
    assert!(!is_hit(&|_| world.write("input", "other\n")), "content");
    assert!(!is_hit(&|_| world.write_program("input", "other\n")), "executable bit");
}

#[test]
fn what_fails_is_not_remembered() {
    let Some(world) = world() else { return };
    for script in ["exit 1", "kill -9 $$", "mkfifo pipe"] {
        world.sh(script);
        assert_eq!(entries(&world), 0, "{script}");
    }
}

#[test]
fn a_result_of_scratch_that_was_not_empty_is_not_remembered_but_may_be_found() {
    let Some(world) = world() else { return };
    let with_scratch = || {
        let mut action = world.script("echo x >> s/file; cat s/file > seen");
        action.inputs = Vec::new();
        action.scratch = vec![world.scratch("s")];
        action
    };
    std::fs::write(world.scratch("s").path.join("file"), "old\n").unwrap();
    world.run(with_scratch()).unwrap();
    assert_eq!((entries(&world), world.read("seen").as_str()), (0, "old\nx\n"));
    std::fs::remove_file(world.scratch("s").path.join("file")).unwrap();
    world.run(with_scratch()).unwrap();
    assert_eq!((entries(&world), world.read("seen").as_str()), (1, "x\n"));
    let found = world.run(with_scratch()).unwrap();
    assert!(!world.scratch("s").was_empty && found.cached_from.is_some());
    assert_eq!(world.read("seen"), "x\n", "made from empty scratch");
}

#[test]
fn a_result_whose_files_were_pruned_is_made_anew() {
    let Some(world) = world() else { return };
    world.write("input", "text\n");
    again(&world, &counted(&world));
    world.blobs.0.lock().unwrap().clear();
    assert_eq!(again(&world, &counted(&world)).cached_from, None);
}

#[test]
fn a_damaged_entry_is_no_entry() {
    let Some(world) = world() else { return };
    world.write("input", "text\n");
    again(&world, &counted(&world));
    world.cache.0.lock().unwrap().values_mut().for_each(|value| value.truncate(20));
    assert_eq!(again(&world, &counted(&world)).cached_from, None);
}
