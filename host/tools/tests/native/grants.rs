//! Grants for files and for secrets.

use std::sync::{Arc, Mutex};

use lockgate_ports::egress::Contact;
use lockgate_ports::secrets::SecretValue;
use lockgate_ports::tools::{Ending, OutputSink, Tools};
use lockgate_ports::{Cancel, ToolAction, ToolError};

use crate::world::{World, world};

const SECRET: &str = "correct-horse-battery-staple";

fn globs(patterns: &[&str]) -> Option<Vec<String>> {
    Some(patterns.iter().map(ToString::to_string).collect())
}

#[test]
fn inputs_must_be_declared_and_readable() {
    let Some(world) = world() else { return };
    for path in ["src/a.rs", "src/b.txt", "docs/c.rs", "top.rs"] {
        world.write(path, path);
    }
    let check = |inputs: &[&str], read: Option<Vec<String>>, expected: &str| {
        let mut action = world.script("find . -type f | sort");
        action.inputs = inputs.iter().map(ToString::to_string).collect();
        action.grants.read = read.clone();
        assert_eq!(String::from_utf8(world.run(action).unwrap().stdout).unwrap(), expected, "{inputs:?} {read:?}");
    };
    check(&["**"], None, "./docs/c.rs\n./src/a.rs\n./src/b.txt\n./top.rs\n");
    check(&["**"], globs(&["src/**"]), "./src/a.rs\n./src/b.txt\n");
    check(&["**/*.rs"], globs(&["src/**"]), "./src/a.rs\n");
    check(&["docs/**"], globs(&["src/**"]), "");
    check(&["**"], globs(&[]), "");
}

#[test]
fn a_file_that_may_not_be_read_is_no_part_of_the_key_and_not_taken_for_removed() {
    let Some(world) = world() else { return };
    world.write("seen", "1");
    world.write("unseen", "1");
    let run = || {
        let mut action = world.script("cat seen");
        action.grants.read = globs(&["seen"]);
        world.run(action).unwrap().cached_from.is_some()
    };
    assert!(!run());
    world.write("unseen", "2");
    assert!(run());
    world.write("seen", "2");
    assert!(!run());
    assert_eq!(world.read("unseen"), "2");
}

#[test]
fn only_what_may_be_written_is_carried() {
    let Some(world) = world() else { return };
    let check = |script: &str, write: &[&str], refused: Option<&str>| {
        for path in ["out/old", "kept"] {
            world.write(path, "before");
        }
        let mut action = world.script(script);
        action.grants.write = globs(write);
        let ended = world.run(action);
        match (&ended, refused) {
            (Ok(done), None) => assert_eq!(done.ending, Ending::Exited(0), "{script}"),
            (Err(ToolError::Denied(text)), Some(path)) => {
                assert!(text.contains(&format!("write: [{path}]")), "{script}: {text}");
                assert_eq!((world.read("out/old"), world.read("kept")), ("before".into(), "before".into()));
                assert!(!world.path("out/new").exists(), "nothing is carried");
            }
            _ => panic!("{script}: {ended:?}"),
        }
        std::fs::remove_dir_all(world.path("")).unwrap();
        std::fs::create_dir(world.path("")).unwrap();
    };
    check("echo x > out/new", &["out/**"], None);
    check("mkdir -p made/deep; echo x > made/deep/file", &["made/deep/*"], None);
    check("rm -r out", &["out/**"], None);
    check("true", &[], None);
    check("echo x > out/new; echo x > kept", &["out/**"], Some("kept"));
    check("echo x > out/new; rm kept", &["out/**"], Some("kept"));
    check("echo x > out/new; ln -s out link", &["out/**"], Some("link"));
    check("echo x > out/new; mkdir empty", &["out/**"], Some("empty"));
    check("rm -r out; echo x > out", &["out/**"], Some("out"));
    check("echo x > out/new", &[], Some("out/new"));
}

#[test]
fn scratch_needs_no_grant_and_the_file_for_standard_output_does() {
    let Some(world) = world() else { return };
    let mut action = world.script("touch ran; echo x > s/file");
    action.scratch = vec![world.scratch("s")];
    action.outputs = vec!["s/file".to_owned()];
    action.grants.write = globs(&["log"]);
    action.stdout_to = Some("log".to_owned());
    world.run(action.clone()).unwrap();
    assert_eq!(world.read("s/file"), "x\n");
    action.stdout_to = Some("other".to_owned());
    std::fs::remove_dir_all(world.scratch("s").path).unwrap();
    action.scratch = vec![world.scratch("s")];
    let refused = world.run(action);
    assert!(matches!(&refused, Err(ToolError::Denied(text)) if text.contains("write: [other]")), "{refused:?}");
    assert!(world.scratch("s").was_empty, "it did not run");
}

#[test]
fn a_remembered_result_is_held_against_the_grants_too() {
    let Some(world) = world() else { return };
    let action = world.script("echo x > made");
    world.run(action.clone()).unwrap();
    std::fs::remove_file(world.path("made")).unwrap();
    let mut narrowed = action.clone();
    narrowed.grants.write = globs(&["other"]);
    assert!(matches!(world.run(narrowed), Err(ToolError::Denied(text)) if text.contains("write: [made]")));
    assert!(!world.path("made").exists());
    assert!(world.run(action).unwrap().cached_from.is_some());
}

#[test]
fn what_is_no_pattern_is_refused() {
    let Some(world) = world() else { return };
    let mut action = world.script("true");
    action.grants.read = globs(&["["]);
    assert!(matches!(world.run(action), Err(ToolError::Denied(text)) if text.contains("read: [[]")));
}

fn with_secret(world: &World, script: &str) -> ToolAction {
    let mut action = world.script(script);
    action.env = [("TOKEN".to_owned(), "plain".to_owned())].into();
    action.secret_env = [("TOKEN".to_owned(), SecretValue::new(SECRET.as_bytes().to_vec()))].into();
    action
}

/// Looks for the secret on every command line of this machine as soon as something is said, then ends the command.
struct Spy {
    cancel: Cancel,
    seen: Mutex<Vec<String>>,
}

impl OutputSink for Spy {
    fn write(&self, _is_stderr: bool, _bytes: &[u8]) {
        let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        let lines = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
        self.seen.lock().unwrap().extend(lines);
        self.cancel.raise(lockgate_ports::cancel::StopReason::Cancelled);
    }

    fn contacted(&self, _contact: Contact) {}
}

#[test]
fn a_secret_reaches_the_commands_environment_and_no_command_line() {
    let Some(world) = world() else { return };
    let said = world.run(with_secret(&world, "printf %s \"$TOKEN\"")).unwrap().stdout;
    assert_eq!(String::from_utf8(said).unwrap(), SECRET, "it wins over a plain variable");
    let cancel = Cancel::default();
    let spy = Arc::new(Spy { cancel: cancel.clone(), seen: Mutex::default() });
    let action = with_secret(&world, "echo up; sleep 1000.25");
    assert_eq!(world.tools.run(action, spy.clone(), &cancel).unwrap().ending, Ending::Cancelled);
    let seen = spy.seen.lock().unwrap();
    assert!(seen.iter().any(|line| line.contains("--json-status-fd")), "bubblewrap was looked at");
    assert!(!seen.iter().any(|line| line.contains(SECRET)));
}

#[test]
fn a_secret_stands_in_no_message_and_in_no_key() {
    let Some(world) = world() else { return };
    let action = with_secret(&world, "true");
    assert!(!format!("{action:?}").contains(SECRET));
    let done = world.run(action).unwrap();
    let key = format!("{:?}", done.key);
    assert!(key.contains("a secret") && key.contains("secret exposed") && !key.contains(SECRET), "{key}");
    let mut broken = with_secret(&world, "true");
    broken.secret_env.insert("TOKEN".to_owned(), SecretValue::new(format!("{SECRET}\0").into_bytes()));
    let refused = world.run(broken);
    let is_told = |text: &String| text.contains("`TOKEN`") && !text.contains(SECRET);
    assert!(matches!(&refused, Err(ToolError::Denied(text)) if is_told(text)), "{refused:?}");
}
