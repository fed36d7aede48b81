//! `run`, `resume`, `retry`: everything that drives a run.

use std::path::Path;
use std::sync::Arc;

use lockgate_engine::run::RunState;
use lockgate_engine::{Begin, Control, DriveError, Observer};
use lockgate_model::ids::RunId;
use lockgate_model::outcome::Conclusion;
use lockgate_model::plan::Trust;
use lockgate_ports::{LogError, Workspaces};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::args::{OutputArgs, RunArgs};
use crate::clock::new_run_id;
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::{Output, summary};
use crate::run_ref;

pub(crate) fn run(state: &Path, args: &RunArgs) -> Result<Exit, CliError> {
    let folder = Path::new(".");
    let host = Host::open(state, folder)?;
    super::lock::offer(&host, &args.file.path)?;
    let mut plan = super::plan::make(&host, &args.file)?.plan;
    if args.untrusted {
        plan.trust = Trust::Untrusted;
    }
    let tree = host.workspaces.import(folder)?;
    let run = new_run_id(host.stores.clock.now())?;
    drive(&host, &run, Begin::New { plan: Arc::new(plan), tree }, &args.output)
}

pub(crate) fn resume(state: &Path, named: &str, output: &OutputArgs) -> Result<Exit, CliError> {
    let host = existing(state)?;
    let run = run_ref::find(host.stores.log(), named)?;
    drive(&host, &run, Begin::Resume, output)
}

pub(crate) fn retry(state: &Path, named: &str, output: &OutputArgs) -> Result<Exit, CliError> {
    let host = existing(state)?;
    let run = run_ref::find(host.stores.log(), named)?;
    let (ended, _) = lockgate_engine::drive::load(host.stores.log(), &*host.stores.blobs, &run)?;
    if ended.conclusion.is_some_and(Conclusion::is_good) {
        return Err(CliError::Usage(format!("run {run} passed; there is nothing to retry")));
    }
    drive(&host, &run, Begin::Retry { reason: "lockgate retry".to_owned() }, output)
}

fn existing(state: &Path) -> Result<Host, CliError> {
    crate::host::Stores::open_existing(state)?;
    Host::open(state, Path::new("."))
}

fn drive(host: &Host, run: &RunId, begin: Begin, args: &OutputArgs) -> Result<Exit, CliError> {
    let control = Control::default();
    let interrupted = interrupt(&control)?;
    let output = Output::start(run, args.json_lines);
    let observer: Arc<dyn Observer> = output.observer();
    let driven = host.engine(args.parallel)?.run(run, begin, &control, &observer);
    output.finish();
    if let Err(DriveError::Log(LogError::Full { .. })) = &driven {
        // Its folders can be made again from their trees; as they are, they keep the disk full.
        host.workspaces.discard(run);
    }
    let ended = driven.map_err(|error| explain(run, error))?;
    if !args.json_lines {
        let journal = &*host.stores.journal;
        let style = crate::output::style::Style::stdout();
        let text = if output.has_shown_the_tree() {
            summary::end_of(&ended, run, journal, style)
        } else {
            summary::of(&ended, run, journal, style)
        };
        crate::output::print(&text);
    }
    host.workspaces.discard(run);
    super::verify::attest(host, run, &ended)?;
    Ok(exit_of(&ended, interrupted.load(std::sync::atomic::Ordering::SeqCst)))
}

fn exit_of(ended: &RunState, interrupted: bool) -> Exit {
    match ended.conclusion {
        Some(conclusion) if conclusion.is_good() => Exit::Passed,
        Some(Conclusion::Cancelled) if interrupted => Exit::Interrupted,
        Some(Conclusion::Faulted) | None => Exit::Host,
        Some(_) => Exit::Failed,
    }
}

fn explain(run: &RunId, error: DriveError) -> CliError {
    match error {
        DriveError::Unknown(_) | DriveError::NotEnded(_) => CliError::Usage(error.to_string()),
        other => CliError::host(format!(
            "{}\n  nothing that was recorded is lost; go on with `lockgate resume {run}`",
            crate::exit::chain(&other)
        )),
    }
}

/// The first Ctrl-C (or SIGTERM, or a closed terminal) cancels the run, so that cleanup steps run; the second one ends the process.
fn interrupt(control: &Control) -> Result<Arc<std::sync::atomic::AtomicBool>, CliError> {
    use std::sync::atomic::{AtomicBool, Ordering};
    let interrupted = Arc::new(AtomicBool::new(false));
    let (control, seen) = (control.clone(), interrupted.clone());
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            if seen.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
            control.cancel("interrupted");
            crate::output::err!("stopping; cleanup steps still run. Press Ctrl-C again to leave at once");
        }
    })?;
    Ok(interrupted)
}
