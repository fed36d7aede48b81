//! A folder with a pipeline, its lock file and a state folder, as a user has them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use lockgate_registry::Layout;

use crate::artifacts::{guest, lockgate};

/// A project in a temporary folder that goes away with it.
pub struct Project {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The exit code; 128 and the signal for one that was killed.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Project {
    /// An empty project whose `registry.example/guests/` is a layout of its own.
    #[must_use]
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let project = Self { folder };
        project.write(
            "lockgate.toml",
            "[[mirrors]]\nprefix = \"registry.example/guests/\"\nlocation = \"oci-layout:guests\"\n",
        );
        // Layouts and configuration are not what a pipeline works on.
        project.write(".gitignore", "/guests\n/lockgate.toml\n/lockgate.lock\n");
        Layout::create(&project.path("guests")).expect("a layout");
        project
    }

    /// A project with this pipeline, locked, and these guests published as `registry.example/guests/NAME:0.1`.
    #[must_use]
    pub fn with(pipeline: &str, guests: &[&str]) -> Self {
        let project = Self::empty();
        for name in guests {
            project.publish(name, &std::fs::read(guest(&format!("lockgate-guest-{name}"))).expect("a guest"));
        }
        project.write("lockgate.yaml", pipeline);
        project.lockgate(&["lock"]).expect_code(0);
        project
    }

    /// Publishes bytes as `registry.example/guests/NAME:0.1`.
    pub fn publish(&self, name: &str, component: &[u8]) {
        let layout = Layout::open(&self.path("guests")).expect("a layout");
        let reference = format!("registry.example/guests/{name}:0.1").parse().expect("a reference");
        layout.push(&reference, component, None).expect("pushed");
    }

    /// The project's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path below it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, folders made as needed.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("below the project")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Runs `lockgate` with these arguments to its end.
    #[must_use]
    pub fn lockgate(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().expect("lockgate starts"))
    }

    /// Starts `lockgate` with these arguments.
    #[must_use]
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("lockgate starts")
    }

    /// The command, in the project's folder, with an environment of its own but for the cache of compiled plugins.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(lockgate());
        command.args(arguments).current_dir(self.folder()).stdin(Stdio::null()).env("NO_COLOR", "1");
        command.env("XDG_CONFIG_HOME", self.path(".no-user-config"));
        command
    }
}

impl Ended {
    /// The end of a command.
    #[must_use]
    pub fn of(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let code = output.status.code().or(output.status.signal().map(|signal| 128 + signal)).unwrap_or(-1);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Insists on an exit code, and shows everything when it is another one.
    pub fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Insists that one of the streams says this.
    pub fn expect_text(&self, text: &str) -> &Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "`{text}` is not in\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}
