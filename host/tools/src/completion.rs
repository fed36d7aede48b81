//! What is told of a command that has ended.

use lockgate_ports::tools::{self, Completion, Ending};

use crate::changes::Changes;
use crate::limits::Limits;
use crate::process::{Finished, Stopped};
use crate::request::Request;

/// bubblewrap, as shells do, tells a signal as 128 and its number: such a code counts as that signal.
fn ending(finished: &Finished) -> Ending {
    match (finished.stopped, finished.code) {
        (Some(Stopped::TimedOut), _) => Ending::TimedOut,
        (Some(Stopped::Cancelled), _) => Ending::Cancelled,
        (Some(Stopped::TooManyProcesses | Stopped::NoNetwork), _) => Ending::Signalled(9),
        (None, Some(code @ 129..=159)) => Ending::Signalled(code - 128),
        (None, code) => Ending::Exited(code.unwrap_or(u8::MAX)),
    }
}

/// What the caller is told, as far as the process tells it.
pub(crate) fn completion(finished: Finished) -> Completion {
    Completion {
        ending: ending(&finished),
        truncated: finished.stdout.is_cut || finished.stderr.is_cut || finished.stdout.file_fault.is_some(),
        wall_ms: finished.wall_ms,
        cpu_ms: finished.usage.cpu_ms,
        max_rss_bytes: finished.usage.max_rss_bytes,
        stdout: finished.stdout.bytes,
        stderr: finished.stderr.bytes,
        cached_from: None,
        changes: None,
        key: Vec::new(),
    }
}

/// A command that was cancelled while it waited for its turn.
pub(crate) fn never_started() -> Completion {
    Completion {
        ending: Ending::Cancelled,
        stdout: Vec::new(),
        stderr: Vec::new(),
        truncated: false,
        wall_ms: 0.0,
        cpu_ms: 0.0,
        max_rss_bytes: 0,
        cached_from: None,
        changes: Some(tools::Changes::default()),
        key: Vec::new(),
    }
}

/// What the host has to say of a command's end, as lines of its standard error.
pub(crate) fn notes(finished: &Finished, changes: &Changes, request: &Request, limits: &Limits) -> Vec<String> {
    let mut notes = Vec::new();
    if finished.stopped == Some(Stopped::TooManyProcesses) {
        notes.push(format!("lockgate: killed, it had more than {} processes\n", limits.processes_max));
    }
    if let (Some(fault), Some(path)) = (&finished.stdout.file_fault, &request.stdout_to) {
        notes.push(format!("lockgate: `{path}` is not the whole of standard output: {fault}\n"));
    }
    let left_out = changes.left_out.iter();
    notes.extend(left_out.map(|path| format!("lockgate: left out `{path}`: it is a device, a socket or a pipe\n")));
    notes
}
