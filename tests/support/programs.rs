//! Programs of others that the tests speak with: those on PATH, otherwise Debian's, fetched once into a private folder.

use std::io::Write as _;
use std::process::Command;

use lockgate_guest_toolchain::{ToolchainError, find_program, packages};

/// Counts the ways in which the folder was made: an older one is left alone.
const FOLDER_NAME: &str = "test-programs-1";

/// Copies artifacts between registries and files; a client of the OCI project's own.
pub const ORAS: Program = Program::new("oras", "sid", "usr/bin/oras");
/// Copies images between registries and files; Podman's client.
pub const SKOPEO: Program = Program::new("skopeo", "sid", "usr/bin/skopeo");
/// Signs artifacts and checks signatures.
pub const COSIGN: Program = Program::new("cosign", "sid", "usr/bin/cosign");
/// A registry of version 2.8 of the distribution project: it knows no referrers.
pub const DOCKER_REGISTRY: Program = Program::new("docker-registry", "bookworm", "usr/bin/docker-registry");
/// Starts containers. It starts itself anew in each, so that no other loader can stand before it.
pub const RUNC: Program = Program { starts_itself: true, ..Program::new("runc", "bookworm", "usr/sbin/runc") };

/// A program, and the package of the same name that has it.
pub struct Program {
    name: &'static str,
    suite: &'static str,
    path: &'static str,
    starts_itself: bool,
}

impl Program {
    const fn new(name: &'static str, suite: &'static str, path: &'static str) -> Self {
        Self { name, suite, path, starts_itself: false }
    }

    /// A command that starts it, or nothing where it cannot be had: then it is said aloud that the test is skipped.
    ///
    /// # Panics
    /// When it cannot be had and the environment variable CI is set.
    #[must_use]
    pub fn command(&self) -> Option<Command> {
        if let Some(path) = find_program(self.name) {
            return Some(Command::new(path));
        }
        match self.fetch() {
            Ok(command) => Some(command),
            Err(failure) => {
                skip(&format!("{} cannot be had: {}", self.name, told(&failure)));
                None
            }
        }
    }

    fn fetch(&self) -> Result<Command, ToolchainError> {
        let folder = packages::cache_folder()?.join(FOLDER_NAME).join(self.name);
        packages::fetch(self.suite, &[self.name], &folder, &|what| say(&format!("{}: {what}", self.name)))?;
        if self.starts_itself {
            Ok(Command::new(folder.join(self.path)))
        } else {
            packages::command(&folder, self.path)
        }
    }
}

/// Says aloud that a test is left out.
///
/// # Panics
/// When the environment variable CI is set: there everything must be tested.
pub fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "this must be tested in CI: {why}");
    say(&format!("skipped: {why}"));
}

/// Past the test harness, which keeps what a passing test prints to itself.
fn say(line: &str) {
    // A closed terminal is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn told(failure: &ToolchainError) -> String {
    let mut text = failure.to_string();
    let mut source = std::error::Error::source(failure);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{COSIGN, DOCKER_REGISTRY, ORAS, Program, RUNC, SKOPEO};

    fn check(program: &Program, argument: &str) {
        let Some(mut command) = program.command() else { return };
        let ended = command.arg(argument).output().unwrap();
        assert!(ended.status.success(), "{command:?}: {ended:?}");
    }

    #[test]
    fn every_program_starts_here() {
        check(&ORAS, "version");
        check(&SKOPEO, "--version");
        check(&COSIGN, "version");
        check(&DOCKER_REGISTRY, "--version");
        check(&RUNC, "--version");
    }
}
