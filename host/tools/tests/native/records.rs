//! What is recorded of a command: its changes, and what its result depends on.

use lockgate_model::ids::Digest;
use lockgate_model::plan::Trust;
use lockgate_ports::secrets::SecretValue;
use lockgate_ports::tools::{Changes, Completion, Ending, Placed, PlacedKind, Tools};
use lockgate_ports::{ToolAction, ToolError};

use crate::world::{World, attempt, world};

fn part(completion: &Completion, name: &str) -> Option<String> {
    completion.key.iter().find(|part| part.name == name).map(|part| part.value.clone())
}

fn is_hit(world: &World, action: &ToolAction) -> bool {
    world.run(action.clone()).unwrap().cached_from.is_some()
}

#[test]
fn changes_are_recorded_and_can_be_carried_over_without_running() {
    let Some(world) = world() else { return };
    world.write("gone", "x");
    let done = world.sh("mkdir -p a/b; echo text > a/b/file; chmod +x a/b/file; ln -s b a/link; rm gone; exit 3");
    assert_eq!(done.ending, Ending::Exited(3));
    let changes = done.changes.expect("those of a failed command too");
    let paths: Vec<_> = changes.placed.iter().map(|placed| placed.path.as_str()).collect();
    assert_eq!(paths, ["a", "a/b", "a/b/file", "a/link"]);
    assert_eq!(changes.removed, ["gone"]);
    let digest = Digest::of(b"text\n");
    assert!(
        matches!(changes.placed[2].what, PlacedKind::File { digest: found, is_executable: true, .. } if found == digest)
    );

    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("gone"), "x").unwrap();
    world.tools.apply(&changes, &elsewhere.path().to_owned()).unwrap();
    let read = |path: &str| std::fs::read_to_string(elsewhere.path().join(path)).unwrap();
    assert_eq!((read("a/b/file"), read("a/link/file")), ("text\n".to_owned(), "text\n".to_owned()));
    assert!(!elsewhere.path().join("gone").exists());
    let modified = |path: std::path::PathBuf| path.metadata().unwrap().modified().unwrap();
    assert_eq!(modified(elsewhere.path().join("a/b/file")), modified(world.path("a/b/file")));

    world.blobs.0.lock().unwrap().clear();
    assert!(matches!(world.tools.apply(&changes, &elsewhere.path().to_owned()), Err(ToolError::Faulted(_))));
}

#[test]
fn a_forged_record_does_not_leave_the_workspace() {
    let Some(world) = world() else { return };
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("victim"), "safe").unwrap();
    let folder = |path: &str| Placed { path: path.to_owned(), what: PlacedKind::Folder };
    let link =
        Placed { path: "out".to_owned(), what: PlacedKind::Link { target: outside.path().display().to_string() } };
    let forged = [
        Changes { placed: vec![folder("../escaped")], removed: Vec::new() },
        Changes { placed: vec![folder("/escaped")], removed: Vec::new() },
        Changes { placed: Vec::new(), removed: vec!["a/../../victim".to_owned()] },
        Changes { placed: vec![link.clone(), folder("out/escaped")], removed: Vec::new() },
    ];
    for changes in forged {
        let refused = world.tools.apply(&changes, &world.path(""));
        assert!(matches!(refused, Err(ToolError::Denied(_))), "{changes:?}: {refused:?}");
    }
    world
        .tools
        .apply(&Changes { placed: Vec::new(), removed: vec!["out/victim".to_owned()] }, &world.path(""))
        .unwrap();
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    assert!(!world.folder.path().join("escaped").exists());
}

#[test]
fn a_hit_tells_changes_and_key_as_the_first_run_did() {
    let Some(world) = world() else { return };
    let first = world.sh("echo x > made");
    // Or it would be an input.
    std::fs::remove_file(world.path("made")).unwrap();
    let second = world.sh("echo x > made");
    assert_eq!(second.cached_from, Some(attempt(1)));
    assert_eq!(first.changes.as_ref().map(|changes| changes.placed.len()), Some(1));
    assert_eq!((&second.changes, &second.key), (&first.changes, &first.key));
    assert_eq!(part(&second, "not kept"), None);
}

#[test]
fn the_parts_of_a_key_are_told_in_order() {
    let Some(world) = world() else { return };
    world.write("input", "x");
    let mut action = world.script("cat > /dev/null");
    action.argv.push("with space".to_owned());
    action.env = [("SHORT".to_owned(), "v".to_owned()), ("X_LONG".to_owned(), "v".repeat(101))].into();
    action.stdin = b"in".to_vec();
    action.stdout_to = Some("log".to_owned());
    action.scratch = vec![world.scratch("s")];
    let done = world.run(action).unwrap();
    let names: Vec<_> =
        done.key.iter().map(|part| part.name.as_str()).filter(|name| !name.starts_with("env ")).collect();
    let expected = ["argv", "cwd", "stdin", "inputs", "input files", "outputs", "scratch s", "tool sh", "stdout-to"];
    assert_eq!(names, expected);
    let value = |name: &str| part(&done, name).unwrap();
    assert!(value("argv").ends_with("sh -c \"cat > /dev/null\" \"with space\""), "{}", value("argv"));
    assert_eq!((value("cwd"), value("inputs"), value("scratch s")), (".".into(), "**".into(), "empty".into()));
    assert_eq!((value("env SHORT"), value("env X_LONG")), ("v".into(), Digest::of(&[b'v'; 101]).to_string()));
    assert_eq!((value("stdin"), value("stdout-to")), (Digest::of(b"in").to_string(), "log".to_owned()));
    assert!(value("input files").starts_with("sha256:") && value("tool sh").starts_with("sha256:"));
}

#[test]
fn why_a_result_is_not_kept_is_told() {
    let Some(world) = world() else { return };
    let world = world.limited(lockgate_tools::Limits { stream_bytes_max: 100, ..Default::default() });
    let check = |script: &str, change: &dyn Fn(&mut ToolAction), expected: &str| {
        let mut action = world.script(script);
        change(&mut action);
        for _ in 0..2 {
            let done = world.run(action.clone()).unwrap();
            assert_eq!((part(&done, "not kept").as_deref(), done.cached_from), (Some(expected), None));
        }
        assert!(world.cache.0.lock().unwrap().is_empty(), "{expected}");
    };
    check("exit 1", &|_| (), "command failed");
    check("seq 100", &|_| (), "output truncated");
    std::fs::write(world.scratch("s").path.join("file"), "old").unwrap();
    check("true", &|action| action.scratch = vec![world.scratch("s")], "scratch was not empty");
    let secret = || [("TOKEN".to_owned(), SecretValue::new(b"value".to_vec()))].into();
    check("true", &|action| action.secret_env = secret(), "secret exposed");
    check("true", &|action| action.grants.http = vec!["api.example".parse().unwrap()], "network granted");
    check("mkfifo pipe", &|_| (), "it left a device, a socket or a pipe");
}

#[test]
fn what_is_too_large_is_neither_recorded_nor_kept() {
    let Some(world) = world() else { return };
    let done = world.sh("mkdir many; cd many; seq 10001 | xargs touch");
    assert_eq!((done.ending, part(&done, "not kept").as_deref()), (Ending::Exited(0), Some("too large")));
    assert_eq!(done.changes, None);
    assert!(world.path("many/10001").exists() && world.cache.0.lock().unwrap().is_empty());
}

#[test]
fn a_secret_or_a_network_does_not_find_what_others_made() {
    let Some(world) = world() else { return };
    let plain = world.script("true");
    assert!(!is_hit(&world, &plain) && is_hit(&world, &plain));
    let mut networked = plain.clone();
    networked.grants.http = vec!["api.example".parse().unwrap()];
    assert!(!is_hit(&world, &networked));
    let mut secret = plain;
    secret.secret_env = [("TOKEN".to_owned(), SecretValue::new(b"value".to_vec()))].into();
    assert!(!is_hit(&world, &secret));
}

#[test]
fn a_strangers_run_writes_nothing_that_a_trusted_one_reads() {
    let Some(world) = world() else { return };
    let trusted = world.script("date +%N");
    let untrusted = ToolAction { trust: Trust::Untrusted, ..trusted.clone() };
    assert!(!is_hit(&world, &untrusted) && is_hit(&world, &untrusted));
    assert!(!is_hit(&world, &trusted) && is_hit(&world, &trusted));
    let other = ToolAction { trust: Trust::Trusted, ..world.script("date +%s%N") };
    assert!(!is_hit(&world, &other));
    assert!(is_hit(&world, &ToolAction { trust: Trust::Untrusted, ..other }), "what is trusted serves everybody");
}
