//! Instantiate and call alone, through the port with all its limits and recording, against the same component in bare
//! wasmtime with the same configuration.

use std::sync::Arc;

use lockgate_model::call::Call;
use lockgate_model::grant::Grants;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::{AttemptId, Digest, RunId};
use lockgate_model::outcome::Outcome;
use lockgate_model::plan::Trust;
use lockgate_ports::{Cancel, Gate, Invocation, Recorder};
use lockgate_sandbox::bare::Bare;
use serde_json::json;

use crate::measure::{Figure, Ratio, timed};
use crate::world::Bench;

/// Calls of each, taken in turn, so that both meet the same machine.
const CALLS: u64 = 4_000;

pub(crate) fn against_wasmtime(guest: &[u8]) -> Option<Ratio> {
    // The cache is left out: a lookup is no part of instantiating and calling.
    let bench = Bench::open(false);
    let component = bench.world.blobs.put(guest).expect("the guest is kept");
    let bare = Bare::new(guest, 64).expect("bare wasmtime takes the guest");
    let recorder: Arc<dyn Recorder> = Arc::new(Nowhere);
    let cancel = Cancel::default();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..CALLS {
        let mut invocation = Some(invocation(component, number));
        ours.push(timed(&mut || {
            let invocation = invocation.take().expect("one call");
            let returned = bench.world.sandbox.call(invocation, &cancel, recorder.clone());
            assert!(matches!(returned.outcome, Outcome::Answered(_)) && returned.cached_from.is_none());
        }));
        let call = call(number);
        theirs.push(timed(&mut || drop(bare.call(&call).expect("an answer"))));
    }
    let ours = Figure::median_us("a call through the sandbox", ours);
    let theirs = Figure::median_us("the same call in bare wasmtime", theirs);
    Some(Ratio::new("call_vs_wasmtime", &ours, &theirs, 1.2))
}

/// A gate's call by hand.
pub(crate) fn invocation(component: Digest, number: u64) -> Invocation {
    Invocation {
        component,
        call: call(number),
        attempt: attempt(),
        grants: Grants::default(),
        grants_place: String::new(),
        trust: Trust::Trusted,
        env: Default::default(),
        workspace: None,
        time_ms: 10_000,
        idempotency_key: String::new(),
        run_url: None,
        gate: Gate::open(),
        answers: None,
    }
}

/// No two inputs are alike, so that none is answered from the cache.
fn call(number: u64) -> Call {
    Call::QualityGate { config: json!({ "number": number }), evidence: Vec::new(), baseline: Vec::new() }
}

fn attempt() -> AttemptId {
    let (job, step) = ("bench".parse().expect("a job key"), "call".parse().expect("a step id"));
    AttemptId { run: RunId::new(1, 1), job, step, number: 1 }
}

/// A recorder for calls of which nobody reads the journal.
pub(crate) struct Nowhere;

impl Recorder for Nowhere {
    fn record(&self, call: HostCall) {
        std::hint::black_box(&call);
    }

    fn finish(&self) -> Option<Vec<u8>> {
        None
    }
}
