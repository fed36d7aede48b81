//! A server in a process of its own, that can be killed and measured. It is this test program, asked to be the server.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use lockgate_registry_server::Server;

use crate::support::{Client, TestHost, settings};

const FOLDER: &str = "LOCKGATE_TEST_REGISTRY";
const LISTENS: &str = "listens on ";

#[test]
#[ignore = "not a test: the server that other tests start as a process"]
fn serve() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("started by another test"));
    let settings = settings(&folder, Arc::<TestHost>::default());
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), settings).unwrap();
    let running = server.start().unwrap();
    println!("\n{LISTENS}{}", running.address());
    loop {
        std::thread::park();
    }
}

/// A process that serves, and is killed in the end.
pub(crate) struct Process {
    child: Child,
    /// Held open: a test program that cannot print ends itself, and after a minute it prints that it still runs.
    _printed: BufReader<ChildStdout>,
    pub(crate) client: Client,
}

impl Process {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, None)
    }

    /// With a limit to the bytes of each file that it writes: a disk that is full, as far as it can tell.
    pub(crate) fn start_with(folder: &Path, file_bytes_max: Option<u64>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child::serve", "--ignored", "--nocapture"]).env(FOLDER, folder);
        if let Some(bytes) = file_bytes_max {
            let limit = move || limit_files(bytes);
            // SAFETY: between fork and exec only two system calls are made, which allocate nothing and take no lock.
            unsafe { command.pre_exec(limit) };
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut lines = printed.by_ref().lines().map(Result::unwrap);
        let address = lines.find_map(|line| line.strip_prefix(LISTENS).map(str::to_owned));
        Self { child, _printed: printed, client: Client::new(&address.expect("the server listens")) }
    }

    /// Most memory that it ever held, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already dead after `kill`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn limit_files(bytes: u64) -> std::io::Result<()> {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: `limit` is a valid `rlimit` for the length of the call, and ignoring a signal runs no code of ours.
    let failed = unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit)
    };
    if failed == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}
