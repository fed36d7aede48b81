//! `journal`: every call, as a table and as JSON.

use lockgate_model::ids::Digest;
use lockgate_tests::{Loopback, Project};
use serde_json::Value;

const PIPELINE: &str = "\
name: called
plugins:
  errand: registry.example/guests/errand:0.1
  verdict: registry.example/guests/verdict:0.1
jobs:
  world:
    steps:
      - id: ask
        uses: errand
        with: { tasks: [{ time: {} }, { read: notes }, { get: \"http://SERVER/x\" }, { get: \"http://other.example/y\" }, { say: a line }] }
        grants: { http: [\"http://SERVER\"], clock: true }
      - { id: judge, uses: verdict, with: { say: judged } }
";

fn ran() -> (Project, Loopback) {
    let server = Loopback::start();
    let project = Project::with(&PIPELINE.replace("SERVER", &server.address()), &["errand", "verdict"]);
    project.write("notes", "what the step reads\n");
    project.lockgate(&["run"]).expect_code(0);
    (project, server)
}

#[test]
fn the_table_shows_calls_answers_and_grants() {
    let (project, server) = ran();
    let table = project.lockgate(&["journal", "latest", "ask"]);
    table
        .expect_code(0)
        .expect_text("wasi:clocks/wall-clock.now")
        .expect_text("[clock]")
        .expect_text("wasi:filesystem/types.open-at {")
        .expect_text("\"path\":\"notes\"")
        .expect_text(&format!("[http: [http://{}]]", server.address()))
        .expect_text("denied: http: [GET http://other.example/y]")
        .expect_text("log");
    let judged = project.lockgate(&["journal", "latest", "world/judge#1"]);
    judged.expect_code(0).expect_text("judged").expect_text("cache.look");
    project.lockgate(&["journal", "latest", "ask#2"]).expect_code(2).expect_text("lockgate show");
    project.lockgate(&["journal", "latest", "nobody"]).expect_code(2).expect_text("nobody");
    project.lockgate(&["journal", "nowhere", "ask"]).expect_code(2).expect_text("lockgate runs");
}

#[test]
fn each_call_is_an_object_with_digests_of_what_it_shows() {
    let (project, _server) = ran();
    let json = project.lockgate(&["journal", "latest", "ask", "--json"]);
    let calls: Vec<Value> =
        json.expect_code(0).stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for (seq, call) in calls.iter().enumerate() {
        assert_eq!(call["seq"], seq, "{call}");
        assert!(call["attempt"].as_str().is_some_and(|attempt| attempt.ends_with("/world/ask#1")), "{call}");
        assert!(call["at-ms"].is_u64() && call["duration-us"].is_u64() && !call["permission"].is_null(), "{call}");
    }
    let functions: Vec<&Value> = calls.iter().filter(|call| call["function"].is_string()).collect();
    for call in &functions {
        for part in ["arguments", "result"] {
            let digest = Digest::of(call[part].to_string().as_bytes()).to_string();
            assert_eq!(call[format!("{part}-digest")], digest, "{call}");
        }
    }
    let find = |function: &str| functions.iter().find(|call| call["function"] == function).expect("a call");
    assert_eq!(find("now")["permission"], serde_json::json!({ "granted": "clock" }));
    let sent = functions.iter().filter(|call| call["function"] == "send").collect::<Vec<_>>();
    assert_eq!(sent.len(), 2, "{sent:#?}");
    assert_eq!((&sent[0]["result"]["status"], &sent[0]["bytes"]), (&200.into(), &"hello from /x".len().into()));
    assert!(sent[1]["permission"]["denied"].is_string(), "{}", sent[1]);
}
