//! A run in which nothing has changed: 50 native commands, each with one declared input and one output, all answered
//! from the cache; the whole process, against what people would pick for that. Every package has a folder, a file and a
//! command that copies it, the same for all.

use std::path::{Path, PathBuf};
use std::process::Command;

use lockgate_tests::Project;
use lockgate_tests::npm::{MOON, TURBO};

use crate::measure::{Figure, Ratio, timed};

const TASKS: usize = 50;
/// Whole runs of each, taken in turn, so that all meet the same machine.
const RUNS: usize = 30;

pub(crate) fn against_turbo(verdict: &[u8]) -> Option<Ratio> {
    let native = native();
    let pure = pure(verdict);
    let all_known = format!("{TASKS} of {TASKS} steps answered from the cache");
    let mut contestants = vec![
        Contestant::new("lockgate run: 50 native steps, all known", move || native.command(&["run"]), &all_known),
        Contestant::new("lockgate run: 50 pure steps, all known", move || pure.command(&["run"]), &all_known),
    ];
    contestants.extend(turbo());
    contestants.extend(moon());
    contestants.extend(ninja());
    // Twice: what the first run made, the second one finds and puts in order.
    (0..2).for_each(|_| contestants.iter_mut().for_each(|contestant| drop(contestant.output())));
    let mut samples = vec![Vec::new(); contestants.len()];
    for _ in 0..RUNS {
        for (contestant, samples) in contestants.iter_mut().zip(&mut samples) {
            samples.push(contestant.timed());
        }
    }
    let names: Vec<&str> = contestants.iter().map(|contestant| contestant.name).collect();
    let figures: Vec<Figure> =
        names.iter().zip(samples).map(|(name, samples)| Figure::median_us(name, samples)).collect();
    let theirs = names.iter().position(|name| name.starts_with("turbo"))?;
    Some(Ratio::new("noop_vs_turbo", &figures[0], &figures[theirs], 0.5))
}

/// One that has 50 tasks which need not run.
struct Contestant {
    name: &'static str,
    command: Box<dyn Fn() -> Command>,
    /// What it says when it ran nothing.
    says: String,
}

impl Contestant {
    fn new(name: &'static str, command: impl Fn() -> Command + 'static, says: &str) -> Self {
        Self { name, command: Box::new(command), says: says.to_owned() }
    }

    fn output(&self) -> String {
        let ended = (self.command)().output().expect("it starts");
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(ended.status.success(), "{}: {said}{}", self.name, String::from_utf8_lossy(&ended.stderr));
        said
    }

    /// What one has written and not synced would be paid by the next one that syncs: it is on disk before.
    fn timed(&self) -> f64 {
        let synced = Command::new("sync").status();
        assert!(synced.is_ok_and(|status| status.success()), "sync");
        let mut said = String::new();
        let took_us = timed(&mut || said = self.output());
        assert!(said.contains(&self.says), "{} ran something: {said}", self.name);
        took_us
    }
}

fn packages() -> impl Iterator<Item = String> {
    (0..TASKS).map(|number| format!("packages/p{number}"))
}

/// One job of 50 steps, so that all work in one folder as the others do.
fn native() -> Project {
    let project = Project::empty();
    let exec = std::fs::read(lockgate_tests::guest("lockgate-plugin-exec")).expect("the plugin `exec`");
    project.publish("exec", &exec);
    let step = |package: String| {
        project.write(&format!("{package}/in.txt"), &package);
        format!(
            "      - uses: exec\n        with: {{ script: \"cat {package}/in.txt > {package}/out.txt\", \
             inputs: [{package}/in.txt], outputs: [{package}/out.txt] }}\n        grants: {{ exec: [sh] }}\n"
        )
    };
    let steps: String = packages().map(step).collect();
    lock(project, "exec", &steps)
}

fn pure(verdict: &[u8]) -> Project {
    let project = Project::empty();
    project.publish("verdict", verdict);
    let step = |number: usize| format!("      - {{ uses: verdict, with: {{ number: {number} }} }}\n");
    let steps: String = (0..TASKS).map(step).collect();
    lock(project, "verdict", &steps)
}

fn lock(project: Project, plugin: &str, steps: &str) -> Project {
    let head =
        format!("name: noop\nplugins: {{ {plugin}: \"registry.example/guests/{plugin}:0.1\" }}\njobs:\n  work:\n");
    project.write("lockgate.yaml", &format!("{head}    steps:\n{steps}"));
    project.lockgate(&["lock"]).expect_code(0);
    project
}

/// Its own program, not the script of Node.js that would start it: that alone takes longer.
fn turbo() -> Option<Contestant> {
    let program = TURBO.fetch()?;
    let workspace =
        "{\"name\":\"noop\",\"private\":true,\"packageManager\":\"npm@11.0.0\",\"workspaces\":[\"packages/*\"]}";
    let tasks = "{\"tasks\":{\"build\":{\"inputs\":[\"in.txt\"],\"outputs\":[\"out.txt\"]}}}";
    let folder = repository(&[("package.json", workspace), ("turbo.json", tasks)], &|package| {
        let name = package.rsplit('/').next().unwrap_or(package);
        let scripts = "{\"build\":\"cat in.txt > out.txt\"}";
        ("package.json", format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\",\"scripts\":{scripts}}}"))
    });
    let command = move || {
        let mut turbo = quiet(&program, folder.path());
        turbo.args(["run", "build", "--output-logs=full"]);
        turbo
    };
    Some(Contestant::new("turbo run: 50 tasks, all known", command, "50 cached, 50 total"))
}

fn moon() -> Option<Contestant> {
    let program = MOON.fetch()?;
    let workspace = "projects: ['packages/*']\ntelemetry: false\nvcs: { manager: git, defaultBranch: main }\n";
    let folder = repository(&[(".moon/workspace.yml", workspace)], &|_| {
        let task = "command: 'cp in.txt out.txt'\n    inputs: [in.txt]\n    outputs: [out.txt]\n";
        ("moon.yml", format!("tasks:\n  build:\n    {task}"))
    });
    let command = move || {
        let mut moon = quiet(&program, folder.path());
        moon.args(["run", ":build"]);
        moon
    };
    Some(Contestant::new("moon run: 50 tasks, all known", command, "50 cached"))
}

fn ninja() -> Option<Contestant> {
    let is_there = Command::new("ninja").arg("--version").output().is_ok_and(|ended| ended.status.success());
    if !is_there {
        println!("SKIPPED: ninja is not installed (apt-get install ninja-build); no 50 targets of ninja");
        return None;
    }
    let builds: String =
        packages().map(|package| format!("build {package}/out.txt: copy {package}/in.txt\n")).collect();
    let text = format!("rule copy\n  command = cat $in > $out\n{builds}");
    let folder = repository(&[("build.ninja", &text)], &|_| ("note.txt", String::new()));
    let command = move || quiet(&PathBuf::from("ninja"), folder.path());
    Some(Contestant::new("ninja: 50 targets, all up to date", command, "no work to do"))
}

/// A git repository with these files, and in each package `in.txt` and one more.
fn repository(files: &[(&str, &str)], of_package: &dyn Fn(&str) -> (&'static str, String)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write(".gitignore", "out.txt\n.turbo\n.moon/cache\nnode_modules\n");
    files.iter().for_each(|(path, text)| write(path, text));
    for package in packages() {
        write(&format!("{package}/in.txt"), &package);
        let (name, text) = of_package(&package);
        write(&format!("{package}/{name}"), &text);
    }
    for arguments in [&["init", "--quiet", "--initial-branch=main"][..], &["add", "--all"], &COMMIT] {
        let status = Command::new("git").args(arguments).current_dir(folder.path()).status();
        assert!(status.is_ok_and(|status| status.success()), "git {arguments:?}");
    }
    folder
}

const COMMIT: [&str; 8] =
    ["-c", "user.name=bench", "-c", "user.email=bench@mail.example", "commit", "--quiet", "--message", "as measured"];

/// Nobody is told that a benchmark ran.
fn quiet(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(std::process::Stdio::null()).env("NO_COLOR", "1").env("DO_NOT_TRACK", "1");
    command.env("TURBO_TELEMETRY_DISABLED", "1").env("TURBO_NO_UPDATE_NOTIFIER", "1").env("MOON_TELEMETRY", "false");
    command
}
