//! Plugins that misbehave in a pipeline: each ends in its own named way, and the step beside it does not suffer.

mod echo;
mod leaks;

use lockgate_tests::Project;
use serde_json::Value;

/// A job with a hostile gate beside a job with a well-behaved one.
fn pipeline(guest: &str, config: &str) -> String {
    format!(
        "name: hostile\nplugins:\n  bad: registry.example/guests/{guest}:0.1\n  good: registry.example/guests/neighbour:0.1\n\
         jobs:\n  bad:\n    steps:\n      - {{ id: bad, uses: bad, timeout: 2s, with: {config} }}\n  \
         good:\n    steps:\n      - {{ id: good, uses: good }}\n"
    )
}

/// Runs it and gives the results of both steps.
fn run(guest: &str, config: &str) -> (Value, Value) {
    let project = Project::with(&pipeline(guest, config), &[guest, "neighbour"]);
    project.lockgate(&["run"]).expect_code(1);
    let shown: Value = serde_json::from_str(&project.lockgate(&["show", "--json"]).stdout).expect("JSON");
    let result = |job: usize| shown["jobs"][job]["steps"][0]["result"].clone();
    (result(0), result(1))
}

/// The hostile step has this outcome and conclusion and says this; the one beside it passed while the other was still at it,
/// or at least did not wait for it.
fn check(guest: &str, config: &str, outcome: &str, conclusion: &str, says: &str) {
    let (bad, good) = run(guest, config);
    assert_eq!((bad["outcome"].as_str(), bad["conclusion"].as_str()), (Some(outcome), Some(conclusion)), "{bad:#}");
    let message = bad["message"].as_str().unwrap_or_default();
    assert!(message.contains(says), "`{says}` is not in: {message}");
    assert_eq!(good["conclusion"], "passed", "{good:#}");
    let end =
        |result: &Value| result["started-at"].as_u64().zip(result["duration-ms"].as_u64()).map(|(at, ms)| at + ms);
    // What ends at once keeps nobody waiting: there both ends are a matter of a millisecond.
    let is_long = bad["duration-ms"].as_u64().is_some_and(|ms| ms > 100);
    assert!(!is_long || end(&good) <= end(&bad), "the neighbour waited: {good:#} {bad:#}");
}

#[test]
fn an_endless_loop_is_out_of_time() {
    check("spin", "{}", "limited", "timed-out", "2");
}

#[test]
fn memory_without_end_is_denied() {
    check("hoard", "{}", "limited", "failed", "memory");
}

#[test]
fn a_log_flood_is_cut() {
    check("flood", "{ endless: false }", "limited", "failed", "log");
    check("flood", "{ endless: true }", "limited", "failed", "log");
}

#[test]
fn a_trap_is_a_trap() {
    check("panics", "{}", "trapped", "failed", "trapped");
}

#[test]
fn endless_recursion_is_stopped() {
    let (bad, good) = run("recursion", "{}");
    assert_eq!(bad["outcome"], "limited", "{bad:#}");
    assert!(bad["message"].as_str().is_some_and(|message| message.contains("stack")), "{bad:#}");
    assert_eq!(good["conclusion"], "passed");
}

#[test]
fn a_failure_is_the_plugins_own_word() {
    let (bad, _) = run("neighbour", "{ fails: true }");
    assert_eq!(bad["outcome"], "failed");
    let message = bad["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("it would not") && message.contains("no-mood") && message.contains("ask again"),
        "{message}"
    );
}

/// A gate that imports the interface of native tools, which a gate must not have.
const FOREIGN: &str = r#"(component
    (import "lockgate:plugin/exec@0.1.0" (instance))
    (instance $empty)
    (export "lockgate:plugin/about@0.1.0" (instance $empty))
    (export "lockgate:plugin/quality-gate@0.1.0" (instance $empty)))"#;

/// A component of no kind that the contract knows.
const UNKNOWN: &str = r#"(component (instance $empty) (export "someone:elses/thing@1.0.0" (instance $empty)))"#;

#[test]
fn what_is_no_plugin_is_refused_before_anything_of_it_runs() {
    let cases = [(FOREIGN, "lockgate:plugin/exec"), (UNKNOWN, "kind")];
    for (text, says) in cases {
        let project = Project::empty();
        project.write(
            "lockgate.yaml",
            "plugins: { odd: \"registry.example/guests/odd:0.1\" }\njobs: { a: { steps: [{ uses: odd }] } }\n",
        );
        project.publish("odd", &wat::parse_str(text).expect("a component"));
        project.lockgate(&["lock"]).expect_code(2).expect_text(says);
    }
}
