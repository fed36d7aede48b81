//! The plugin with real shells, and with a host that refuses.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as its body may")]

use std::path::Path;
use std::process;

use lockgate_plugin_exec::{OUTPUT_VARIABLE, Plugin};
use lockgate_sdk::exec::{Command, Completion, Ending, ExecError};
use lockgate_sdk::testing::{Host, exited};
use lockgate_sdk::{BuildRequest, Failure, Product, Ruling, call};

fn host() -> Host {
    let host = Host::new().unwrap();
    let root = host.workspace().to_owned();
    host.on_exec(move |command| Ok(native(&root, command)));
    host
}

/// Runs the command as the host's sandbox would, without the sandbox.
fn native(root: &Path, command: &Command) -> Completion {
    let mut tool = process::Command::new(&command.argv[0]);
    tool.args(&command.argv[1..]).current_dir(root.join(command.cwd.as_deref().unwrap_or_default()));
    let output = tool.envs(command.env.iter().cloned()).output().unwrap();
    let code = u8::try_from(output.status.code().unwrap()).unwrap();
    Completion { stderr: output.stderr, ..exited(code, &String::from_utf8_lossy(&output.stdout)) }
}

fn run(config: &str) -> Result<Product, Failure> {
    call::run::<Plugin>(config, BuildRequest::default())
}

fn check(config: &str, conclusion: Ruling, summary: Option<&str>) {
    let _host = host();
    let product = run(config).unwrap();
    assert_eq!((product.conclusion, product.summary.as_deref()), (conclusion, summary), "{config}");
}

#[test]
fn scripts_stop_at_the_first_failure() {
    check(r#"{"script":"true"}"#, Ruling::Pass, None);
    check(r#"{"script":"echo no >&2; (exit 3)\necho yes"}"#, Ruling::Fail, Some("exited with 3\nno"));
    check(r#"{"script":"false | true","shell":"sh"}"#, Ruling::Pass, None);
    check(r#"{"script":"false | true","shell":"bash"}"#, Ruling::Fail, Some("exited with 1"));
    check(r#"{"argv":["sh","-c","exit 4"],"ok-exit-codes":[0,4]}"#, Ruling::Pass, None);
}

#[test]
fn outputs_come_from_the_file_and_the_file_goes() {
    let host = host();
    host.write("inner/kept", "").unwrap();
    let script = r#"echo "a=$GREETING" >> "$LOCKGATE_OUTPUT"; printf 'b<<E\n1\n2\nE\n' >> "$LOCKGATE_OUTPUT""#;
    let config = serde_json::json!({ "script": script, "cwd": "inner", "env": { "GREETING": "hello; world" } });
    let product = run(&config.to_string()).unwrap();
    let expected = [("a", "hello; world"), ("b", "1\n2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(product.outputs, expected);
    assert!(!host.workspace().join(".lockgate-output").exists() && host.workspace().join("inner/kept").exists());
    let command = &host.commands()[0];
    assert!(command.env.iter().any(|(name, value)| name == OUTPUT_VARIABLE && value.ends_with("/.lockgate-output")));
    assert_eq!(command.outputs, ["**", ".lockgate-output"]);
}

#[test]
fn a_malformed_output_fails_a_green_step_and_hides_no_red_one() {
    let _host = host();
    assert_eq!(run(r#"{"script":"echo nonsense > $LOCKGATE_OUTPUT"}"#).unwrap_err().code, "bad-output");
    let red = run(r#"{"script":"echo nonsense > $LOCKGATE_OUTPUT; exit 2"}"#).unwrap();
    assert_eq!((red.conclusion, red.outputs.len()), (Ruling::Fail, 0));
}

#[test]
fn an_output_file_has_a_limit() {
    let _host = host();
    let failure = run(r#"{"script":"head -c 1048577 /dev/zero > $LOCKGATE_OUTPUT"}"#).unwrap_err();
    assert!(failure.message.contains("1048577 bytes"), "{failure}");
}

#[test]
fn refusals_and_deaths_are_failures_with_help() {
    let host = Host::new().unwrap();
    host.on_exec(|_| Err(ExecError::Denied("exec: bash".to_owned())));
    let failure = run(r#"{"script":"true","shell":"bash"}"#).unwrap_err();
    assert_eq!(
        (failure.code.as_str(), failure.help.as_deref()),
        ("denied", Some("grant the tool on the step: `grants: { exec: [bash] }`"))
    );
    for (ending, code) in [(Ending::TimedOut, "timed-out"), (Ending::Signalled(9), "killed")] {
        host.on_exec(move |_| Ok(Completion { ending, ..exited(0, "") }));
        assert_eq!(run(r#"{"script":"true","timeout-seconds":1}"#).unwrap_err().code, code);
    }
    assert_eq!(host.commands().last().unwrap().timeout_ms, Some(1_000));
    assert_eq!(run("{}").unwrap_err().code, "bad-config");
}
