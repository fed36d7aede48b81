//! How commands end, and that nothing of them goes on.

use std::sync::Arc;

use lockgate_ports::tools::{Ending, Tools};
use lockgate_ports::{Cancel, ToolError};
use lockgate_tools::Limits;

use crate::world::{MachineClock, Sink, world};

/// Names itself in its arguments so that the host can look for it, leaves the session and its parent, and ignores what
/// can be ignored.
const DAEMON: &str =
    "trap '' TERM HUP INT; (setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 987.MARK; done' &) ; echo up";

fn daemon(world: &crate::world::World) -> (String, String) {
    let mark = world
        .folder
        .path()
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .bytes()
        .map(u64::from)
        .fold(7, |a, b| a * 31 % 900_007 + b);
    (DAEMON.replace("MARK", &mark.to_string()), format!("987.{mark}"))
}

fn is_running(argument: &str) -> bool {
    let entries =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    entries.into_iter().any(|line| line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes()))
}

#[test]
fn codes_and_signals_are_told_apart() {
    let Some(world) = world() else { return };
    let check = |script, expected| assert_eq!(world.sh(script).ending, expected, "{script}");
    check("exit 0", Ending::Exited(0));
    check("exit 7", Ending::Exited(7));
    check("exit 101", Ending::Exited(101));
    check("exit 255", Ending::Exited(255));
    check("kill -TERM $$", Ending::Signalled(15));
    check("kill -SEGV $$", Ending::Signalled(11));
    assert_eq!(world.stages(), 0);
}

#[test]
fn a_timeout_ends_daemons_too() {
    let Some(world) = world() else { return };
    let (script, mark) = daemon(&world);
    let mut action = world.script(&format!("{script}; echo partial > result; sleep 1000"));
    action.time_ms = 400;
    let done = world.run(action).unwrap();
    assert_eq!(done.ending, Ending::TimedOut);
    assert!(!is_running(&mark), "the whole tree is dead");
    assert_eq!(done.stdout, b"up\n");
    assert_eq!(world.read("result"), "partial\n", "what proves the failure is kept");
}

#[test]
fn cancellation_ends_daemons_too_and_leaves_the_workspace() {
    let Some(world) = world() else { return };
    let (script, mark) = daemon(&world);
    let cancel = Cancel::default();
    let sink = Sink { cancel: Some(cancel.clone()), ..Sink::default() };
    let action = world.script(&format!("echo x > left; {script}; sleep 1000"));
    let done = world.tools.run(action, Arc::new(sink), &cancel).unwrap();
    assert_eq!(done.ending, Ending::Cancelled);
    assert!(!is_running(&mark), "the whole tree is dead");
    assert!(!world.path("left").exists());
    assert_eq!(world.stages(), 0);
}

#[test]
fn a_daemon_does_not_outlive_a_command_that_ends_well() {
    let Some(world) = world() else { return };
    let (script, mark) = daemon(&world);
    let done = world.sh(&format!("{script} > /dev/null 2>&1"));
    assert_eq!(done.ending, Ending::Exited(0));
    assert!(!is_running(&mark));
}

#[test]
fn a_stop_comes_soon_even_before_the_command_has_begun() {
    let Some(world) = world() else { return };
    let cancel = Cancel::default();
    cancel.raise(lockgate_ports::cancel::StopReason::Cancelled);
    let done = world.tools.run(world.script("sleep 1000"), Arc::new(Sink::default()), &cancel).unwrap();
    assert_eq!(done.ending, Ending::Cancelled);
    let mut action = world.script("sleep 1000");
    action.time_ms = 0;
    assert_eq!(world.run(action).unwrap().ending, Ending::TimedOut);
}

#[test]
fn a_swarm_is_killed_and_said() {
    let Some(world) = world() else { return };
    let world = world.limited(Limits { processes_max: 40, ..Limits::default() });
    let few = world.sh("for i in $(seq 10); do sleep 0.2 & done; wait");
    assert_eq!(few.ending, Ending::Exited(0));
    let many = world.sh("for i in $(seq 150); do sleep 1000 & done; wait");
    assert_eq!(many.ending, Ending::Signalled(9));
    assert!(String::from_utf8(many.stderr).unwrap().contains("more than 40 processes"));
}

#[test]
fn output_is_live_and_what_is_returned_is_limited() {
    let Some(world) = world() else { return };
    let world = world.limited(Limits { stream_bytes_max: 1000, ..Limits::default() });
    let check = |count: usize, truncated| {
        let sink = Arc::new(Sink::default());
        let action = world.script(&format!("head -c {count} /dev/zero; echo bad >&2"));
        let done = world.tools.run(action, sink.clone(), &Cancel::default()).unwrap();
        assert_eq!((done.stdout.len(), done.truncated), (count.min(1000), truncated));
        assert_eq!(sink.stdout.lock().unwrap().len(), count, "the sink gets all of it");
        assert_eq!(*sink.stderr.lock().unwrap(), b"bad\n");
    };
    check(1000, false);
    check(1001, true);
}

#[test]
fn input_and_output_of_any_length_do_not_block_each_other() {
    let Some(world) = world() else { return };
    let bytes = vec![b'x'; 300_000];
    let mut action = world.action(&["sh", "-c", "cat; echo done >&2"]);
    action.stdin = bytes.clone();
    let done = world.run(action).unwrap();
    assert_eq!((done.stdout, done.stderr.as_slice()), (bytes.clone(), &b"done\n"[..]));
    let mut unread = world.script("exit 3");
    unread.stdin = bytes;
    assert_eq!(world.run(unread).unwrap().ending, Ending::Exited(3));
    assert_eq!(world.said("cat"), "", "no input is an empty one");
}

#[test]
fn standard_output_goes_to_a_file_in_whole() {
    let Some(world) = world() else { return };
    let limits = Limits { stream_bytes_max: 10, stdout_file_bytes_max: 100, ..Limits::default() };
    let world = world.limited(limits);
    let mut action = world.script("printf '%050d' 1");
    action.stdout_to = Some("reports/out.txt".to_owned());
    let sink = Arc::new(Sink::default());
    let done = world.tools.run(action.clone(), sink.clone(), &Cancel::default()).unwrap();
    assert_eq!((done.stdout.len(), world.read("reports/out.txt").len()), (10, 50));
    assert!(sink.stdout.lock().unwrap().is_empty(), "what goes to a file does not go to the log");
    action.argv[2] = "printf '%0101d' 1".to_owned();
    let cut = world.run(action).unwrap();
    assert!(cut.truncated && String::from_utf8(cut.stderr).unwrap().contains("is not the whole of standard output"));
    assert_eq!(world.read("reports/out.txt").len(), 100);
}

#[test]
fn time_and_memory_are_those_of_the_whole_tree() {
    let Some(world) = world() else { return };
    let spin = "import time\nwhile time.process_time() < 0.3: pass\nx = bytearray(80_000_000)";
    let done = world.run(world.action(&[
        "python3",
        "-c",
        &format!("import os\nif os.fork() == 0:\n exec('''{spin}''')\nelse: os.wait()"),
    ]));
    let done = done.unwrap();
    assert_eq!(done.ending, Ending::Exited(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(done.cpu_ms >= 300.0 && done.wall_ms >= 300.0, "{done:?}");
    assert!(done.max_rss_bytes > 80_000_000, "{}", done.max_rss_bytes);
}

#[test]
fn what_is_not_granted_or_leaves_the_workspace_is_denied() {
    let Some(world) = world() else { return };
    let check = |change: fn(&mut lockgate_ports::ToolAction), expected: &str| {
        let mut action = world.script("true");
        change(&mut action);
        match world.run(action) {
            Err(ToolError::Denied(text)) => assert!(text.contains(expected), "{text}"),
            other => panic!("{expected}: {other:?}"),
        }
    };
    check(|action| action.argv.clear(), "the command is empty");
    check(|action| action.argv[0] = "git".to_owned(), "add `exec: [git]` to the step's grants");
    check(|action| action.argv[0] = "/bin/sh".to_owned(), "knows no tool");
    check(|action| action.cwd = Some("../x".to_owned()), "leaves the workspace");
    check(|action| action.cwd = Some("/etc".to_owned()), "leaves the workspace");
    check(|action| action.cwd = Some("nowhere".to_owned()), "add `nowhere/**`");
    check(|action| action.stdout_to = Some("a/../../b".to_owned()), "leaves the workspace");
    check(|action| action.inputs = vec!["/etc/*".to_owned()], "relative to the workspace");
    check(|action| action.outputs = vec!["[".to_owned()], "cannot be used");
    check(|action| action.argv.push("a\0b".to_owned()), "NUL");
    check(|action| drop(action.env.insert("A=B".to_owned(), String::new())), "environment variable");
    check(|action| action.argv.push("x".repeat(1024 * 1024)), "by standard input");
}

#[test]
fn waiting_for_a_permit_can_be_cancelled() {
    let Some(world) = world() else { return };
    let cancel = Cancel::default();
    std::thread::scope(|scope| {
        let run = || world.tools.run(world.script("sleep 1000"), Arc::new(Sink::default()), &cancel).unwrap();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        let clock = MachineClock;
        let until = lockgate_ports::Clock::monotonic_us(&clock) + 200_000;
        while lockgate_ports::Clock::monotonic_us(&clock) < until {
            std::thread::yield_now();
        }
        cancel.raise(lockgate_ports::cancel::StopReason::Cancelled);
        for thread in threads {
            assert_eq!(thread.join().unwrap().ending, Ending::Cancelled);
        }
    });
}

#[test]
fn signals_have_their_defaults_whatever_the_host_ignores() {
    let Some(world) = world() else { return };
    let ignored = world.said("sed -n 's/^SigIgn:.//p' /proc/self/status");
    let standard = u64::from_str_radix(ignored.trim(), 16).unwrap() & 0x7fff_ffff;
    assert_eq!(standard, 0, "{ignored}");
}
