//! One command from its start to the death of its last process.

use std::fs::File;
use std::io::{self, PipeReader, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use lockgate_ports::tools::OutputSink;
use lockgate_ports::{Cancel, Clock};
use rustix::fs::MemfdFlags;
use rustix::io::FdFlags;
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal, pidfd_open, pidfd_send_signal};

use crate::limits::{CORE_BYTES_MAX, Limits, START_GRACE_MS, WATCH_MS};
use crate::reap::{Usage, reap};
use crate::streams::{Kept, Tee, drain, feed};
use crate::watchdog::Watchdog;

/// Signals behind this number are real-time ones, whose default nobody changes.
const STANDARD_SIGNALS: i32 = 31;

/// A command and the walls around it.
pub(crate) struct Enclosure<'a> {
    pub(crate) bwrap: &'a Path,
    pub(crate) options: Vec<String>,
    pub(crate) argv: &'a [String],
    pub(crate) stdin: &'a [u8],
    pub(crate) stdout_file: Option<File>,
    pub(crate) time_ms: u64,
    pub(crate) limits: &'a Limits,
    pub(crate) clock: &'a dyn Clock,
}

/// Why the host ended a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    TimedOut,
    Cancelled,
    TooManyProcesses,
}

/// A command that has ended, with all that it started.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit code as bubblewrap tells it; none when it was never started.
    pub(crate) code: Option<u8>,
    pub(crate) stopped: Option<Stopped>,
    pub(crate) stdout: Kept,
    pub(crate) stderr: Kept,
    pub(crate) usage: Usage,
    pub(crate) wall_ms: f64,
}

/// A document of bubblewrap's `--json-status-fd`.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Status {
    child_pid: Option<i32>,
    exit_code: Option<u8>,
}

enum Event {
    /// The init of the command's process namespace.
    Started(i32),
    Ended(io::Result<Ended>),
}

struct Ended {
    code: Option<u8>,
    usage: Usage,
}

impl Enclosure<'_> {
    /// Runs it. When this returns, nothing of it is left.
    pub(crate) fn run(&mut self, sink: &dyn OutputSink, cancel: &Cancel) -> io::Result<Finished> {
        let started_us = self.clock.monotonic_us();
        let (mut child, status) = self.spawn()?;
        let monitor = pid_of(&child)?;
        let monitor_handle = handle_or_kill(&mut child, monitor)?;
        let bytes_max = self.limits.stream_bytes_max;
        let tee = self.stdout_file.take().map(|file| Tee { file, bytes_left: self.limits.stdout_file_bytes_max });
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            let (sender, events) = channel();
            scope.spawn(move || supervise(monitor, status, &sender));
            scope.spawn(|| stdin.map(|stream| feed(stream, self.stdin)));
            let stdout = scope.spawn(move || stdout.map(|stream| drain(stream, false, bytes_max, sink, tee)));
            let stderr = scope.spawn(move || stderr.map(|stream| drain(stream, true, bytes_max, sink, None)));
            let (ended, stopped) = self.watch(started_us, &monitor_handle, &events, cancel)?;
            let wall_ms = (self.clock.monotonic_us() - started_us) as f64 / 1e3;
            let kept = |thread: std::thread::ScopedJoinHandle<'_, Option<Kept>>| {
                thread.join().map(Option::unwrap_or_default).map_err(|_| io::Error::other("a stream's reader panicked"))
            };
            let (stdout, stderr) = (kept(stdout)?, kept(stderr)?);
            Ok(Finished { code: ended.code, stopped, stdout, stderr, usage: ended.usage, wall_ms })
        })
    }

    /// Both descriptors are handed to this child alone: they stay closed-on-exec in this process, where other threads
    /// start other children.
    #[expect(unsafe_code, reason = "`pre_exec` is the one way to set a child's limits before it runs")]
    fn spawn(&self) -> io::Result<(Child, PipeReader)> {
        let (status, status_writer) = io::pipe()?;
        let handed = [sealed_arguments(&self.options)?, OwnedFd::from(status_writer)];
        let rlimits = rlimits(self.limits);
        let mut command = Command::new(self.bwrap);
        command.arg("--args").arg(handed[0].as_raw_fd().to_string());
        command.arg("--json-status-fd").arg(handed[1].as_raw_fd().to_string());
        command.arg("--").args(self.argv).env_clear().current_dir("/");
        command.stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // SAFETY: the closure makes system calls only (signal, setrlimit, fcntl): no allocation, no lock, no other thread's state.
        unsafe { command.pre_exec(move || prepare(&rlimits, &handed)) };
        Ok((command.spawn()?, status))
    }

    /// Waits for the end, and brings it about where it is due.
    fn watch(
        &self,
        started_us: u64,
        monitor: &OwnedFd,
        events: &Receiver<Event>,
        cancel: &Cancel,
    ) -> io::Result<(Ended, Option<Stopped>)> {
        let mut watchdog = Watchdog::new(self.limits.processes_max);
        let mut init: Option<(i32, OwnedFd)> = None;
        let mut stopped = None;
        loop {
            match events.recv_timeout(Duration::from_millis(WATCH_MS)) {
                Ok(Event::Started(pid)) => init = handle_of(pid).map(|handle| (pid, handle)),
                Ok(Event::Ended(ended)) => return Ok((ended?, stopped)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("nobody waits for the command")),
            }
            let elapsed_ms = (self.clock.monotonic_us() - started_us) / 1000;
            let is_swarm = || init.as_ref().is_some_and(|(pid, _)| watchdog.is_exceeded(*pid));
            stopped = stopped.or_else(|| self.reason_to_stop(elapsed_ms, cancel, is_swarm));
            if stopped.is_some() {
                kill(monitor, init.as_ref().map(|(_, handle)| handle), elapsed_ms);
            }
        }
    }

    fn reason_to_stop(&self, elapsed_ms: u64, cancel: &Cancel, is_swarm: impl FnOnce() -> bool) -> Option<Stopped> {
        if cancel.is_raised() {
            Some(Stopped::Cancelled)
        } else if elapsed_ms >= self.time_ms {
            Some(Stopped::TimedOut)
        } else {
            is_swarm().then_some(Stopped::TooManyProcesses)
        }
    }
}

/// Killing the namespace's init kills all in it, and bubblewrap ends behind it; killing bubblewrap first would leave the
/// rest to die at some later moment. Only where there is no init yet is it killed itself.
fn kill(monitor: &OwnedFd, init: Option<&OwnedFd>, elapsed_ms: u64) {
    let target = init.or_else(|| (elapsed_ms >= START_GRACE_MS).then_some(monitor));
    let _gone_already = target.map(|handle| pidfd_send_signal(handle, Signal::KILL));
}

/// Reads bubblewrap's status to its end, then waits for bubblewrap and for the namespace's init. bubblewrap ends when
/// the command does and leaves the init, which dies with it, to this process (a subreaper): only when that is waited
/// for has the kernel taken every process of the namespace away.
fn supervise(monitor: Pid, status: PipeReader, events: &Sender<Event>) {
    let mut code = None;
    let mut init = None;
    for status in serde_json::Deserializer::from_reader(status).into_iter::<Status>() {
        let Ok(status) = status else { break };
        if let Some(pid) = status.child_pid {
            init = Some(pid);
            let _watcher_waits_for_the_end = events.send(Event::Started(pid));
        }
        code = status.exit_code.or(code);
    }
    let usage = wait_for_both(monitor.as_raw_nonzero().get(), init);
    let _watcher_waits_for_the_end = events.send(Event::Ended(usage.map(|usage| Ended { code, usage })));
}

/// The peak of bubblewrap itself is that of this process, whose copy it was: where the init was waited for, only its
/// peak counts.
fn wait_for_both(monitor: i32, init: Option<i32>) -> io::Result<Usage> {
    let outer = reap(monitor)?.unwrap_or_default();
    let inner = init.map(reap).transpose()?.flatten();
    Ok(inner.map_or(outer, |inner| Usage { cpu_ms: inner.cpu_ms + outer.cpu_ms, ..inner }))
}

/// Runs in the child before bubblewrap does. Signals that this process ignores (a `nohup` is enough) would stay ignored
/// in the command: each gets its default back.
#[expect(unsafe_code, reason = "signal(2) has no safe wrapper")]
fn prepare(rlimits: &[(Resource, Rlimit)], handed: &[OwnedFd]) -> io::Result<()> {
    for signal in 1..=STANDARD_SIGNALS {
        // SAFETY: the default disposition needs no handler; SIGKILL and SIGSTOP are refused, which changes nothing.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    for (resource, rlimit) in rlimits {
        rustix::process::setrlimit(*resource, *rlimit)?;
    }
    for fd in handed {
        rustix::io::fcntl_setfd(fd.as_fd(), FdFlags::empty())?;
    }
    Ok(())
}

/// Hard limits, so that no command can raise them; never above those of this process.
fn rlimits(limits: &Limits) -> Vec<(Resource, Rlimit)> {
    let wanted = [
        (Resource::Core, CORE_BYTES_MAX),
        (Resource::Fsize, limits.file_bytes_max),
        (Resource::Nofile, limits.open_files_max),
        (Resource::Nproc, limits.user_threads_max),
    ];
    let cap = |(resource, value): (Resource, u64)| {
        let value = rustix::process::getrlimit(resource).maximum.map_or(value, |own| own.min(value));
        (resource, Rlimit { current: Some(value), maximum: Some(value) })
    };
    wanted.into_iter().map(cap).collect()
}

/// Options in memory, each ended by a NUL.
fn sealed_arguments(options: &[String]) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create("lockgate-options", MemfdFlags::CLOEXEC)?);
    for option in options {
        file.write_all(option.as_bytes())?;
        file.write_all(b"\0")?;
    }
    file.rewind()?;
    Ok(file.into())
}

fn pid_of(child: &Child) -> io::Result<Pid> {
    let raw = i32::try_from(child.id()).map_err(io::Error::other)?;
    Pid::from_raw(raw).ok_or_else(|| io::Error::other("a child without a process id"))
}

/// Without a handle (Linux before 5.3) a command could not be ended safely, so it is not let run.
fn handle_or_kill(child: &mut Child, monitor: Pid) -> io::Result<OwnedFd> {
    pidfd_open(monitor, PidfdFlags::empty()).map_err(|error| {
        let _killed_and_waited_for = child.kill().and_then(|()| child.wait());
        error.into()
    })
}

fn handle_of(pid: i32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()
}
