//! `replay` and `bundle`: attempts carried out again from their record, here or elsewhere.

use std::path::Path;
use std::sync::Arc;

use lockgate_engine::drive::{self, history};
use lockgate_journal::bundle::{self, Bundle};
use lockgate_journal::replay::{Bench, EndDifference, Replayed};
use lockgate_model::host_call::{FunctionCall, HostCall};
use lockgate_store::disk::WorkFolders;
use similar::TextDiff;

use crate::args::ReplayArgs;
use crate::attempts;
use crate::exit::{CliError, Exit, chain};
use crate::host::{Host, Stores};
use crate::output::safe;
use crate::output::style::{Style, Tone};
use crate::run_ref;

/// Lines of context around a difference.
const CONTEXT_LINES: usize = 2;

pub(crate) fn replay(state: &Path, args: &ReplayArgs) -> Result<Exit, CliError> {
    match (&args.bundle, &args.run) {
        (Some(path), _) => of_bundle(path),
        (None, Some(run)) => of_run(state, run, args.step.as_deref()),
        (None, None) => Err(CliError::Usage("name a run, or a bundle".to_owned())),
    }
}

fn of_run(state: &Path, named: &str, step: Option<&str>) -> Result<Exit, CliError> {
    Stores::open_existing(state)?;
    let host = Host::open(state, Path::new("."))?;
    let stores = &host.stores;
    let run = run_ref::find(stores.log(), named)?;
    let (run_state, _) = drive::load(stores.log(), &*stores.blobs, &run)?;
    let room = tempfile::tempdir()?;
    let bench = bench(&host, room.path())?;
    let mut exit = Exit::Passed;
    for attempt in attempts::ended(&run_state, &run, step)? {
        let past = history::attempt(stores.log(), &*stores.blobs, &attempt)?;
        let calls = record_of(&host, &past)?;
        let replayed = bench.replay(&past, &calls)?;
        exit = worse(exit, show(&attempt.to_string(), &replayed));
    }
    Ok(exit)
}

/// The calls of an attempt. One whose answer came from the cache has the lines of its log; that is all it did.
fn record_of(host: &Host, past: &history::Past) -> Result<Vec<HostCall>, CliError> {
    host.stores.journal.read(&past.task.attempt, 0).map_err(CliError::host)
}

fn of_bundle(path: &Path) -> Result<Exit, CliError> {
    let room = tempfile::tempdir()?;
    let host = Host::open(&room.path().join("state"), Path::new("."))?;
    let read = bundle::read(path, &*host.stores.blobs);
    let Bundle { past, calls } = read.map_err(|error| CliError::Usage(chain(&error)))?;
    let bench = bench(&host, room.path())?;
    Ok(show(&past.task.attempt.to_string(), &bench.replay(&past, &calls)?))
}

/// Folders of its own: a replay must not touch those of real runs.
pub(super) fn bench(host: &Host, room: &Path) -> Result<Bench, CliError> {
    let workspaces = WorkFolders::open(&room.join("replay"), host.stores.blobs.clone(), &[".lockgate"])?;
    Ok(Bench { sandbox: host.sandbox.clone(), blobs: host.stores.blobs.clone(), workspaces })
}

fn worse(one: Exit, other: Exit) -> Exit {
    if one == Exit::Passed { other } else { one }
}

fn show(attempt: &str, replayed: &Replayed) -> Exit {
    let style = Style::stdout();
    match replayed {
        Replayed::Identical { calls } => {
            let word = style.paint(Tone::Good, "identical");
            crate::output::out!("{word}       {attempt}: {calls} calls, same end");
            Exit::Passed
        }
        Replayed::CallDiffers(difference) => {
            let word = style.paint(Tone::Bad, "differs");
            crate::output::out!("{word}         {attempt}");
            for line in difference.to_string().lines() {
                crate::output::out!("    {}", safe(line));
            }
            Exit::Failed
        }
        Replayed::EndDiffers(ends) => {
            crate::output::out!("{}         {attempt}: same calls, another end", style.paint(Tone::Bad, "differs"));
            crate::output::print(&shown_ends(ends));
            Exit::Failed
        }
        Replayed::NotReplayable(why) => {
            crate::output::out!("{}  {attempt}: {}", style.paint(Tone::Busy, "not replayable"), safe(why));
            Exit::Failed
        }
    }
}

/// Differences of two ends, each as a diff.
pub(super) fn shown_ends(ends: &[EndDifference]) -> String {
    let mut text = String::new();
    for EndDifference { part, recorded, now } in ends {
        text.push_str(&format!("    {part}:\n"));
        let diff = TextDiff::from_lines(recorded.as_str(), now.as_str());
        for line in diff.unified_diff().context_radius(CONTEXT_LINES).to_string().lines() {
            text.push_str(&format!("      {}\n", safe(line)));
        }
    }
    text
}

pub(crate) fn bundle(state: &Path, named: &str, step: &str, output: &Path) -> Result<Exit, CliError> {
    Stores::open_existing(state)?;
    let host = Host::open(state, Path::new("."))?;
    let stores = &host.stores;
    let run = run_ref::find(stores.log(), named)?;
    let (run_state, _) = drive::load(stores.log(), &*stores.blobs, &run)?;
    let attempt = attempts::one(&run_state, &run, step)?;
    let past = history::attempt(stores.log(), &*stores.blobs, &attempt)?;
    let calls = record_of(&host, &past)?;
    let workspaces = Arc::clone(&host.workspaces);
    let bytes = bundle::write(output, &past, &calls, (&*stores.blobs, &*workspaces))?;
    if shows_secrets(&calls) {
        crate::output::err!(
            "a native tool of this attempt was shown a secret: look at the files that it left before you share it"
        );
    }
    crate::output::out!("{attempt}: {bytes} bytes in {}", output.display());
    crate::output::out!("replay it anywhere with `lockgate replay --bundle {}`", output.display());
    Ok(Exit::Passed)
}

/// Whether a native tool was shown a secret: what it wrote into files is not masked.
fn shows_secrets(calls: &[HostCall]) -> bool {
    let shows_one = |call: &FunctionCall| call.arguments["secret-env"].as_array().is_some_and(|them| !them.is_empty());
    calls.iter().filter_map(HostCall::function).any(shows_one)
}
