//! One pure step through the whole path: scheduled, instantiated, called, journalled, committed with FULL.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use lockgate_engine::run::RunState;
use lockgate_engine::{Begin, Control, Engine, Observer, World};
use lockgate_model::call::Kind;
use lockgate_model::catalog::PluginPin;
use lockgate_model::event::RunEvent;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, Digest, JobKey, RunId, StreamId};
use lockgate_model::outcome::Conclusion;
use lockgate_model::plan::{Plan, PlanJob, PlanStep, Retry, RetryOn, StepAction, Trust};
use lockgate_model::template::{Condition, Template};
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;
use lockgate_ports::log::{Append, Appended, Recorded, ViewRow};
use lockgate_ports::{EventLog, Lease, LogError};
use serde_json::json;

use crate::measure::{Figure, Ratio, samples, spawn};
use crate::world::{Bench, permits};

/// Steps of the chain; the plan's limit for one job does not bind a plan that is made by hand.
const STEPS: u64 = 2_000;

/// The time from one step's end on disk to the next one's. The steps are a chain, nothing lingers, and the log is made to
/// commit each append before it takes the next: no step begins before the one before it is on disk, and none shares its
/// commit. The engine as it is does better, by starting a pure step before its predecessor's commit.
pub(crate) fn against_spawn(guest: &[u8]) -> Option<Ratio> {
    let spawn = Figure::median_us("posix_spawn of /bin/true", samples(400, spawn));
    let bench = Bench::open(true);
    let component = bench.world.blobs.put(guest).expect("the guest is kept");
    bench.world.sandbox.describe(&component).expect("the guest is a plugin");
    let alone = World { log: Arc::new(OneByOne(bench.world.log.clone())), ..bench.world.clone() };
    let step = Figure::median_us(
        "a pure step, its commit its own",
        ends(&engine(alone).lingering(0), &plan(component, 0), &RunId::new(1, 1)),
    );
    let chain = ends(&engine(bench.world.clone()), &plan(component, STEPS), &RunId::new(2, 2));
    let mean_us = chain.iter().sum::<f64>() / chain.len() as f64;
    println!("{:<58} {mean_us:>8.1} us mean", "a pure step of a chain, commits shared");
    Some(Ratio::new("step_vs_spawn", &step, &spawn, 0.5))
}

fn engine(world: World) -> Engine {
    Engine::new(world, "bench:boot:1:1".to_owned(), permits(), 1)
}

/// Microseconds between the ends of the chain's steps.
fn ends(engine: &Engine, plan: &Plan, run: &RunId) -> Vec<f64> {
    let digest = plan.source;
    let stopwatch = Arc::new(Stopwatch::default());
    let observer: Arc<dyn Observer> = stopwatch.clone();
    let begin = Begin::New { plan: Arc::new(plan.clone()), tree: TreeRef { root: digest, times: digest } };
    let ended = engine.run(run, begin, &Control::default(), &observer).expect("the run is driven");
    assert_eq!(ended.conclusion, Some(Conclusion::Passed));
    let ends = stopwatch.ends.lock().expect("no panic");
    ends.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1e6).collect()
}

/// Notes when the end of each attempt is told to be on disk.
#[derive(Default)]
struct Stopwatch {
    ends: Mutex<Vec<Instant>>,
}

impl Observer for Stopwatch {
    fn event(&self, _at: Timestamp, event: &RunEvent, _state: &RunState) {
        if matches!(event, RunEvent::AttemptFinished { .. }) {
            self.ends.lock().expect("no panic").push(Instant::now());
        }
    }

    fn call(&self, _attempt: &AttemptId, _call: &HostCall) {}

    fn started(&self, _attempt: &AttemptId) {}
}

/// A log that does not take an append before the one before it is on disk.
struct OneByOne(Arc<dyn EventLog>);

impl EventLog for OneByOne {
    fn append(&self, append: Append, appended: Appended) {
        let (done, wait) = std::sync::mpsc::channel();
        let told = move |result| {
            appended(result);
            let _ = done.send(());
        };
        self.0.append(append, Box::new(told));
        wait.recv().expect("the log tells");
    }

    fn claim(&self, stream: &StreamId, owner: &str, now: Timestamp, until: Timestamp) -> Result<Lease, LogError> {
        self.0.claim(stream, owner, now, until)
    }

    fn renew(&self, lease: &Lease, until: Timestamp) -> Result<(), LogError> {
        self.0.renew(lease, until)
    }

    fn release(&self, lease: &Lease) {
        self.0.release(lease);
    }

    fn read(&self, stream: &StreamId, after: u64, events_max: usize) -> Result<Vec<Recorded>, LogError> {
        self.0.read(stream, after, events_max)
    }

    fn rows(&self, view: &str, rows_max: usize) -> Result<Vec<ViewRow>, LogError> {
        self.0.rows(view, rows_max)
    }

    fn send(&self, stream: &StreamId, now: Timestamp, body: Vec<u8>) -> Result<(), LogError> {
        self.0.send(stream, now, body)
    }

    fn receive(&self, lease: &Lease) -> Result<Vec<Vec<u8>>, LogError> {
        self.0.receive(lease)
    }
}

/// A job of `STEPS` steps whose numbers begin at `first`: no two inputs of two plans are alike.
fn plan(component: Digest, first: u64) -> Plan {
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
        steps: (first..first + STEPS).map(|number| step(number, &pin)).collect(),
    };
    Plan {
        version: 1,
        name: "bench".to_owned(),
        file: "bench.yaml".to_owned(),
        source: component,
        inputs: BTreeMap::new(),
        event: json!({}),
        trust: Trust::Trusted,
        plugins: BTreeMap::new(),
        jobs: vec![job],
    }
}

fn step(number: u64, pin: &PluginPin) -> PlanStep {
    PlanStep {
        id: format!("step-{number}").parse().expect("a step id"),
        name: format!("step {number}"),
        line: 1,
        grants_line: None,
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
