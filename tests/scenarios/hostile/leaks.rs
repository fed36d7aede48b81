//! A plugin that was given a secret and tries to get at its value, or to send it elsewhere: the real binary, the real
//! broker, an encrypted file, servers on the loopback interface. Afterwards the value is looked for in everything that
//! was said and everything that was kept.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lockgate_tests::{Ended, Project};
use serde_json::{Value, json};

use super::echo::{CODING, Echo};

const VALUE: &str = "Zp7~correct:horse/battery+staple?9";
/// What the tool that is shown the value does with it: over two chunks, in base64, in hex, to both streams.
const SCRIPT: &str = "printf %.9s \"$TOKEN\"; sleep 0.1; printf '%s\\n' \"${TOKEN#?????????}\"; \
                      printf %s \"$TOKEN\" | base64; printf 'x%s' \"$TOKEN\" | base64 >&2; \
                      printf %s \"$TOKEN\" | od -An -v -tx1 | tr -d ' \\n'; echo; echo \"$TOKEN\" >&2; \
                      echo told; echo \"TOKEN is $TOKEN\"; env";

/// A project whose secret `token` is bound to one of two servers, and whoever may read it.
struct World {
    project: Project,
    home: tempfile::TempDir,
    bound: Echo,
    other: Echo,
    said: Vec<(String, String)>,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a home");
        let (project, bound, other) = (Project::empty(), Echo::start(), Echo::start());
        project.publish("leaker", &fs::read(lockgate_tests::guest("lockgate-guest-leaker")).expect("a guest"));
        let mut world = Self { project, home, bound, other, said: Vec::new() };
        world.lockgate(&["secrets", "init"]).expect_code(0);
        let host = world.bound.address();
        let mut set = world.command(&["secrets", "set", "token", "--host", &host]);
        set.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut set = set.spawn().expect("lockgate starts");
        set.stdin.take().expect("a pipe").write_all(VALUE.as_bytes()).expect("a value");
        Ended::of(set.wait_with_output().expect("lockgate ends")).expect_code(0);
        world
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.project.command(arguments);
        for name in ["LOCKGATE_AGE_IDENTITY", "LOCKGATE_AGE_KEY"] {
            command.env_remove(name);
        }
        command.env("XDG_CONFIG_HOME", self.home.path());
        command
    }

    /// Runs a command and remembers what it said.
    fn lockgate(&mut self, arguments: &[&str]) -> Ended {
        let ended = Ended::of(self.command(arguments).output().expect("lockgate starts"));
        self.said.push((format!("lockgate {}", arguments.join(" ")), format!("{}{}", ended.stdout, ended.stderr)));
        ended
    }

    /// A pipeline with a job for each of these configurations, locked.
    fn write_pipeline(&mut self, steps: &[(&str, Value)]) {
        let http = [format!("{}/", self.bound.url()), format!("{}/", self.other.url())];
        let grants = json!({ "secrets": ["token"], "expose": ["token"], "exec": ["sh"], "http": http });
        let job = |(id, with): &(&str, Value)| {
            let step = json!({ "id": id, "uses": "leaker", "with": with, "grants": grants, "env": { "A": "b" } });
            ((*id).to_owned(), json!({ "steps": [step] }))
        };
        let jobs: serde_json::Map<_, _> = steps.iter().map(job).collect();
        let plugins = json!({ "leaker": "registry.example/guests/leaker:0.1" });
        let pipeline = json!({ "name": "leaks", "plugins": plugins, "jobs": jobs });
        self.project.write("lockgate.yaml", &pipeline.to_string());
        self.lockgate(&["lock"]).expect_code(0);
    }

    /// The results of all steps, by name.
    fn results(&mut self) -> Value {
        let shown: Value = serde_json::from_str(&self.lockgate(&["show", "--json"]).stdout).expect("JSON");
        let jobs = shown["jobs"].as_array().expect("jobs").clone();
        let step = |job: &Value| {
            let step = &job["steps"][0];
            (job["job"].as_str().unwrap_or_default().to_owned(), step["result"].clone())
        };
        Value::Object(jobs.iter().map(step).collect())
    }

    /// Asks for everything that can be asked for.
    fn ask_everything(&mut self, steps: &[&str]) {
        for arguments in [
            &["show"][..],
            &["runs"],
            &["runs", "--json"],
            &["logs"],
            &["logs", "--json"],
            &["explain", "latest"],
            &["explain", "latest", "--json"],
            &["grants", "suggest"],
            &["replay", "latest"],
            &["artifacts"],
            &["cache", "stats"],
            &["plan"],
            &["plan", "--json"],
            &["secrets", "list"],
            &["verify"],
        ] {
            let _ended = self.lockgate(arguments);
        }
        for step in steps {
            self.lockgate(&["journal", "latest", step]).expect_code(0);
            self.lockgate(&["journal", "latest", step, "--json"]).expect_code(0);
            let bundle = format!(".lockgate/{step}.bundle");
            self.lockgate(&["bundle", "latest", step, "--output", &bundle]).expect_code(0);
            self.lockgate(&["replay", "--bundle", &bundle]).expect_code(0).expect_text("identical");
        }
    }

    /// Insists that the value is nowhere, in no form, as far as anybody said it or kept it.
    fn insist_on_no_value(&self) {
        for (what, text) in &self.said {
            insist_on_no_value(what, text.as_bytes());
        }
        let mut files = 0;
        look_through(self.project.folder(), &mut files);
        assert!(files > 20, "there is more than {files} files to look through");
    }
}

/// Every file of a folder, the project's own and what the host keeps below `.lockgate`: streams, journals, blobs, bundles.
fn look_through(folder: &Path, files: &mut usize) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            look_through(&path, files);
        } else if path.is_file() {
            *files += 1;
            insist_on_no_value(&path.display().to_string(), &fs::read(&path).expect("a file"));
        }
    }
}

fn insist_on_no_value(what: &str, bytes: &[u8]) {
    if let Some(form) = form_in(bytes) {
        let text = String::from_utf8_lossy(bytes);
        panic!("{what} holds the value as `{form}`:\n{}", &text[..text.floor_char_boundary(20_000)]);
    }
}

/// The form of the value that stands in these bytes: written out here, so that it is not the mask that judges itself.
/// Of base64 it is what stands in every text that begins so, whatever follows.
fn form_in(bytes: &[u8]) -> Option<String> {
    let value = VALUE.as_bytes();
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let escape =
        |byte: &u8| if byte.is_ascii_alphanumeric() { char::from(*byte).into() } else { format!("%{byte:02X}") };
    let url: String = value.iter().map(escape).collect();
    let mut forms = vec![VALUE.to_owned(), hex.to_uppercase(), hex, url.replace("%7E", "~"), url];
    // Parts that are long enough to tell the value by.
    forms.extend([&VALUE[..14], &VALUE[14..]].map(str::to_owned));
    forms.push(VALUE.chars().rev().collect());
    for before in ["", "x", "xy"] {
        let text = format!("{before}{VALUE}");
        for coded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            forms.push(coded[before.len().div_ceil(1) * 2..coded.len() - 4].to_owned());
        }
    }
    let holds = |form: &String| bytes.windows(form.len()).any(|window| window == form.as_bytes());
    forms.into_iter().find(|form| holds(form))
}

#[test]
fn a_plugin_finds_its_secret_nowhere_and_neither_does_anybody_else() {
    let mut world = World::new();
    let to = |path: &str| format!("{}{path}", world.bound.url());
    let bearer = |url: String| json!({ "url": url, "headers": [["authorization", "Bearer {placeholder}"]] });
    let requests = json!([
        bearer(to("/plain")),
        { "url": to("/basic"), "headers": [["authorization", "Basic {basic}"]], "body": "{base64}" },
        { "url": to("/two"), "headers": [["x-key", "{placeholder}{placeholder}"], ["x-other", "a {placeholder}"]] },
        { "url": to("/wish"), "headers": [["x-key", "{placeholder}"], ["accept-encoding", CODING]] },
        bearer(to("/coded")),
        { "url": to(&format!("/to?{}", to("/again"))), "headers": [["x-key", "{placeholder}"]], "follows": true },
        { "url": to("/base64"), "headers": [["x-key", "{base64}"]] },
        { "url": format!("{}/base64", world.other.url()), "headers": [["x-key", "{base64}"]] },
    ]);
    let with = json!({ "requests": requests, "argv": ["sh", "-c", SCRIPT] });
    let mut failing = with.clone();
    failing["fails"] = json!(true);
    world.write_pipeline(&[("works", with), ("fails", failing)]);
    world.lockgate(&["run"]).expect_code(1);

    let results = world.results();
    assert_eq!(results["works"]["conclusion"], "passed", "{results:#}");
    assert_eq!(results["fails"]["outcome"], "failed", "{results:#}");
    check_what_was_sent(&world);
    check_what_was_found(&mut world);
    world.ask_everything(&["works", "fails"]);
    world.insist_on_no_value();
}

/// The bound server did get the value, in each way in which it may be sent; the other one never.
fn check_what_was_sent(world: &World) {
    let bound = world.bound.requests();
    let at = |path: &str| bound.iter().filter(|request| request.contains(path)).collect::<Vec<_>>();
    let basic = STANDARD.encode(format!("user:{VALUE}"));
    for (path, sent) in [
        ("/plain", format!("Bearer {VALUE}")),
        ("/basic", format!("Basic {basic}")),
        ("/two", format!("{VALUE}{VALUE}")),
        ("/wish", VALUE.to_owned()),
        ("/coded", format!("Bearer {VALUE}")),
        ("GET /again", VALUE.to_owned()),
    ] {
        let requests = at(path);
        assert!(!requests.is_empty() && requests.iter().all(|request| request.contains(&sent)), "{path}: {requests:?}");
    }
    let has_value = |request: &&String| form_in(request.as_bytes()).is_some();
    assert_eq!(at("/base64").into_iter().find(has_value), None, "a placeholder in disguise stays one");
    assert!(bound.iter().all(|request| !request.contains(&format!("accept-encoding: {CODING}"))), "{bound:?}");
    let other = world.other.requests();
    assert_eq!(other.len(), 2, "one for each step: {other:?}");
    assert_eq!(other.iter().find(has_value), None);
}

/// The plugin was answered, with its placeholder or a mark where the value had stood.
fn check_what_was_found(world: &mut World) {
    let log = world.lockgate(&["logs", "latest", "works"]).stdout;
    for found in [
        "Bearer lockgate-placeholder-token-",
        "[secret token]",
        "InternalError",
        "TOKEN is [secret token]",
        "secret `token` is exposed",
        "environment: [(\"A\", \"b\")]",
        "lockgate.secrets.toml",
    ] {
        assert!(log.contains(found), "`{found}` is not in\n{log}");
    }
}

#[test]
fn a_placeholder_that_heads_elsewhere_ends_the_step() {
    let mut world = World::new();
    let (bound, other) = (world.bound.url(), world.other.url());
    let one = |url: String, headers: Value, body: &str| json!({ "requests": [{ "url": url, "headers": headers, "body": body, "follows": true }] });
    let none = json!([]);
    let steps = [
        ("url", one(format!("{other}/?q={{placeholder}}"), none.clone(), "")),
        ("own-url", one(format!("{bound}/{{placeholder}}"), none.clone(), "")),
        ("body", one(format!("{other}/"), none.clone(), "x={placeholder}")),
        ("own-body", one(format!("{bound}/"), none, "x={placeholder}")),
        ("header", one(format!("{other}/"), json!([["authorization", "Bearer {placeholder}"]]), "")),
        ("basic", one(format!("{other}/"), json!([["authorization", "Basic {basic}"]]), "")),
        ("redirect", one(format!("{bound}/to?{other}/"), json!([["x-key", "{placeholder}"]]), "")),
    ];
    world.write_pipeline(&steps);
    world.lockgate(&["run"]).expect_code(1);
    let results = world.results();
    for (name, _) in &steps {
        let result = &results[*name];
        assert_eq!(
            (&result["outcome"], &result["conclusion"]),
            (&json!("refused"), &json!("failed")),
            "{name}: {result:#}"
        );
        let message = result["message"].as_str().unwrap_or_default();
        assert!(message.contains("the placeholder of secret `token` was to be sent"), "{name}: {message}");
    }
    assert_eq!(world.other.requests(), Vec::<String>::new(), "the other server was never asked");
    let asked = world.bound.requests();
    assert!(asked.len() == 1 && asked[0].contains("GET /to?") && asked[0].contains(VALUE), "{asked:?}");
    world.ask_everything(&steps.each_ref().map(|(name, _)| *name));
    world.insist_on_no_value();
}
