//! One command from its start to the death of its last process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use lockgate_ports::egress::Proxy;
use lockgate_ports::secrets::SecretValue;
use lockgate_ports::tools::OutputSink;
use lockgate_ports::{Cancel, Clock};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::launch::{Gate, Launched, launch};
use crate::limits::{Limits, START_GRACE_MS, WATCH_MS};
use crate::namespace::network_of;
use crate::network::Network;
use crate::reap::{Usage, reap};
use crate::streams::{Kept, Tee, drain, feed};
use crate::watchdog::Watchdog;

/// A command and the walls around it.
pub(crate) struct Enclosure<'a> {
    pub(crate) bwrap: &'a Path,
    pub(crate) options: Vec<String>,
    /// Variables whose values stand nowhere else.
    pub(crate) secrets: &'a BTreeMap<String, SecretValue>,
    pub(crate) argv: &'a [String],
    pub(crate) stdin: &'a [u8],
    pub(crate) stdout_file: Option<File>,
    pub(crate) time_ms: u64,
    /// The way to the network; none for a command that has none.
    pub(crate) network: Option<Network>,
    pub(crate) limits: &'a Limits,
    pub(crate) clock: &'a dyn Clock,
}

/// Why the host ended a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    TimedOut,
    Cancelled,
    TooManyProcesses,
    /// It never began: its way to the network could not be made.
    NoNetwork,
}

/// A command that has ended, with all that it started.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit code as bubblewrap tells it; none when it was never started.
    pub(crate) code: Option<u8>,
    pub(crate) stopped: Option<Stopped>,
    /// Why it has no network, where it was stopped for that.
    pub(crate) network_fault: Option<String>,
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
    net_namespace: Option<u64>,
    exit_code: Option<u8>,
}

enum Event {
    Started(Init),
    Ended(io::Result<Ended>),
}

/// The init of the command's process namespace.
struct Init {
    pid: i32,
    handle: Option<OwnedFd>,
    /// Its network namespace, where that is wanted.
    network: Option<io::Result<OwnedFd>>,
}

/// What is known of a command while it runs.
#[derive(Default)]
struct Watched {
    init: Option<Init>,
    stopped: Option<Stopped>,
    network_fault: Option<String>,
    /// Serves as long as the command lives.
    proxy: Option<Box<dyn Proxy>>,
}

struct Ended {
    code: Option<u8>,
    usage: Usage,
}

impl Enclosure<'_> {
    /// Runs it. When this returns, nothing of it is left.
    pub(crate) fn run(&mut self, sink: &dyn OutputSink, cancel: &Cancel) -> io::Result<Finished> {
        let started_us = self.clock.monotonic_us();
        let Launched { mut child, status, gate } = launch(self)?;
        let monitor = pid_of(&child)?;
        let monitor_handle = handle_or_kill(&mut child, monitor)?;
        let bytes_max = self.limits.stream_bytes_max;
        let tee = self.stdout_file.take().map(|file| Tee { file, bytes_left: self.limits.stdout_file_bytes_max });
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            let (sender, events) = channel();
            let has_network = self.network.is_some();
            scope.spawn(move || supervise(monitor, status, has_network, &sender));
            scope.spawn(|| stdin.map(|stream| feed(stream, self.stdin)));
            let stdout = scope.spawn(move || stdout.map(|stream| drain(stream, false, bytes_max, sink, tee)));
            let stderr = scope.spawn(move || stderr.map(|stream| drain(stream, true, bytes_max, sink, None)));
            let (ended, watched) = self.watch(started_us, &monitor_handle, &events, gate, cancel)?;
            let wall_ms = (self.clock.monotonic_us() - started_us) as f64 / 1e3;
            let kept = |thread: std::thread::ScopedJoinHandle<'_, Option<Kept>>| {
                thread.join().map(Option::unwrap_or_default).map_err(|_| io::Error::other("a stream's reader panicked"))
            };
            let (stdout, stderr) = (kept(stdout)?, kept(stderr)?);
            // Waits until each contact was told of.
            drop(watched.proxy);
            let Watched { stopped, network_fault, .. } = watched;
            Ok(Finished { code: ended.code, stopped, network_fault, stdout, stderr, usage: ended.usage, wall_ms })
        })
    }

    /// Waits for the end, and brings it about where it is due.
    fn watch(
        &self,
        started_us: u64,
        monitor: &OwnedFd,
        events: &Receiver<Event>,
        mut gate: Option<Gate>,
        cancel: &Cancel,
    ) -> io::Result<(Ended, Watched)> {
        let mut watchdog = Watchdog::new(self.limits.processes_max);
        let mut watched = Watched::default();
        loop {
            match events.recv_timeout(Duration::from_millis(WATCH_MS)) {
                Ok(Event::Started(init)) => self.begin(&mut watched, init, gate.take()),
                Ok(Event::Ended(ended)) => return Ok((ended?, watched)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("nobody waits for the command")),
            }
            let elapsed_ms = (self.clock.monotonic_us() - started_us) / 1000;
            let is_swarm = || watched.init.as_ref().is_some_and(|init| watchdog.is_exceeded(init.pid));
            watched.stopped = watched.stopped.or_else(|| self.reason_to_stop(elapsed_ms, cancel, is_swarm));
            if watched.stopped.is_some() {
                kill(monitor, watched.handle(), elapsed_ms);
            }
        }
    }

    /// Makes the way to the network and lets the command begin. Where it cannot be made, or the command was stopped in
    /// the meantime, it is dead before the gate is opened.
    fn begin(&self, watched: &mut Watched, mut init: Init, gate: Option<Gate>) {
        let namespace = init.network.take();
        if watched.stopped.is_none()
            && let (Some(network), Some(namespace)) = (&self.network, namespace)
        {
            match network.serve(namespace) {
                Ok(proxy) => watched.proxy = Some(proxy),
                Err(fault) => {
                    watched.stopped = Some(Stopped::NoNetwork);
                    watched.network_fault = Some(fault);
                }
            }
        }
        watched.init = Some(init);
        if watched.stopped.is_some() {
            let _gone_already = watched.handle().map(|init| pidfd_send_signal(init, Signal::KILL));
        }
        if let Some(gate) = gate {
            gate.open();
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

impl Watched {
    fn handle(&self) -> Option<&OwnedFd> {
        self.init.as_ref()?.handle.as_ref()
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
fn supervise(monitor: Pid, status: PipeReader, has_network: bool, events: &Sender<Event>) {
    let mut code = None;
    let mut init = None;
    for status in serde_json::Deserializer::from_reader(status).into_iter::<Status>() {
        let Ok(status) = status else { break };
        if let Some(pid) = status.child_pid {
            init = Some(pid);
            let network = has_network.then(|| network_of(pid, status.net_namespace));
            let _watcher_waits_for_the_end = events.send(Event::Started(Init { network, ..look_at(pid) }));
        }
        code = status.exit_code.or(code);
    }
    let usage = wait_for_both(monitor.as_raw_nonzero().get(), init);
    let _watcher_waits_for_the_end = events.send(Event::Ended(usage.map(|usage| Ended { code, usage })));
}

/// Nobody has waited for the init yet, so its number is its own. Without a handle it could not be ended safely, so it is
/// not let run.
fn look_at(pid: i32) -> Init {
    let id = Pid::from_raw(pid);
    let handle = id.and_then(|id| pidfd_open(id, PidfdFlags::empty()).ok());
    if let (None, Some(id)) = (&handle, id) {
        let _gone_already = rustix::process::kill_process(id, Signal::KILL);
    }
    Init { pid, handle, network: None }
}

/// The peak of bubblewrap itself is that of this process, whose copy it was: where the init was waited for, only its
/// peak counts.
fn wait_for_both(monitor: i32, init: Option<i32>) -> io::Result<Usage> {
    let outer = reap(monitor)?.unwrap_or_default();
    let inner = init.map(reap).transpose()?.flatten();
    Ok(inner.map_or(outer, |inner| Usage { cpu_ms: inner.cpu_ms + outer.cpu_ms, ..inner }))
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
