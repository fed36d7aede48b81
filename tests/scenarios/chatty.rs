//! A step that says and reads much: nothing of it is missing from its journal, wherever that lies.

use lockgate_tests::Project;
use serde_json::Value;

/// Few calls stay with the attempt's end, many go to a file of their own.
fn check(calls: usize) {
    let pipeline = format!(
        "name: chatty\nplugins: {{ chatterbox: \"registry.example/guests/chatterbox:0.1\" }}\njobs:\n  talk:\n    \
         steps:\n      - {{ uses: chatterbox, with: {{ lines: {calls}, reads: {calls}, file: piece.bin }} }}\n"
    );
    let project = Project::with(&pipeline, &["chatterbox"]);
    project.write("piece.bin", &"x".repeat(4 * 1024));
    project.lockgate(&["run"]).expect_code(0);
    let logs = project.lockgate(&["logs", "latest", "--json"]);
    let calls_told: Vec<Value> =
        logs.expect_code(0).stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let body = |call: &Value| call["call"]["body"].clone();
    let lines = calls_told.iter().filter(|call| body(call)["line"]["source"] == "log").count();
    let reads = calls_told.iter().filter(|call| body(call)["function"]["bytes"] == 4 * 1024).count();
    assert_eq!((lines, reads), (calls, calls));
    let numbers: Vec<u64> = calls_told.iter().filter_map(|call| call["call"]["seq"].as_u64()).collect();
    assert_eq!(numbers, (0..calls_told.len() as u64).collect::<Vec<_>>());
}

#[test]
fn every_line_and_every_read_is_in_the_journal() {
    check(50);
    check(2_000);
}
