//! A JSON object for each event and each host call, on standard output.

use std::io::Write;

use lockgate_engine::Observer;
use lockgate_engine::run::RunState;
use lockgate_model::Json;
use lockgate_model::event::RunEvent;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::AttemptId;
use lockgate_model::time::Timestamp;
use serde_json::json;

use super::json;

/// A run does not end because nobody reads of it: what cannot be written is left out.
fn write_line(value: &Json) {
    let _ = std::io::stdout().lock().write_all(format!("{value}\n").as_bytes());
}

/// Lines of JSON.
#[derive(Default)]
pub(crate) struct JsonLines;

impl Observer for JsonLines {
    fn event(&self, at: Timestamp, event: &RunEvent, state: &RunState) {
        let run = state.start.as_ref().map(|start| &start.run);
        write_line(&json!({ "at": at, "run": run, "event": event }));
    }

    fn call(&self, attempt: &AttemptId, call: &HostCall) {
        write_line(&json::call(attempt, call));
    }

    fn started(&self, _attempt: &AttemptId) {}
}
