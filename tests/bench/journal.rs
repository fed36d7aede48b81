//! What the journal costs a talkative step: many lines of the log and many small reads, through the recorder that the
//! engine gives to a step that is followed live, against a recorder that keeps nothing.

use std::sync::Arc;

use lockgate_model::call::{Answer, Call};
use lockgate_model::ids::{AttemptId, Digest, RunId, StreamId};
use lockgate_model::outcome::Outcome;
use lockgate_ports::log::Append;
use lockgate_ports::sandbox::WorkspaceAccess;
use lockgate_ports::{Cancel, Invocation, Lease, Recorder};
use serde_json::json;

use crate::calls::{Nowhere, invocation};
use crate::measure::{Figure, Ratio, timed};
use crate::world::Bench;

/// Steps of each, taken in turn, so that both meet the same machine.
const STEPS: u64 = 300;
const LINES: u64 = 500;
const READS: u64 = 500;
const PIECE_BYTES: usize = 4 * 1024;
/// Longer than the benchmark takes.
const LEASE_MS: u64 = 600_000;
const FILE: &str = "piece.bin";

pub(crate) fn on_against_off() -> Option<Ratio> {
    let guest = std::fs::read(lockgate_tests::guest("lockgate-guest-chatterbox")).expect("the guest `chatterbox`");
    let bench = Bench::open(false);
    let component = bench.world.blobs.put(&guest).expect("the guest is kept");
    let folder = tempfile::tempdir().expect("a workspace");
    std::fs::write(folder.path().join(FILE), [7; PIECE_BYTES]).expect("a file to read");
    let (mut on, mut off) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let mut ends = Ends::claim(&bench);
    for number in 0..STEPS {
        let step = step(component, number, folder.path());
        measure(&mut off, &bench, &mut ends, &step, || Arc::new(Nowhere));
        measure(&mut on, &bench, &mut ends, &step, || bench.world.journal.open(&step.attempt, true));
        let calls = bench.world.journal.read(&step.attempt, 0).expect("a journal").len() as u64;
        assert!(calls >= LINES + READS, "the journal holds {calls} calls only");
    }
    let ([on_call, on], [off_call, off]) = (on, off);
    Figure::median_us("500 lines, 500 reads of 4 KiB: the call, journal on", on_call);
    Figure::median_us("500 lines, 500 reads of 4 KiB: the call, journal off", off_call);
    let on = Figure::median_us("  with its end committed, journal on", on);
    let off = Figure::median_us("  with its end committed, journal off", off);
    Some(Ratio::new("journal_on_vs_off", &on, &off, 1.15))
}

/// The time of one step, first of its call alone (its journal opened, written and finished), then with the commit of its
/// end, which takes a small journal along.
fn measure(
    [calls, wholes]: &mut [Vec<f64>; 2],
    bench: &Bench,
    ends: &mut Ends,
    step: &Invocation,
    open: impl Fn() -> Arc<dyn Recorder>,
) {
    let mut journal = None;
    let call_us = timed(&mut || journal = call(bench, step, &open()));
    let commit_us = timed(&mut || ends.commit(bench, &step.attempt, journal.take()));
    calls.push(call_us);
    wholes.push(call_us + commit_us);
}

fn call(bench: &Bench, step: &Invocation, recorder: &Arc<dyn Recorder>) -> Option<Vec<u8>> {
    let returned = bench.world.sandbox.call(step.clone(), &Cancel::default(), recorder.clone());
    let Outcome::Answered(Answer::Product(product)) = &returned.outcome else { panic!("{:?}", returned.outcome) };
    assert_eq!(product.outputs, [("bytes".to_owned(), (READS as usize * PIECE_BYTES).to_string())]);
    recorder.finish()
}

/// The ends of attempts, in a stream of their own.
struct Ends {
    lease: Lease,
    seq: u64,
}

impl Ends {
    fn claim(bench: &Bench) -> Self {
        let stream: StreamId = RunId::new(1, 1).stream();
        let now = bench.world.clock.now();
        let lease = bench.world.log.claim(&stream, "bench:boot:1:1", now, now.plus_ms(LEASE_MS)).expect("a lease");
        Self { lease, seq: 0 }
    }

    fn commit(&mut self, bench: &Bench, attempt: &AttemptId, journal: Option<Vec<u8>>) {
        let append = Append {
            stream: self.lease.stream.clone(),
            expected_seq: self.seq,
            epoch: self.lease.epoch,
            at: bench.world.clock.now(),
            events: vec![b"{}".to_vec()],
            view_rows: Vec::new(),
            journals: journal.map(|journal| (attempt.clone(), journal)).into_iter().collect(),
        };
        let (done, wait) = std::sync::mpsc::channel();
        bench.world.log.append(append, Box::new(move |result| drop(done.send(result))));
        wait.recv().expect("the log tells").expect("it is on disk");
        self.seq += 1;
    }
}

fn step(component: Digest, number: u64, workspace: &std::path::Path) -> Invocation {
    let access =
        WorkspaceAccess { folder: Arc::new(workspace.to_owned()), writable: true, tree: None, scratch: Vec::new() };
    let mut step = invocation(component, number);
    step.attempt.number = u32::try_from(number + 1).expect("few steps");
    let config = json!({ "lines": LINES, "reads": READS, "file": FILE });
    Invocation { call: Call::BuildStep { config, evidence: Vec::new() }, workspace: Some(access), ..step }
}
