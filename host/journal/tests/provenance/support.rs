//! What these tests share: a run whose facts are all known.

use lockgate_journal::provenance::{Builder, Provenance, RunFacts, Statement, StepFacts, UsedPlugin, statement};
use lockgate_model::Json;
use lockgate_model::evidence::Artifact;
use lockgate_model::grant::{ExecRule, Grants};
use lockgate_model::host_call::{CallBody, FunctionCall, HostCall, LogLevel, LogLine, LogSource, Permission};
use lockgate_model::ids::Digest;
use lockgate_model::plan::Trust;
use lockgate_model::time::Timestamp;
use serde_json::json;

/// The bytes of the artifact.
pub(crate) const ARTIFACT: &[u8] = b"the artifact\n";

/// All facts of one statement, to be changed as a test needs them.
pub(crate) struct Facts {
    pub(crate) builder: Builder,
    pub(crate) run: RunFacts,
    pub(crate) step: StepFacts,
    pub(crate) artifact: Artifact,
}

impl Facts {
    pub(crate) fn new() -> Self {
        Self { builder: Builder::unnamed("0.1.0"), run: run(), step: step(), artifact: artifact() }
    }

    pub(crate) fn statement(&self) -> Statement {
        let Self { builder, run, step, artifact } = self;
        statement(&Provenance { builder, run, step, artifact }).unwrap()
    }

    /// The statement as JSON.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(self.statement().as_bytes()).unwrap()
    }
}

/// The digest of some text.
pub(crate) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn run() -> RunFacts {
    let plugin = |alias: &str, manifest: Option<Digest>| UsedPlugin {
        alias: alias.parse().unwrap(),
        reference: format!("registry.example/team/{alias}:0.1"),
        component: digest(alias),
        manifest,
    };
    RunFacts {
        id: "01jdrun00000aa".parse().unwrap(),
        pipeline: "service".to_owned(),
        file: "lockgate.yaml".to_owned(),
        source: digest("name: service"),
        inputs: [("level".to_owned(), json!("patch")), ("count".to_owned(), json!(9_007_199_254_740_993_u64))].into(),
        event: json!({ "type": "push", "branch": "main" }),
        trust: Trust::Trusted,
        started_at: Timestamp(1_795_000_000_999),
        finished_at: Timestamp(1_795_000_060_000),
        tree: digest("tree"),
        tree_uri: None,
        plugins: vec![plugin("shell", None), plugin("cargo", Some(digest("manifest")))],
    }
}

fn step() -> StepFacts {
    let cargo = ExecRule::any("cargo".parse().unwrap());
    StepFacts {
        job: "build[profile=release]".parse().unwrap(),
        step: "compile".parse().unwrap(),
        attempt: 2,
        plugin: Some("cargo".parse().unwrap()),
        grants: Grants { exec: vec![cargo], expose: vec!["token".to_owned()], ..Grants::default() },
        cached_from: None,
        calls: calls(),
    }
}

fn artifact() -> Artifact {
    Artifact {
        name: "service.tar".to_owned(),
        digest: Digest::of(ARTIFACT),
        media_type: "application/x-tar".to_owned(),
        size_bytes: ARTIFACT.len() as u64,
        annotations: Vec::new(),
    }
}

fn calls() -> Vec<HostCall> {
    let ran = json!({ "exited": 0 });
    let key = json!([["argv", "cargo build"], ["tool cargo", digest("cargo 1.95")], ["tool cc", digest("cc 12")]]);
    let token = json!([["TOKEN", "token"]]);
    vec![
        line("compiling"),
        call("exec", "run", &json!({ "argv": ["cargo", "build"] }), &json!({ "ending": ran, "key": key })),
        call("exec", "run", &json!({ "argv": ["git", "push"], "secret-env": token }), &json!({ "ending": ran })),
        call(
            "exec",
            "run",
            &json!({ "argv": ["cargo", "test"] }),
            &json!({ "ending": ran, "key": key, "cached-from": "01jdrun000000a/build/compile#1" }),
        ),
        contact("registry.example", "192.0.2.7:443"),
        contact("registry.example", "192.0.2.8:443"),
        call(
            "http",
            "send",
            &json!({ "method": "GET", "url": "https://api.example/v1?x=1" }),
            &json!({ "error": "no answer" }),
        ),
        call("artifacts", "fetch", &json!({ "digest": digest("earlier"), "path": "in.tar" }), &json!("fetched")),
        call(
            "artifacts",
            "publish",
            &json!({ "path": "service.tar" }),
            &json!({ "digest": Digest::of(ARTIFACT), "size-bytes": 13 }),
        ),
        denied(contact("evil.example", "192.0.2.66:443")),
    ]
}

/// A line of the log.
pub(crate) fn line(message: &str) -> HostCall {
    let (source, level) = (LogSource::Log, LogLevel::Info);
    let line = LogLine { source, level, message: message.to_owned(), fields: Vec::new() };
    HostCall { seq: 0, at_ms: 0, duration_us: 0, permission: Permission::Free, body: CallBody::Line(line) }
}

/// A native tool that reached a host.
pub(crate) fn contact(host: &str, peer: &str) -> HostCall {
    let arguments = json!({ "method": "CONNECT", "host": host, "port": 443 });
    call("egress", "contact", &arguments, &json!({ "peer": peer }))
}

/// A call that a grant allowed.
pub(crate) fn call(interface: &str, function: &str, arguments: &Json, result: &Json) -> HostCall {
    let call = json!({ "interface": interface, "function": function, "arguments": arguments, "result": result });
    let call: FunctionCall = serde_json::from_value(call).unwrap();
    let permission = Permission::Granted("a grant".into());
    HostCall { seq: 0, at_ms: 0, duration_us: 0, permission, body: CallBody::Function(call) }
}

fn denied(call: HostCall) -> HostCall {
    HostCall { permission: Permission::Denied("a grant".into()), ..call }
}
