//! Plugins, tools and inputs that mean harm: each ends in its own named way, and the step beside it does not suffer.
//!
//! Which test shows what (paths are relative to the project; those without are modules here):
//!
//! | attack | outcome | test |
//! | --- | --- | --- |
//! | endless loop | killed at its deadline | `an_endless_loop_is_out_of_time` |
//! | loop of cheap host calls | their number ends it | host/sandbox/tests/hostile.rs; that all count: host/sandbox/tests/linked.rs |
//! | host call that waits | out of time, cancelled | `wasm`, host/sandbox/tests/hostile.rs |
//! | memory, tables, stack | denied | `memory_without_end_is_denied`, `endless_recursion_is_stopped`, host/sandbox/tests/hostile.rs |
//! | a million handles, a million fields of HTTP | limit, denied | `wasm` |
//! | 4 GiB of random bytes | limit of one call | `wasm` |
//! | huge arguments and answers | limit | host/sandbox/tests/hostile.rs |
//! | trap while a value is dropped | the store is gone, the next call fresh | `wasm` |
//! | undeclared import, unknown kind | refused before anything runs | `what_is_no_plugin_is_refused_before_anything_of_it_runs` |
//! | new capability | held for approval | `super::pins` |
//! | log flood, endless line | cut with a marker | `a_log_flood_is_cut` |
//! | `..`, absolute, link, hard link, rename | denied | `files` |
//! | rename race | beneath the workspace all the same | host/sandbox/tests/races.rs |
//! | truncate on read-only | denied | `files` |
//! | output link to a system file, setuid | carried as a link, bits left out | `files` |
//! | archive with links, devices, duplicates, lies | refused whole | `super::replay` (bundles) |
//! | metadata, loopback, private, mapped, decimal address | denied | `network`, host/egress/tests/egress/addresses.rs |
//! | DNS rebinding | resolved once | host/egress/tests/egress/addresses.rs |
//! | redirect to another host | decided again, credential stays | `network`, `leaks` |
//! | CR/LF, `Host`, `Transfer-Encoding` | refused | `network` |
//! | raw and abstract sockets of a tool | unreachable | `network`, host/tools/tests/native/network.rs |
//! | moved tag, lying registry | refused | `super::pins`, registry/tests |
//! | YAML aliases and depth | limited | `super::bad_input` |
//! | title with a shell's words | text | `inputs` |
//! | path in an id | names nothing | `inputs` |
//! | secret in an echo, an error, base64, hex, URL form, chunks | masked, best effort | `leaks`, host/sandbox/tests/leaks.rs |
//! | placeholder to another host, in a URL, in a body | the step is refused | `leaks` |
//! | cache of a stranger's run | never read by a trusted one | `super::cache` (trust) |
//! | fork bomb, daemon | limit, nothing survives | host/tools/tests/native/endings.rs |
//!
//! Not shown, for the host does not do it yet: a compile bomb in a child process, webhooks, token guessing.
//!
//! What masking does not cover: a value turned round, cut to a part of it, or coded in a way that is not listed above.

mod beside;
mod echo;
mod files;
mod inputs;
mod leaks;
mod network;
mod wasm;

use lockgate_tests::Project;
use serde_json::Value;

/// A job with a hostile gate beside a job with a well-behaved one.
fn pipeline(guest: &str, config: &str) -> String {
    let timeout = if guest == "spin" { "2s" } else { "30s" };
    format!(
        "name: hostile\nplugins:\n  bad: registry.example/guests/{guest}:0.1\n  good: registry.example/guests/neighbour:0.1\n\
         jobs:\n  bad:\n    steps:\n      - {{ id: bad, uses: bad, timeout: {timeout}, with: {config} }}\n  \
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
