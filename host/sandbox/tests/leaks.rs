//! A plugin that was given a secret's placeholder and tries to get at the value, or to send it elsewhere. The network
//! echoes what it is sent; the secret is bound to `api.example`.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Memory, SECRET, workspace, world};
use lockgate_model::Json;
use lockgate_model::call::Call;
use lockgate_model::host_call::{CallBody, Permission};
use lockgate_model::outcome::{Outcome, RefusalCode};
use serde_json::json;

/// Calls the plugin with everything granted that it could use, and gives what it left in its workspace too.
fn leak(config: Json) -> (Outcome, Arc<Memory>, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut invocation = world().invocation("leaker", Call::BuildStep { config, evidence: Vec::new() });
    invocation.workspace = Some(workspace(folder.path()));
    let grants = &mut invocation.grants;
    grants.secrets = vec!["token".to_owned()];
    grants.expose = vec!["token".to_owned()];
    grants.exec = vec!["say".parse().unwrap()];
    grants.http = ["api.example", "other.example"].map(|rule| rule.parse().unwrap()).to_vec();
    let (returned, recorder) = world().invoke(invocation);
    let left = std::fs::read_to_string(folder.path().join("found.txt")).unwrap_or_default();
    (returned.outcome, recorder, left)
}

fn request(url: &str, header: &str, value: &str, body: &str) -> Json {
    json!({ "requests": [{ "url": url, "headers": [[header, value]], "body": body }] })
}

/// Insists that the value stands nowhere in what came of a call.
fn insist_on_no_value(outcome: &Outcome, recorder: &Memory, left: &str) {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let coded = STANDARD.encode(SECRET);
    let text = format!("{outcome:?}\n{:?}\n{left}", recorder.calls());
    for form in [SECRET, &hex, &coded[..coded.len() - 4]] {
        assert!(!text.contains(form), "`{form}` is in {text}");
    }
    for call in recorder.calls() {
        let CallBody::Function(call) = call.body else { continue };
        let answer = postcard::to_allocvec(&call.answer).unwrap();
        assert!(!answer.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{call:?}");
    }
}

/// This ends the call, and nothing was sent.
fn check_refused(url: &str, header: &str, value: &str, body: &str) {
    let (outcome, recorder, left) = leak(request(url, header, value, body));
    let is_leak =
        matches!(&outcome, Outcome::Refused { code: RefusalCode::Leak, message } if message.contains("`token`"));
    assert!(is_leak, "{url} {header} {value} {body}: {outcome:?}");
    let sent = recorder.calls().into_iter().find_map(|call| match call.body {
        CallBody::Function(call) if call.interface == "http" => Some(call),
        _ => None,
    });
    assert!(sent.expect("it is written down").result["error"].is_string());
    insist_on_no_value(&outcome, &recorder, &left);
}

#[test]
fn a_placeholder_that_heads_elsewhere_ends_the_call() {
    check_refused("https://other.example/{placeholder}", "x", "y", "");
    check_refused("https://api.example/?q={placeholder}", "x", "y", "");
    check_refused("https://other.example/", "x", "y", "a {placeholder} b");
    check_refused("https://api.example/", "x", "y", "a {placeholder} b");
    check_refused("https://other.example/", "authorization", "Bearer {placeholder}", "");
    check_refused("https://other.example/", "authorization", "Basic {basic}", "");
    check_refused("https://other.example/", "authorization", "bASIC  {basic}", "");
}

/// The plugin gets this back for what it sends to the host that the secret is bound to.
fn check_answered(header: &str, value: &str, back: &str) {
    let (outcome, recorder, left) = leak(request("https://api.example/", header, value, "body"));
    assert_eq!(outcome.name(), "answered", "{outcome:?}");
    assert!(left.contains(back), "`{back}` is not in {left}");
    insist_on_no_value(&outcome, &recorder, &left);
}

#[test]
fn an_echo_brings_no_value_back() {
    check_answered("authorization", "Bearer {placeholder}", "Bearer lockgate-placeholder-token-");
    check_answered("x-key", "{placeholder}{placeholder}", "x-key: lockgate-placeholder-token-");
    check_answered("authorization", "Basic {basic}", "[secret token]");
    check_answered("x-key", "{placeholder}", "accept-encoding: identity");
}

#[test]
fn a_placeholder_in_disguise_stays_one() {
    let (outcome, recorder, left) = leak(request("https://other.example/", "x-key", "{base64}", "{base64}"));
    assert_eq!(outcome.name(), "answered", "{outcome:?}");
    assert!(left.contains(&STANDARD.encode("lockgate-placeholder-token")[..32]), "{left}");
    insist_on_no_value(&outcome, &recorder, &left);
}

#[test]
fn a_tool_that_is_shown_the_value_tells_the_plugin_nothing() {
    let (outcome, recorder, left) = leak(json!({ "argv": ["say", "hello"], "fails": true }));
    assert_eq!(outcome.name(), "failed", "{outcome:?}");
    assert!(left.contains("TOKEN=[secret token]"), "{left}");
    insist_on_no_value(&outcome, &recorder, &left);
}

#[test]
fn without_a_grant_there_is_no_placeholder() {
    let mut invocation = world().invocation("leaker", Call::BuildStep { config: json!({}), evidence: Vec::new() });
    let denied = |recorder: &Memory| {
        let is_denied =
            |permission: &Permission| matches!(permission, Permission::Denied(what) if &**what == "secrets: [token]");
        recorder.calls().iter().any(|call| is_denied(&call.permission))
    };
    let (returned, recorder) = world().invoke(invocation.clone());
    assert!(denied(&recorder), "{returned:?}");
    invocation.grants.secrets = vec!["token".to_owned()];
    invocation.trust = lockgate_model::plan::Trust::Untrusted;
    let (returned, recorder) = world().invoke(invocation);
    assert!(format!("{returned:?}").contains("untrusted origin"), "{returned:?}");
    insist_on_no_value(&returned.outcome, &recorder, "");
}
