//! From an empty folder to a signed plugin in a pipeline: the very commands that the README shows.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lockgate_tests::{Ended, lockgate};

const HEADING: &str = "## A plugin of your own, in six commands";
const ADDRESS: &str = "127.0.0.1:5000";

/// The README's commands, without their comments.
fn commands() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let section = readme.split(HEADING).nth(1).expect("the README has the section");
    let block =
        section.split("```console\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a console block");
    let lines = block.lines().filter_map(|line| line.strip_prefix("$ "));
    lines.map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect()
}

/// A shell as a reader of the README has it, in a folder that is empty, with a registry on a free port.
struct Shell {
    folder: tempfile::TempDir,
    server: Option<Child>,
    address: String,
}

impl Shell {
    fn command(&self, line: &str) -> Command {
        let folder = lockgate().parent().expect("a folder").to_owned();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.args(["-c", &line.replace(ADDRESS, &self.address)]).current_dir(self.folder.path());
        command.env("PATH", format!("{}:{path}", folder.display())).env("LOCKGATE_KEY_PASSWORD", "a password");
        command.env("NO_COLOR", "1").env("XDG_CONFIG_HOME", self.folder.path().join(".no-user-config"));
        command.env("LOCKGATE_CACHE", self.folder.path().join(".cache")).stdin(Stdio::null());
        command
    }

    fn serve(&mut self, line: &str) {
        // The shell's own process becomes the server, so that it can be stopped by its id.
        let line = format!("exec {} --listen 127.0.0.1:0", line.trim_end_matches('&').trim());
        let mut server = self.command(&line).stdout(Stdio::piped()).spawn().expect("a server");
        let mut said = String::new();
        BufReader::new(server.stdout.take().expect("its output")).read_line(&mut said).expect("its first line");
        self.address = said.trim().rsplit("http://").next().expect("an address").to_owned();
        self.server = Some(server);
    }

    fn run(&self, line: &str) -> Ended {
        Ended::of(self.command(line).output().expect("a shell"))
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("a file")
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

#[test]
fn six_commands_lead_from_an_empty_folder_to_a_signed_plugin_in_a_pipeline() {
    let commands = commands();
    assert!(commands.len() <= 6, "{commands:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let mut shell = Shell { folder, server: None, address: ADDRESS.to_owned() };
    for line in &commands {
        match line.ends_with('&') {
            true => shell.serve(line),
            false => drop(shell.run(line).expect_code(0)),
        }
    }
    assert!(shell.text("lockgate.toml").contains("[[trust]]"));
    assert!(shell.text("lockgate.lock").contains("large-files:0.1"));
    shell.run("lockgate plugin verify").expect_code(0).expect_text("signed with plugin.pub");
    shell.run("lockgate show").expect_code(0).expect_text("scanner");
    unsigned_is_refused(&shell);
    a_cached_plugin_needs_no_registry(&mut shell);
}

/// What the key has not signed is refused before it is compiled, and the refusal says which rule and what was found.
fn unsigned_is_refused(shell: &Shell) {
    // Another author is another manifest: the one that was signed would be trusted wherever it stands.
    let push = format!("lockgate plugin push large-files {}/team/unsigned:1 --author Mallory", shell.address);
    shell.run(&push).expect_code(0);
    let compiled = || shell.folder.path().join(".cache/compiled");
    let before = files(&compiled());
    let add = format!("lockgate plugin add other {}/team/unsigned:1", shell.address);
    let refused = shell.run(&add);
    refused.expect_code(2).expect_text("no signature").expect_text("lockgate.toml").expect_text("/team");
    assert_eq!(files(&compiled()), before, "it was compiled");
}

fn a_cached_plugin_needs_no_registry(shell: &mut Shell) {
    let mut server = shell.server.take().expect("a server");
    server.kill().and_then(|()| server.wait()).expect("stopped");
    shell.run("lockgate run").expect_code(0);
}

fn files(folder: &Path) -> usize {
    let entries = folder.read_dir().expect("a folder").flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}
