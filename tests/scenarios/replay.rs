//! Runs that are carried out again from their record: here, where nothing of the world is left, and elsewhere from a file.

mod bundles;
mod everything;
mod tampered;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use lockgate_tests::{Ended, Loopback, Project, lockgate};

/// What the one secret of these projects is worth.
const SECRET: &str = "kestrel-over-the-fen-41";

/// A project that has run once, with the server that it spoke with.
struct Ran {
    project: Project,
    /// Configuration of the user, apart from the project.
    home: tempfile::TempDir,
    server: Option<Loopback>,
}

impl Ran {
    /// Runs a pipeline in which `SERVER` stands for the address of a server.
    fn once(pipeline: &str, guests: &[&str], files: &[(&str, &str)], code: i32) -> Self {
        let server = Loopback::start();
        let home = tempfile::tempdir().expect("a folder");
        let project = Project::with(&pipeline.replace("SERVER", &server.address()), guests);
        for (name, text) in files {
            project.write(name, text);
        }
        let ran = Self { project, home, server: Some(server) };
        ran.configure();
        ran.lockgate(&["run"]).expect_code(code);
        ran
    }

    fn configure(&self) {
        let hosts = self.server.as_ref().map(Loopback::address).unwrap_or_default();
        let text = format!("[secrets.from.token]\nenv = \"TOKEN_OF_TEST\"\nhosts = [\"{hosts}\"]\n");
        std::fs::create_dir(self.home.path().join("lockgate")).expect("a folder");
        std::fs::write(self.home.path().join("lockgate/lockgate.toml"), text).expect("a file");
    }

    fn lockgate(&self, arguments: &[&str]) -> Ended {
        let mut command = self.project.command(arguments);
        command.env("XDG_CONFIG_HOME", self.home.path()).env("TOKEN_OF_TEST", SECRET);
        Ended::of(command.output().expect("lockgate starts"))
    }

    /// Replays where neither the server, nor a native tool, nor a network, nor the secret is.
    fn replay_alone(&mut self, arguments: &[&str]) -> Ended {
        self.server = None;
        alone(self.project.folder(), &["--state", ".lockgate", "replay"], arguments)
    }

    /// The file of a blob.
    fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").expect("a digest");
        let mut found = files_below(&self.project.path(".lockgate/blobs"));
        found.retain(|path| path.to_string_lossy().replace('/', "").ends_with(hex));
        found.pop().unwrap_or_else(|| panic!("no blob {digest}"))
    }

    /// The calls of a step, as `journal --json` has them.
    fn calls(&self, step: &str) -> Vec<serde_json::Value> {
        let ended = self.lockgate(&["journal", "latest", step, "--json"]);
        ended.expect_code(0).stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// A command in a world that has neither programs on PATH nor a network (where this user may make such a world).
fn alone(folder: &Path, first: &[&str], arguments: &[&str]) -> Ended {
    let mut command = without_network(lockgate().into_os_string());
    command.args(first).args(arguments).current_dir(folder).env_clear().env("PATH", "").env("NO_COLOR", "1");
    for (name, value) in [("HOME", "no-home"), ("XDG_CACHE_HOME", "no-cache"), ("XDG_CONFIG_HOME", "no-config")] {
        command.env(name, folder.join(".elsewhere").join(value));
    }
    Ended::of(command.output().expect("lockgate starts"))
}

fn without_network(program: OsString) -> Command {
    let unshare = Path::new("/usr/bin/unshare");
    let works = |options: &str| {
        let tried = Command::new(unshare).args([options, "/bin/true"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    match ["-rn", "-n"].into_iter().find(|options| works(options)) {
        Some(options) => {
            let mut command = Command::new(unshare);
            command.arg(options).arg(program);
            command
        }
        None => {
            lockgate_tests::programs::skip("no namespace without a network can be made here");
            Command::new(program)
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().expect("a type") {
            kind if kind.is_dir() => files.extend(files_below(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

/// The steps that `replay` calls identical.
fn identical(ended: &Ended) -> BTreeSet<String> {
    let lines = ended.stdout.lines().filter_map(|line| line.strip_prefix("identical"));
    let attempts = lines.filter_map(|line| line.trim().split(':').next()?.split_once('/'));
    attempts.filter_map(|(_, step)| step.split('#').next()).map(str::to_owned).collect()
}
