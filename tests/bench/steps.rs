//! One pure step through the whole path: scheduled, instantiated, called, journalled, committed with FULL.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use lockgate_engine::run::RunState;
use lockgate_engine::{Begin, Control, Engine, Observer};
use lockgate_model::call::Kind;
use lockgate_model::catalog::PluginPin;
use lockgate_model::event::RunEvent;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, Digest, JobKey, RunId};
use lockgate_model::outcome::Conclusion;
use lockgate_model::plan::{Plan, PlanJob, PlanStep, Retry, RetryOn, StepAction};
use lockgate_model::template::{Condition, Template};
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;
use serde_json::json;

use crate::measure::{Figure, Ratio};
use crate::world::{Bench, permits};

/// Steps of the chain; the plan's limit for one job does not bind a plan that is made by hand.
const STEPS: u64 = 2_000;

/// For each step the time from the moment the engine hands it to a worker to the moment it is told that its end is on
/// disk. The steps are a chain: no two of them are under way together.
pub(crate) fn against_spawn(guest: &[u8], spawn: &Figure) -> Option<Ratio> {
    let bench = Bench::open(true);
    let component = bench.world.blobs.put(guest).expect("the guest is kept");
    bench.world.sandbox.describe(&component).expect("the guest is a plugin");
    let plan = Arc::new(plan(component));
    let tree = TreeRef { root: component, times: component };
    let stopwatch = Arc::new(Stopwatch::default());
    let observer: Arc<dyn Observer> = stopwatch.clone();
    let engine = Engine::new(bench.world.clone(), "bench:boot:1:1".to_owned(), permits(), 1);
    let ended = engine.run(&RunId::new(1, 1), Begin::New { plan, tree }, &Control::default(), &observer);
    assert_eq!(ended.expect("the run is driven").conclusion, Some(Conclusion::Passed));
    let samples = std::mem::take(&mut *stopwatch.samples.lock().expect("no panic"));
    let step = Figure::median_us("a pure step: scheduled, called, journalled, on disk", samples);
    Some(Ratio::new("step_vs_spawn", &step, spawn, 0.5))
}

/// Stops the time between start and commit of each attempt.
#[derive(Default)]
struct Stopwatch {
    began: Mutex<BTreeMap<String, Instant>>,
    samples: Mutex<Vec<f64>>,
}

impl Observer for Stopwatch {
    fn event(&self, _at: Timestamp, event: &RunEvent, _state: &RunState) {
        let RunEvent::AttemptFinished { step, .. } = event else { return };
        if let Some(began) = self.began.lock().expect("no panic").remove(step.as_str()) {
            self.samples.lock().expect("no panic").push(began.elapsed().as_secs_f64() * 1e6);
        }
    }

    fn call(&self, _attempt: &AttemptId, _call: &HostCall) {}

    fn started(&self, attempt: &AttemptId) {
        self.began.lock().expect("no panic").insert(attempt.step.to_string(), Instant::now());
    }
}

fn plan(component: Digest) -> Plan {
    let id: lockgate_model::ids::JobId = "chain".parse().expect("a job id");
    let pin = PluginPin {
        reference: "registry.example/guests/verdict:0.1".to_owned(),
        digest: component,
        kind: Kind::QualityGate,
        contract: "0.1.0".to_owned(),
    };
    let job = PlanJob {
        key: JobKey::new(&id, []),
        name: "chain".to_owned(),
        id,
        matrix: BTreeMap::new(),
        needs: Vec::new(),
        condition: Condition::Success,
        fail_fast: false,
        parallel_max: None,
        continue_on_error: false,
        timeout_ms: 600_000,
        outputs: BTreeMap::new(),
        steps: (0..STEPS).map(|number| step(number, &pin)).collect(),
    };
    Plan {
        version: 1,
        name: "bench".to_owned(),
        file: "bench.yaml".to_owned(),
        source: component,
        inputs: BTreeMap::new(),
        event: json!({}),
        plugins: BTreeMap::new(),
        jobs: vec![job],
    }
}

fn step(number: u64, pin: &PluginPin) -> PlanStep {
    PlanStep {
        id: format!("step-{number}").parse().expect("a step id"),
        name: format!("step {number}"),
        line: 1,
        condition: Condition::Success,
        action: StepAction::Plugin {
            alias: "verdict".parse().expect("an alias"),
            pin: pin.clone(),
            // No two inputs are alike, so that none is answered from the cache; a line each, so that there is a journal.
            config: Template::Literal(json!({ "number": number, "say": "a line for the journal" })),
            schema: None,
            files: Vec::new(),
        },
        env: BTreeMap::new(),
        grants: Default::default(),
        effect: Default::default(),
        timeout_ms: 10_000,
        retry: Retry { attempts_max: 1, on: RetryOn::Fault, backoff_ms: 1 },
        continue_on_error: false,
    }
}
