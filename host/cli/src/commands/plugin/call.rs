//! `plugin call`: a pure plugin by hand.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::call::Call;
use lockgate_model::grant::Grants;
use lockgate_model::host_call::{CallBody, HostCall};
use lockgate_model::ids::{AttemptId, Digest, RunId};
use lockgate_model::limits::PURE_CALL_MS_MAX;
use lockgate_model::outcome::Outcome;
use lockgate_model::plan::Trust;
use lockgate_ports::{Cancel, Gate, Invocation, Recorder};

use super::find::find;
use crate::exit::{CliError, Exit};
use crate::host::Host;
use crate::output::log_line;
use crate::output::style::Style;

/// An input file.
const INPUT_BYTES_MAX: u64 = 64 * 1024 * 1024;

pub(super) fn call(state: &Path, plugin: &str, input: &Path) -> Result<Exit, CliError> {
    let host = Host::open(state, Path::new("."))?;
    let found = find(&host.supply, plugin)?;
    found.check_trust(&host.supply)?;
    let component = host.stores.blobs.put(&found.component)?;
    let text = read_input(input)?;
    let call: Call = serde_json::from_str(&text).map_err(|error| {
        CliError::Usage(format!("{}: not a call: {error}; write {{\"quality-gate\": {{...}}}}", input.display()))
    })?;
    if !call.kind().is_pure() {
        let message = format!("a {} is not pure: it can only be called by a run, in a workspace", call.kind());
        return Err(CliError::Usage(message));
    }
    let recorder = Arc::new(Lines::default());
    let returned = host.sandbox.call(invocation(component, call)?, &Cancel::default(), recorder.clone());
    for line in recorder.lines.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        crate::output::err!("{line}");
    }
    crate::output::out!("{}", serde_json::to_string_pretty(&returned.outcome)?);
    Ok(match returned.outcome {
        Outcome::Answered(_) => Exit::Passed,
        Outcome::Refused { .. } => Exit::Usage,
        Outcome::Faulted { .. } => Exit::Host,
        _ => Exit::Failed,
    })
}

fn read_input(path: &Path) -> Result<String, CliError> {
    use std::io::Read;
    let usage = |error: std::io::Error| CliError::Usage(format!("cannot read the input {}: {error}", path.display()));
    let mut text = String::new();
    let source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(path).map_err(usage)?),
    };
    source.take(INPUT_BYTES_MAX).read_to_string(&mut text).map_err(usage)?;
    Ok(text)
}

fn invocation(component: Digest, call: Call) -> Result<Invocation, CliError> {
    let attempt = AttemptId { run: RunId::new(0, 0), job: "by-hand".parse()?, step: "call".parse()?, number: 1 };
    Ok(Invocation {
        component,
        call,
        attempt,
        grants: Grants::default(),
        grants_place: String::new(),
        trust: Trust::Trusted,
        env: Default::default(),
        workspace: None,
        time_ms: PURE_CALL_MS_MAX,
        idempotency_key: String::new(),
        run_url: None,
        gate: Gate::open(),
        answers: None,
    })
}

/// Keeps the lines of a call, for standard error.
#[derive(Default)]
struct Lines {
    lines: Mutex<Vec<String>>,
}

impl Recorder for Lines {
    fn record(&self, call: HostCall) {
        if let CallBody::Line(line) = &call.body {
            let line = log_line(line, Style::stderr());
            self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn finish(&self) -> Option<Vec<u8>> {
        None
    }
}
