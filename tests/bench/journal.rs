//! What the journal costs a talkative step: many lines of the log and many small reads, through the recorder that the
//! engine gives to a step that is followed live, against a recorder that keeps nothing.

use std::sync::Arc;

use lockgate_model::call::{Answer, Call};
use lockgate_model::ids::Digest;
use lockgate_model::outcome::Outcome;
use lockgate_ports::sandbox::WorkspaceAccess;
use lockgate_ports::{Cancel, Invocation, Recorder};
use serde_json::json;

use crate::calls::{Nowhere, invocation};
use crate::measure::{Figure, Ratio, timed};
use crate::world::Bench;

/// Steps of each, taken in turn, so that both meet the same machine.
const STEPS: u64 = 300;
const LINES: u64 = 500;
const READS: u64 = 500;
const PIECE_BYTES: usize = 4 * 1024;
const FILE: &str = "piece.bin";

pub(crate) fn on_against_off() -> Option<Ratio> {
    let guest = std::fs::read(lockgate_tests::guest("lockgate-guest-chatterbox")).expect("the guest `chatterbox`");
    let bench = Bench::open(false);
    let component = bench.world.blobs.put(&guest).expect("the guest is kept");
    let folder = tempfile::tempdir().expect("a workspace");
    std::fs::write(folder.path().join(FILE), [7; PIECE_BYTES]).expect("a file to read");
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for number in 0..STEPS {
        let step = step(component, number, folder.path());
        let mut recorder: Option<Arc<dyn Recorder>> = Some(Arc::new(Nowhere));
        off.push(timed(&mut || drop(call(&bench, &step, recorder.take().expect("one call")))));
        // Opened, flushed and synced within the time: all of it is what the journal costs.
        on.push(timed(&mut || drop(call(&bench, &step, bench.world.journal.open(&step.attempt, true)))));
    }
    let lines = bench.world.journal.read(&step(component, STEPS - 1, folder.path()).attempt, 0).expect("a journal");
    assert!(lines.len() as u64 >= LINES + READS, "the journal holds {} calls only", lines.len());
    let on = Figure::median_us("500 lines and 500 reads of 4 KiB, journal on", on);
    let off = Figure::median_us("500 lines and 500 reads of 4 KiB, journal off", off);
    Some(Ratio::new("journal_on_vs_off", &on, &off, 1.15))
}

/// One step to its end, its journal on disk as far as the engine wants it there.
fn call(bench: &Bench, step: &Invocation, recorder: Arc<dyn Recorder>) -> Option<Vec<u8>> {
    let returned = bench.world.sandbox.call(step.clone(), &Cancel::default(), recorder.clone());
    let Outcome::Answered(Answer::Product(product)) = &returned.outcome else { panic!("{:?}", returned.outcome) };
    assert_eq!(product.outputs, [("bytes".to_owned(), (READS as usize * PIECE_BYTES).to_string())]);
    recorder.finish()
}

fn step(component: Digest, number: u64, workspace: &std::path::Path) -> Invocation {
    let access = WorkspaceAccess { path: workspace.to_owned(), writable: true, tree: None, scratch: Vec::new() };
    let mut step = invocation(component, number);
    step.attempt.number = u32::try_from(number + 1).expect("few steps");
    let config = json!({ "lines": LINES, "reads": READS, "file": FILE });
    Invocation { call: Call::BuildStep { config, evidence: Vec::new() }, workspace: Some(access), ..step }
}
