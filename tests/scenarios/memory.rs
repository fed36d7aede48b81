//! A thousand steps in one run stay small.

use std::process::{Child, Stdio};
use std::time::Duration;

use lockgate_tests::Project;

/// Resident memory of a run of 1,000 pure steps, in KiB.
const RESIDENT_KIB_MAX: i64 = 150 * 1024;

/// Between two looks at the process.
const LOOK: Duration = Duration::from_millis(2);

/// The pipeline of the benchmark: `cells` jobs of `steps` steps, no two inputs alike.
fn pipeline(cells: usize, steps: usize) -> String {
    let numbers: Vec<String> = (0..cells).map(|cell| cell.to_string()).collect();
    let step = |step: usize| {
        format!("      - {{ uses: verdict, with: {{ number: \"${{{{ matrix.n * {steps} + {step} }}}}\" }} }}\n")
    };
    format!(
        "name: many\nplugins: {{ verdict: \"registry.example/guests/verdict:0.1\" }}\njobs:\n  many:\n    strategy: {{ matrix: {{ n: [{}] }} }}\n    steps:\n{}",
        numbers.join(", "),
        (0..steps).map(step).collect::<String>()
    )
}

#[test]
fn a_run_of_1000_pure_steps_stays_under_150_mb() {
    let project = Project::with(&pipeline(50, 20), &["verdict"]);
    let mut command = project.command(&["run"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("lockgate starts");
    let (code, resident_kib) = wait(&mut child);
    assert_eq!(code, Some(0));
    assert!(resident_kib > 0, "it was looked at while it ran");
    println!("resident: {} MB", resident_kib / 1024);
    assert!(resident_kib < RESIDENT_KIB_MAX, "{resident_kib} KiB resident");
    let shown = project.lockgate(&["show", "--json"]);
    let run: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let steps = run["jobs"].as_array().expect("jobs").iter().flat_map(|job| job["steps"].as_array().expect("steps"));
    let passed = steps.filter(|step| step["result"]["conclusion"] == "passed").count();
    assert_eq!(passed, 1000);
}

/// Waits for a child and gives its exit code and the largest resident set that was seen of it. What `wait4` tells would
/// be at least that of this process when it forked.
fn wait(child: &mut Child) -> (Option<i32>, i64) {
    let status = format!("/proc/{}/status", child.id());
    let mut resident_kib = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak =
            text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        resident_kib = peak.unwrap_or(0).max(resident_kib);
        if let Some(ended) = child.try_wait().expect("a child") {
            return (ended.code(), resident_kib);
        }
        std::thread::sleep(LOOK);
    }
}
