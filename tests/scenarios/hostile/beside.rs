//! A hostile step with a well-behaved one beside it, in a job of its own. The well-behaved one has run alone before, in
//! the same project: it must pass, and must not take much longer than it did then.

use lockgate_tests::{Ended, Project};
use serde_json::{Value, json};

/// How much longer the well-behaved step may take beside a hostile one: two processors are shared with it, and with
/// whatever else runs on the machine.
const TIMES_LONGER_MAX: u64 = 20;
/// What is no time at all: below it nothing is compared.
const MS_MIN: u64 = 100;

const GUESTS: [&str; 5] = ["prowler", "leaker", "reader", "sleeper", "escape"];
const LAYOUT: &str = "registry.example/guests/";

/// A project for one comparison.
pub(super) struct Beside {
    pub(super) project: Project,
}

impl Beside {
    pub(super) fn new() -> Self {
        let project = Project::empty();
        for guest in GUESTS {
            let file = lockgate_tests::guest(&format!("lockgate-guest-{guest}"));
            project.publish(guest, &std::fs::read(file).expect("a guest"));
        }
        Self { project }
    }

    /// Runs the well-behaved step alone, then beside the hostile one, and gives the results of the hostile job's steps.
    pub(super) fn run(&self, bad: &[Value]) -> Vec<Value> {
        let alone = self.results(&json!({ "good": good() }), "good");
        let jobs = json!({ "bad": { "steps": bad }, "good": good() });
        let ended = self.start(&jobs);
        assert!(ended.code == 0 || ended.code == 1, "{ended:?}");
        let (bad, beside) = (self.shown("bad"), self.shown("good"));
        assert_eq!(beside[0]["conclusion"], "passed", "{beside:#?}");
        let ms = |results: &[Value]| results[0]["duration-ms"].as_u64().expect("a duration").max(MS_MIN);
        let (alone_ms, beside_ms) = (ms(&alone), ms(&beside));
        assert!(
            beside_ms <= alone_ms * TIMES_LONGER_MAX,
            "the step beside it took {beside_ms} ms, and {alone_ms} ms alone"
        );
        bad
    }

    fn results(&self, jobs: &Value, job: &str) -> Vec<Value> {
        self.start(jobs).expect_code(0);
        self.shown(job)
    }

    fn start(&self, jobs: &Value) -> Ended {
        let plugin = |guest: &str| (guest.to_owned(), json!(format!("{LAYOUT}{guest}:0.1")));
        let plugins: serde_json::Map<_, _> = GUESTS.into_iter().map(plugin).collect();
        let pipeline = json!({ "name": "hostile", "plugins": plugins, "jobs": jobs });
        self.project.write("lockgate.yaml", &pipeline.to_string());
        self.project.lockgate(&["lock"]).expect_code(0);
        self.project.lockgate(&["run"])
    }

    fn shown(&self, job: &str) -> Vec<Value> {
        let shown: Value = serde_json::from_str(&self.project.lockgate(&["show", "--json"]).stdout).expect("JSON");
        let found = shown["jobs"].as_array().expect("jobs").iter().find(|shown| shown["job"] == job);
        let steps = found.expect("the job")["steps"].as_array().expect("steps");
        steps.iter().map(|step| step["result"].clone()).collect()
    }
}

fn good() -> Value {
    json!({ "steps": [step("good", "prowler", &json!({ "tries": [{ "work": {} }, { "work": {} }] }))] })
}

/// A step without grants.
pub(super) fn step(id: &str, guest: &str, with: &Value) -> Value {
    json!({ "id": id, "uses": guest, "with": with, "timeout": "20s" })
}

/// The same with grants.
pub(super) fn granted(mut step: Value, grants: &Value) -> Value {
    step["grants"] = grants.clone();
    step
}

/// A step that tries these things.
pub(super) fn tries(id: &str, tries: &Value) -> Value {
    step(id, "prowler", &json!({ "tries": tries }))
}

/// What came of the tries of a step.
pub(super) fn told(result: &Value) -> Vec<String> {
    let outputs = result["outputs"].as_object().unwrap_or_else(|| panic!("no outputs: {result:#}"));
    let of = |number: usize| Some(outputs.get(&format!("try-{number}"))?.as_str()?.to_owned());
    (0..).map_while(of).collect()
}

/// Insists on how a step ended.
pub(super) fn check_end(result: &Value, outcome: &str, says: &str) {
    assert_eq!(result["outcome"], outcome, "{result:#}");
    let message = result["message"].as_str().unwrap_or_default();
    assert!(message.contains(says), "`{says}` is not in: {message}");
}
