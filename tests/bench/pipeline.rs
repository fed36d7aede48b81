//! A pipeline of 50 jobs with 20 pure steps each, by the real binary with a fresh state folder, against ninja running
//! `true` 1,000 times.

use std::path::Path;
use std::process::{Command, Stdio};

use lockgate_tests::Project;

use crate::measure::{Figure, Ratio, samples};

const JOBS: usize = 50;
const STEPS: usize = 20;
/// Whole runs of each.
const RUNS: usize = 15;

pub(crate) fn against_ninja(guest: &[u8]) -> Option<Ratio> {
    let project = Project::empty();
    project.publish("verdict", guest);
    project.write("lockgate.yaml", &pipeline());
    project.lockgate(&["lock"]).expect_code(0);
    let ours = samples(RUNS, || run(&project));
    let ours = Figure::median_us("lockgate run: 50 jobs of 20 pure steps", ours);
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("build.ninja"), ninja_file()).expect("a ninja file");
    if !has_ninja() {
        println!("SKIPPED: ninja is not installed (apt-get install ninja-build); no pipeline_vs_ninja");
        return None;
    }
    let theirs = Figure::median_us("ninja -j2: 1,000 times true", samples(RUNS, || ninja(folder.path())));
    Some(Ratio::new("pipeline_vs_ninja", &ours, &theirs, 0.25))
}

/// No state but the plugins, which stay in the user's cache as they would: nothing is answered from an earlier run.
fn run(project: &Project) {
    let state = project.path(".lockgate");
    if state.exists() {
        std::fs::remove_dir_all(&state).expect("the state folder goes away");
    }
    project.lockgate(&["run"]).expect_code(0);
}

fn pipeline() -> String {
    let numbers: Vec<String> = (0..JOBS).map(|job| job.to_string()).collect();
    let step = |step: usize| {
        format!("      - {{ uses: verdict, with: {{ number: \"${{{{ matrix.n * {STEPS} + {step} }}}}\" }} }}\n")
    };
    format!(
        "name: many\nplugins: {{ verdict: \"registry.example/guests/verdict:0.1\" }}\njobs:\n  many:\n    \
         strategy: {{ matrix: {{ n: [{}] }} }}\n    steps:\n{}",
        numbers.join(", "),
        (0..STEPS).map(step).collect::<String>()
    )
}

fn ninja_file() -> String {
    let targets = 0..JOBS * STEPS;
    let builds: String = targets.clone().map(|number| format!("build t{number}: true\n")).collect();
    let all: String = targets.map(|number| format!(" t{number}")).collect();
    format!("rule true\n  command = true\n{builds}build all: phony{all}\ndefault all\n")
}

fn has_ninja() -> bool {
    Command::new("ninja").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Targets that are never made are never up to date: every run does all of them.
fn ninja(folder: &Path) {
    let mut command = Command::new("ninja");
    let status = command.args(["-j2", "--quiet"]).current_dir(folder).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "ninja failed");
}
