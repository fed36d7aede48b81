//! Starting bubblewrap: what it is handed, and what is set before it runs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use lockgate_ports::secrets::SecretValue;
use rustix::fs::MemfdFlags;
use rustix::io::FdFlags;
use rustix::process::{Resource, Rlimit};

use crate::limits::{CORE_BYTES_MAX, Limits};
use crate::process::Enclosure;

/// Signals behind this number are real-time ones, whose default nobody changes.
const STANDARD_SIGNALS: i32 = 31;

/// A bubblewrap that was started.
pub(crate) struct Launched {
    pub(crate) child: Child,
    /// Where it tells what it does.
    pub(crate) status: PipeReader,
    /// Lets the command begin; none for one that need not wait.
    pub(crate) gate: Option<Gate>,
}

/// What a command waits for before it begins.
pub(crate) struct Gate(PipeWriter);

impl Gate {
    /// Lets the command begin. One that is dead already does not care.
    pub(crate) fn open(mut self) {
        let _dead_already = self.0.write_all(b"1");
    }
}

/// All descriptors are handed to this child alone: they stay closed-on-exec in this process, where other threads start
/// other children.
#[expect(unsafe_code, reason = "`pre_exec` is the one way to set a child's limits before it runs")]
pub(crate) fn launch(enclosure: &Enclosure<'_>) -> io::Result<Launched> {
    let (status, status_writer) = io::pipe()?;
    let mut command = Command::new(enclosure.bwrap);
    let mut handed = Vec::new();
    let mut hand = |option: &str, fd: OwnedFd| {
        command.arg(option).arg(fd.as_raw_fd().to_string());
        handed.push(fd);
    };
    hand("--args", sealed_arguments(&enclosure.options, enclosure.secrets)?);
    hand("--json-status-fd", status_writer.into());
    let mut gate = None;
    if enclosure.network.is_some() {
        let (block, writer) = io::pipe()?;
        hand("--block-fd", block.into());
        gate = Some(Gate(writer));
    }
    command.arg("--").args(enclosure.argv).env_clear().current_dir("/");
    command.stdin(if enclosure.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let rlimits = rlimits(enclosure.limits);
    // SAFETY: the closure makes system calls only (signal, setrlimit, fcntl): no allocation, no lock, no other thread's state.
    unsafe { command.pre_exec(move || prepare(&rlimits, &handed)) };
    Ok(Launched { child: command.spawn()?, status, gate })
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

/// Options in memory, each ended by a NUL. Secrets are written from where they are, so that no copy has to be wiped.
fn sealed_arguments(options: &[String], secrets: &BTreeMap<String, SecretValue>) -> io::Result<OwnedFd> {
    let mut file = File::from(rustix::fs::memfd_create("lockgate-options", MemfdFlags::CLOEXEC)?);
    for option in options {
        file.write_all(option.as_bytes())?;
        file.write_all(b"\0")?;
    }
    for (name, value) in secrets {
        for word in [b"--setenv", name.as_bytes(), value.expose()] {
            file.write_all(word)?;
            file.write_all(b"\0")?;
        }
    }
    file.rewind()?;
    Ok(file.into())
}
