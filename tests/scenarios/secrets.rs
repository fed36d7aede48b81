//! The encrypted file of values: who can read it, who can change it, and where no value ever stands.

mod edit;
mod readers;
mod values;

use std::borrow::Cow;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use lockgate_ports::secrets::{Mask, SecretValue};
use lockgate_tests::{Ended, Project};

const FILE: &str = "lockgate.secrets.toml";
const VALUE: &str = "correct horse/battery+staple";
const OTHER: &str = "another value, of another name";

/// A project with people, each with a home and a key of their own.
struct Desk {
    project: Project,
}

impl Desk {
    fn empty() -> Self {
        let project = Project::empty();
        for folder in ["runtime", "temporary"] {
            fs::create_dir(project.path(folder)).expect("a folder");
        }
        Self { project }
    }

    /// `ann` has made the file and set `deploy`; `sign` is beside it.
    fn with_values() -> Self {
        let desk = Self::empty();
        desk.lockgate("ann", &["init"]).expect_code(0);
        desk.set("ann", &["deploy", "--host", "api.example", "--host", "local.example:8443"], VALUE).expect_code(0);
        desk.set("ann", &["sign", "--no-host"], OTHER).expect_code(0);
        desk
    }

    fn command(&self, who: &str, arguments: &[&str]) -> Command {
        let mut command = self.project.command(&["secrets"]);
        for name in ["LOCKGATE_AGE_IDENTITY", "LOCKGATE_AGE_KEY", "VISUAL", "EDITOR"] {
            command.env_remove(name);
        }
        command.env_remove("XDG_CONFIG_HOME").env("HOME", self.project.path(who));
        command.env("XDG_RUNTIME_DIR", self.project.path("runtime")).env("TMPDIR", self.project.path("temporary"));
        command.args(arguments);
        command
    }

    fn lockgate(&self, who: &str, arguments: &[&str]) -> Ended {
        Ended::of(self.command(who, arguments).output().expect("lockgate starts"))
    }

    fn set(&self, who: &str, arguments: &[&str], input: &str) -> Ended {
        let mut command = self.command(who, &["set"]);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("lockgate starts");
        // Whoever refuses does not read.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        Ended::of(child.wait_with_output().expect("lockgate ends"))
    }

    /// `secrets edit` with a shell script for an editor; the text is at `$1`, the project at `$PROJECT`.
    fn edit(&self, who: &str, script: &str) -> Ended {
        Ended::of(self.editing(who, script).output().expect("lockgate starts"))
    }

    fn editing(&self, who: &str, script: &str) -> Command {
        self.project.write("editor.sh", script);
        let mut command = self.command(who, &["edit"]);
        // As editors are often named: a program with an argument, and a word in quotes.
        command.env("EDITOR", format!("sh '{}'", self.project.path("editor.sh").display()));
        command.env("PROJECT", self.project.folder());
        command
    }

    /// What somebody sees in an editor.
    fn seen(&self, who: &str) -> String {
        self.edit(who, "cp \"$1\" \"$PROJECT/seen\"\n").expect_code(0);
        fs::read_to_string(self.project.path("seen")).expect("what was seen")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.project.path(FILE)).expect("the file")
    }

    fn identity(&self, who: &str) -> PathBuf {
        self.project.path(who).join(".config/lockgate/identity.txt")
    }

    /// The public part of somebody's key.
    fn recipient(&self, who: &str) -> String {
        let text = fs::read_to_string(self.identity(who)).expect("an identity");
        text.lines().find_map(|line| line.strip_prefix("# public key: ")).expect("a public key").to_owned()
    }

    fn insist_on_nothing_in_plain(&self) {
        for folder in ["runtime", "temporary"] {
            let left = fs::read_dir(self.project.path(folder)).expect("a folder");
            assert_eq!(left.count(), 0, "something is left in {folder}");
        }
    }
}

/// Insists that a text holds neither value, as it is or in any of the forms that logs are searched for.
fn insist_on_no_value(what: &str, text: &str) {
    let mask = Mask::default();
    mask.add("deploy", &SecretValue::new(VALUE.into()));
    mask.add("sign", &SecretValue::new(OTHER.into()));
    assert!(matches!(mask.text(text), Cow::Borrowed(_)), "{what} holds a value:\n{text}");
}

/// The lines of an entry.
fn entry<'a>(text: &'a str, name: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("[secrets.{name}]")).expect("an entry");
    rest.split("\n[").next().unwrap_or_default()
}
