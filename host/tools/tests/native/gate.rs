//! A command that must really run waits until its gate opens; one whose result is known does not.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use lockgate_ports::cancel::StopReason;
use lockgate_ports::tools::{Completion, Ending, Tools as _};
use lockgate_ports::{Cancel, Gate, ToolAction};

use crate::world::{Sink, World, world};

/// Long enough for a command that does not wait.
const A_WHILE: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a command beside `meanwhile`, which gets the way to its end.
fn beside(world: &World, gate: &Gate, cancel: &Cancel, meanwhile: impl FnOnce(&mpsc::Receiver<Completion>)) {
    let action = ToolAction { gate: gate.clone(), ..world.script("echo ran > out") };
    std::thread::scope(|scope| {
        let (ended, end) = mpsc::channel();
        scope.spawn(move || {
            let completion = world.tools.run(action, Arc::new(Sink::default()), cancel).unwrap();
            // Nobody listens any more where the test has failed.
            drop(ended.send(completion));
        });
        meanwhile(&end);
        // Whatever became of the test, nobody is left waiting.
        cancel.raise(StopReason::Cancelled);
    });
}

#[test]
fn nothing_runs_before_the_gate_opens() {
    let Some(world) = world() else { return };
    let (gate, cancel) = (Gate::closed(Box::new(|| ())), Cancel::default());
    beside(&world, &gate, &cancel, |end| {
        assert!(end.recv_timeout(A_WHILE).is_err());
        assert!(!world.path("out").exists());
        gate.let_through();
        assert_eq!(end.recv_timeout(PATIENCE).unwrap().ending, Ending::Exited(0));
        assert_eq!(world.read("out"), "ran\n");
    });
}

#[test]
fn what_is_known_passes_a_closed_gate() {
    let Some(world) = world() else { return };
    world.sh("echo ran > out");
    std::fs::remove_file(world.path("out")).unwrap();
    let (gate, cancel) = (Gate::closed(Box::new(|| ())), Cancel::default());
    beside(&world, &gate, &cancel, |end| {
        assert!(end.recv_timeout(PATIENCE).unwrap().cached_from.is_some());
        assert_eq!(world.read("out"), "ran\n");
    });
}

#[test]
fn who_waits_at_a_gate_can_be_cancelled() {
    let Some(world) = world() else { return };
    let (gate, cancel) = (Gate::closed(Box::new(|| ())), Cancel::default());
    beside(&world, &gate, &cancel, |end| {
        cancel.raise(StopReason::Abandoned);
        assert_eq!(end.recv_timeout(PATIENCE).unwrap().ending, Ending::Cancelled);
    });
    assert!(!world.path("out").exists());
}
