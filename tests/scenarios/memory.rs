//! A thousand steps in one run stay small.

use std::process::Stdio;

use lockgate_tests::Project;

/// Resident memory of a run of 1,000 pure steps, in KiB.
const RESIDENT_KIB_MAX: i64 = 150 * 1024;

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
    let (code, resident_kib) = wait(i32::try_from(child.id()).expect("a process id"));
    // It is gone already; this only tells the standard library so.
    let _ = child.wait();
    assert_eq!(code, 0);
    println!("resident: {} MB", resident_kib / 1024);
    assert!(resident_kib < RESIDENT_KIB_MAX, "{resident_kib} KiB resident");
    let shown = project.lockgate(&["show", "--json"]);
    let run: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let steps = run["jobs"].as_array().expect("jobs").iter().flat_map(|job| job["steps"].as_array().expect("steps"));
    let passed = steps.filter(|step| step["result"]["conclusion"] == "passed").count();
    assert_eq!(passed, 1000);
}

/// Waits for a child and gives its exit code and its largest resident set.
fn wait(pid: i32) -> (i32, i64) {
    let mut status = 0;
    // SAFETY: rusage is plain data for which zeroes are valid, and both pointers live through the call.
    let (waited, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(pid, &raw mut status, 0, &raw mut usage), usage)
    };
    assert_eq!(waited, pid);
    (libc::WEXITSTATUS(status), usage.ru_maxrss)
}
