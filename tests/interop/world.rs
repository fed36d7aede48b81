//! One registry, one project, and the programs that meet there.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use lockgate_tests::programs::Program;
use lockgate_tests::registries::{KINDS, Kind, Registry};
use lockgate_tests::{Ended, Project, guest};

/// The plugin of these tests: a gate that rules as its configuration says.
pub(crate) const PLUGIN: &str = "lockgate-guest-verdict";
/// The password of every private key.
pub(crate) const KEY_PASSWORD: &str = "a password";

/// A project beside a running registry. Nobody in it sees a login, a key or a cache of this machine's user.
pub(crate) struct World {
    pub(crate) project: Project,
    pub(crate) registry: Registry,
}

/// Has `check` try the same thing with every kind of registry, open to everybody.
pub(crate) fn with_each_registry(programs: &[&Program], check: impl Fn(&World)) {
    each(programs, Kind::open, check);
}

/// Has `check` try the same thing with every kind of registry, closed to all but one login.
pub(crate) fn with_each_closed_registry(programs: &[&Program], check: impl Fn(&World)) {
    each(programs, Kind::closed, check);
}

fn each(programs: &[&Program], start: impl Fn(Kind) -> Option<Registry>, check: impl Fn(&World)) {
    // Those that are missing have said so.
    if programs.iter().any(|program| program.command().is_none()) {
        return;
    }
    for registry in KINDS.into_iter().filter_map(start) {
        // What the harness shows of a test that fails.
        println!("with the registry {:?}", registry.kind());
        check(&World { project: Project::empty(), registry });
    }
}

impl World {
    /// `127.0.0.1:PORT/team/gate:1`.
    pub(crate) fn reference(&self) -> String {
        format!("{}:1", self.name())
    }

    /// `127.0.0.1:PORT/team/gate`.
    pub(crate) fn name(&self) -> String {
        self.registry.reference("team/gate")
    }

    /// Runs `lockgate`.
    pub(crate) fn lockgate(&self, arguments: &[&str]) -> Ended {
        finish(self.at_home(self.project.command(arguments)), "")
    }

    /// Runs a program of others, which must succeed.
    pub(crate) fn run(&self, program: &Program, arguments: &[&str]) -> String {
        self.run_with(program, arguments, "")
    }

    /// The same, with something on its standard input.
    pub(crate) fn run_with(&self, program: &Program, arguments: &[&str], input: &str) -> String {
        self.attempt(program, arguments, input).expect_code(0).stdout.clone()
    }

    /// Runs a program of others, to whatever end.
    pub(crate) fn attempt(&self, program: &Program, arguments: &[&str], input: &str) -> Ended {
        let mut command = program.command().expect("looked for before the test began");
        command.args(arguments).current_dir(self.project.folder());
        finish(self.at_home(command), input)
    }

    /// Pushes the plugin with `lockgate`; gives the digest of its manifest.
    pub(crate) fn push(&self) -> String {
        let component = component();
        let pushed = self.lockgate(&["plugin", "push", component.to_str().expect("a path"), &self.reference()]);
        let digest = pushed.expect_code(0).stdout.lines().find_map(|line| line.trim().strip_prefix("manifest "));
        digest.expect("the digest of what was pushed").trim().to_owned()
    }

    /// Pulls the plugin with `lockgate` and compares it with what was built.
    pub(crate) fn expect_pulled(&self) {
        self.lockgate(&["plugin", "pull", &self.reference(), "--output", "pulled.wasm"]).expect_code(0);
        self.expect_component("pulled.wasm");
    }

    /// Insists that a file of the project has the bytes of the component.
    pub(crate) fn expect_component(&self, file: &str) {
        let found = std::fs::read(self.project.path(file)).expect("a file");
        assert!(found == std::fs::read(component()).expect("the component"), "{file} is another component");
    }

    /// Pins the plugin in a new pipeline.
    pub(crate) fn add(&self) -> Ended {
        let reference = self.reference();
        let pipeline = format!(
            "name: interop\nplugins:\n  gate: {reference}\njobs:\n  check:\n    steps:\n      - uses: gate\n        with: {{ number: 7 }}\n"
        );
        self.project.write("lockgate.yaml", &pipeline);
        self.lockgate(&["plugin", "add", "gate", &reference])
    }

    /// Pins the plugin and runs it.
    pub(crate) fn expect_runs(&self) {
        self.add().expect_code(0);
        self.lockgate(&["run"]).expect_code(0).expect_text("as configured, number 7");
    }

    fn at_home(&self, mut command: Command) -> Command {
        let home = self.project.path("home");
        let runtime = home.join("run");
        std::fs::create_dir_all(&runtime).expect("a home folder");
        command.env("HOME", &home).env("XDG_RUNTIME_DIR", &runtime).env("XDG_CACHE_HOME", home.join("cache"));
        command.env("COSIGN_PASSWORD", KEY_PASSWORD).env("LOCKGATE_KEY_PASSWORD", KEY_PASSWORD);
        for variable in ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME"] {
            command.env_remove(variable);
        }
        command
    }
}

/// The component's file.
pub(crate) fn component() -> PathBuf {
    guest(PLUGIN)
}

fn finish(mut command: Command, input: &str) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // One that does not read has closed its end already.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    Ended::of(child.wait_with_output().expect("the program ends"))
}
