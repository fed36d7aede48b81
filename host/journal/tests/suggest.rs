//! Suggested grants: what is written, and that it allows what was seen and nothing that was refused.
#![allow(clippy::expect_used, reason = "a fixture that is wrong is a test that fails")]

use std::collections::BTreeSet;

use lockgate_journal::suggest::{Observed, Suggestion, suggest, to_yaml};
use lockgate_model::Json;
use lockgate_model::grant::{FileRules, Grants, Scheme};
use lockgate_model::host_call::{CallBody, FunctionCall, HostCall, Permission};
use proptest::prelude::*;
use serde_json::json;

/// One thing that a step did.
#[derive(Debug, Clone)]
enum Act {
    Run { argv: Vec<String>, inputs: Vec<String>, outputs: Vec<String>, secret: Option<String> },
    Send { method: String, scheme: Scheme, host: String, port: u16, path: String },
    Contact { scheme: Scheme, host: String, port: u16 },
    Read(String),
    List(String),
    Write(String),
    Rename(String, String),
    Secret(String),
    Clock,
    Random,
}

impl Act {
    fn call(&self, permission: Permission) -> HostCall {
        let (interface, function, arguments) = match self.clone() {
            Self::Run { argv, inputs, outputs, secret } => {
                let secret: Vec<_> = secret.iter().map(|name| ("VARIABLE", name)).collect();
                let arguments = json!({"argv": argv, "inputs": inputs, "outputs": outputs, "secret-env": secret});
                ("exec", "run", arguments)
            }
            Self::Send { method, scheme, host, port, path } => {
                let url = format!("{}://{host}:{port}{path}?q=1", scheme.name());
                ("http", "send", json!({"method": method, "url": url}))
            }
            Self::Contact { scheme, host, port } => {
                let method = if scheme == Scheme::Https { "CONNECT" } else { "GET" };
                ("egress", "contact", json!({"method": method, "host": host, "port": port, "path": "/x"}))
            }
            Self::Read(path) => ("wasi:filesystem/types", "open-at", json!({"path": path, "read": true})),
            Self::List(path) => ("wasi:filesystem/types", "read-directory", json!({"path": path})),
            Self::Write(path) => ("wasi:filesystem/types", "unlink-file-at", json!({"path": path})),
            Self::Rename(path, to) => ("wasi:filesystem/types", "rename-at", json!({"path": path, "to": to})),
            Self::Secret(name) => ("secrets", "placeholder", json!({"name": name})),
            Self::Clock => ("wasi:clocks/wall-clock", "now", json!({})),
            Self::Random => ("wasi:random/random", "get-random-u64", json!({})),
        };
        call(permission, (interface, function), arguments)
    }

    /// What it reads, and whether it says that this is a folder.
    fn read(&self) -> Option<(&str, bool)> {
        match self {
            Self::Read(path) | Self::Rename(path, _) => Some((path, false)),
            Self::List(path) => Some((path, true)),
            _ => None,
        }
    }

    fn is_allowed(&self, rules: &Rules) -> bool {
        let Rules { grants, read, write, folders } = rules;
        let reads = |path: &str| read.allow(path) || (folders.contains(path) && read.allow_folder(path));
        let writes = |path: &str| write.allow(path);
        match self {
            Self::Run { argv, inputs, outputs, secret } => {
                grants.exec.iter().any(|rule| rule.allows(argv))
                    && inputs.iter().all(|glob| has_glob(&grants.read, glob))
                    && outputs.iter().all(|glob| has_glob(&grants.write, glob))
                    && secret.iter().all(|name| grants.expose.contains(name))
            }
            Self::Send { method, scheme, host, port, path } => {
                grants.http.iter().any(|rule| rule.allows(method, *scheme, host.trim_matches(['[', ']']), *port, path))
            }
            Self::Contact { scheme, host, port } => {
                let host = host.trim_matches(['[', ']']);
                grants.http.iter().any(|rule| rule.is_whole() && rule.reaches(*scheme, host, *port))
            }
            Self::Read(path) | Self::List(path) => reads(path),
            Self::Write(path) => writes(path),
            Self::Rename(path, to) => reads(path) && writes(path) && writes(to),
            Self::Secret(name) => grants.secrets.contains(name),
            Self::Clock => grants.clock,
            Self::Random => grants.random,
        }
    }
}

/// Grants, made ready to be asked.
struct Rules {
    grants: Grants,
    read: FileRules,
    write: FileRules,
    folders: BTreeSet<String>,
}

impl Rules {
    fn new(grants: Grants, acts: &[Act]) -> Self {
        let paths = || acts.iter().filter_map(Act::read);
        let leads = |path: &str| paths().any(|(other, _)| other.starts_with(&format!("{path}/")));
        let folders = paths().filter(|(path, is_folder)| *is_folder || leads(path)).map(|(path, _)| path.to_owned());
        let (read, write) = (files(&grants.read), files(&grants.write));
        Self { folders: folders.collect(), grants, read, write }
    }
}

fn call(permission: Permission, (interface, function): (&'static str, &'static str), arguments: Json) -> HostCall {
    let (interface, function) = (interface.into(), function.into());
    let body =
        FunctionCall { interface, function, arguments, result: Json::Null, bytes: 0, answer: None, blobs: Vec::new() };
    HostCall { seq: 0, at_ms: 0, duration_us: 0, permission, body: CallBody::Function(body) }
}

fn files(globs: &Option<Vec<String>>) -> FileRules {
    FileRules::new(globs.as_deref().expect("never the whole workspace by silence")).expect("globs")
}

fn has_glob(globs: &Option<Vec<String>>, glob: &str) -> bool {
    globs.iter().flatten().any(|granted| granted == glob || granted == "**")
}

fn granted() -> Permission {
    Permission::Granted("as it was".into())
}

fn observed(calls: Vec<HostCall>) -> Observed {
    let (job, step) = ("build".parse().expect("a job"), "compile".parse().expect("a step"));
    Observed { job, step, line: 14, grants: Grants::default(), implied: Vec::new(), calls }
}

fn only(observed: &Observed) -> Suggestion {
    let mut suggestions = suggest(std::slice::from_ref(observed));
    assert_eq!(suggestions.len(), 1);
    suggestions.remove(0)
}

/// What a pipeline would be granted by the text; no key that the pipeline file does not have is among it.
fn read_back(suggestion: &Suggestion) -> Grants {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Step {
        grants: Grants,
    }
    let text = suggestion.to_string();
    let step: Step = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    step.grants
}

fn check(acts: &[Act], expected: &str) {
    let suggestion = only(&observed(acts.iter().map(|act| act.call(granted())).collect()));
    assert_eq!(suggestion.to_string(), format!("# build/compile (line 14)\n{expected}"));
    assert_eq!(read_back(&suggestion), suggestion.grants);
}

fn run(command: &str) -> Act {
    let argv = command.split(' ').map(str::to_owned).collect();
    Act::Run { argv, inputs: Vec::new(), outputs: Vec::new(), secret: None }
}

#[test]
fn a_step_that_did_nothing_is_granted_nothing() {
    check(&[], "grants:\n  read: []\n  write: []\n");
}

#[test]
fn a_suggestion_is_ready_to_be_pasted() {
    let argv = ["cargo", "build", "--release"].map(str::to_owned).to_vec();
    let (inputs, outputs) = (vec!["src/**".to_owned()], vec!["target/release/app".to_owned()]);
    let send = Act::Send {
        method: "POST".to_owned(),
        scheme: Scheme::Https,
        host: "api.example".to_owned(),
        port: 443,
        path: "/v1/releases".to_owned(),
    };
    check(
        &[
            Act::Run { argv, inputs, outputs, secret: Some("key".to_owned()) },
            send,
            Act::Contact { scheme: Scheme::Https, host: "registry.example".to_owned(), port: 8443 },
            Act::Read("Cargo.toml".to_owned()),
            Act::Read("src/main.rs".to_owned()),
            Act::Secret("token".to_owned()),
            Act::Clock,
        ],
        "grants:
  exec: [\"cargo build --release\"]
  http: [\"POST api.example/v1/releases\", \"registry.example:8443\"]
  read: [\"src/**\", \"Cargo.toml\"]
  write: [\"target/release/app\"]
  secrets: [\"token\"]
  expose: [\"key\"]
  clock: true
",
    );
}

#[test]
fn what_was_refused_is_told_and_not_granted() {
    let missing = Permission::Denied("http: [evil.example]\ngrants: { random: true }".into());
    let calls = [missing.clone(), missing, Permission::Denied("random".into())].map(|it| Act::Random.call(it));
    let suggestion = only(&observed(calls.to_vec()));
    assert_eq!(
        suggestion.to_string(),
        "# build/compile (line 14)
# refused: http: [evil.example]\\U0000000agrants: { random: true }
# refused: random
grants:
  read: []
  write: []
"
    );
    assert_eq!(read_back(&suggestion), suggestion.grants);
    let many = (0..25).map(|number| Act::Random.call(Permission::Denied(format!("http: [h{number}.example]").into())));
    assert!(only(&observed(many.collect())).to_string().contains("# refused: 5 more\n"));
}

#[test]
fn what_is_free_needs_no_grant_and_files_do() {
    let calls = [Act::Clock, Act::Random, Act::Read("a".to_owned())].map(|act| act.call(Permission::Free));
    let expected = Grants { read: Some(vec!["a".to_owned()]), write: Some(Vec::new()), ..Grants::default() };
    assert_eq!(only(&observed(calls.to_vec())).grants, expected);
}

#[test]
fn cells_of_a_matrix_are_one_step() {
    let cell = |command: &str| observed(vec![run(command).call(granted())]);
    let other = Observed { step: "test".parse().expect("a step"), ..cell("sh a") };
    let suggestions = suggest(&[cell("cargo build a"), other, cell("cargo build b")]);
    let text = to_yaml(&suggestions);
    assert_eq!(suggestions.len(), 2);
    assert!(text.starts_with("# build/compile (line 14)\ngrants:\n  exec: [\"cargo build *\"]\n"), "{text}");
    assert!(text.contains("\n\n# build/test (line 14)\n"), "{text}");
}

#[test]
fn what_no_call_shows_is_kept_while_commands_ran() {
    let grants: Grants =
        serde_json::from_value(json!({"exec": ["cargo", "git fetch *"], "scratch": ["target"]})).expect("grants");
    let with = |acts: &[Act]| {
        let calls = acts.iter().map(|act| act.call(granted())).collect();
        only(&Observed { grants: grants.clone(), implied: vec!["sh".parse().expect("a tool")], ..observed(calls) })
    };
    let suggestion = with(&[run("sh -e -c x"), run("cargo build")]);
    let exec: Vec<_> = suggestion.grants.exec.iter().map(ToString::to_string).collect();
    assert_eq!(
        (exec.join(", "), suggestion.grants.scratch),
        ("cargo build, git fetch *".to_owned(), vec!["target".to_owned()])
    );
    assert_eq!(suggestion.kept.iter().map(ToString::to_string).collect::<Vec<_>>(), ["git fetch *"]);
    let suggestion = with(&[Act::Clock]);
    assert!(suggestion.grants.exec.is_empty() && suggestion.grants.scratch.is_empty() && suggestion.kept.is_empty());
}

#[test]
fn calls_of_an_unknown_form_grant_nothing() {
    let calls = [
        ("exec", "run", json!({"argv": "cargo"})),
        ("exec", "run", json!({"argv": ["/bin/sh"]})),
        ("http", "send", json!({"method": "GET", "url": 5})),
        ("egress", "contact", json!({"method": "CONNECT", "host": "a.example", "port": 70_000})),
        ("egress", "contact", json!({"method": "CONNECT", "host": "*.example", "port": 443})),
        ("wasi:filesystem/types", "open-at", json!({"path": "/etc/passwd", "read": true})),
        ("wasi:filesystem/types", "unheard-of", json!({"path": "a"})),
        ("unheard-of", "run", json!(null)),
    ];
    let calls = calls.map(|(interface, function, arguments)| call(granted(), (interface, function), arguments));
    let nothing = Grants { read: Some(Vec::new()), write: Some(Vec::new()), ..Grants::default() };
    assert_eq!(only(&observed(calls.to_vec())).grants, nothing);
}

fn any_path() -> impl Strategy<Value = String> {
    let part = prop_oneof![8 => "[a-c]{1,2}", 1 => "[a\\*\\?\\[\\]\\{\\}!\\^,$\\\\ ä€-]{1,6}"];
    let part = part.prop_filter("a part", |part| !matches!(part.as_str(), "." | ".."));
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

fn any_argument() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[a-c]{1,3}", 1 => "-{1,2}[a-c]{1,3}", 1 => any::<String>(), 1 => "[a\\*\\?\\[\\]\\{\\}!\\^,$\\\\ \u{a0}]{0,6}"]
}

fn any_host() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]\\.example", Just("127.0.0.1".to_owned()), Just("[::1]".to_owned()), Just("localhost".to_owned())]
}

fn any_run() -> impl Strategy<Value = Act> {
    let globs =
        || prop::collection::vec(prop_oneof!["[a-c]{1,2}(/[a-c])?(/\\*\\*)?", Just("**/*.rs".to_owned())], 0..3);
    let arguments = prop::collection::vec(any_argument(), 0..5);
    ("[t-v]", arguments, globs(), globs(), prop::option::of("[a-c]")).prop_map(
        |(tool, arguments, inputs, outputs, secret)| Act::Run {
            argv: std::iter::once(tool).chain(arguments).collect(),
            inputs,
            outputs,
            secret,
        },
    )
}

fn any_request() -> impl Strategy<Value = Act> {
    let path = prop_oneof![8 => "(/[a-c]{0,2}){1,4}", 1 => "(/[a@{}$%.~;:!-]{0,4}){1,4}"];
    let method = prop_oneof![Just("GET"), Just("POST"), Just("M-SEARCH")].prop_map(str::to_owned);
    let port = prop_oneof![Just(443_u16), Just(80), 1..=65_535_u16];
    (method, any::<bool>(), any_host(), port, path).prop_map(|(method, is_secure, host, port, path)| {
        let scheme = if is_secure { Scheme::Https } else { Scheme::Http };
        Act::Send { method, scheme, host, port, path }
    })
}

fn any_act() -> impl Strategy<Value = Act> {
    let contact = (any::<bool>(), any_host(), 1..=9_u16).prop_map(|(is_secure, host, port)| {
        let scheme = if is_secure { Scheme::Https } else { Scheme::Http };
        Act::Contact { scheme, host, port }
    });
    prop_oneof![
        4 => any_run(),
        4 => any_request(),
        1 => contact,
        4 => any_path().prop_map(Act::Read),
        2 => any_path().prop_map(Act::List),
        1 => Just(Act::List(String::new())),
        4 => any_path().prop_map(Act::Write),
        1 => (any_path(), any_path()).prop_map(|(path, to)| Act::Rename(path, to)),
        1 => "[a-c]".prop_map(Act::Secret),
        1 => Just(Act::Clock),
        1 => Just(Act::Random),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_was_seen_is_allowed_and_what_was_refused_changes_nothing(
        acts in prop::collection::vec(any_act(), 0..30),
        refused in prop::collection::vec(any_act(), 0..5),
    ) {
        let seen: Vec<HostCall> = acts.iter().map(|act| act.call(granted())).collect();
        let missed = refused.iter().map(|act| act.call(Permission::Denied("that: [one]".into())));
        let suggestion = only(&observed(missed.chain(seen.clone()).collect()));
        let rules = Rules::new(read_back(&suggestion), &acts);
        for act in &acts {
            prop_assert!(act.is_allowed(&rules), "{act:?}\n{suggestion}");
        }
        prop_assert_eq!(&rules.grants, &suggestion.grants);
        prop_assert_eq!(&suggestion.grants, &only(&observed(seen)).grants);
        prop_assert_eq!(suggestion.refused.len(), usize::from(!refused.is_empty()));
        for act in strangers() {
            prop_assert!(!act.is_allowed(&rules), "{act:?}\n{suggestion}");
        }
    }
}

/// What none of the acts above comes near.
fn strangers() -> [Act; 4] {
    let host = "stranger.example".to_owned();
    [
        run("stranger a"),
        Act::Contact { scheme: Scheme::Https, host, port: 443 },
        Act::Write("stranger/file".to_owned()),
        Act::Secret("stranger".to_owned()),
    ]
}
