//! `journal`: every call that an attempt made to the host.

use std::path::Path;

use lockgate_engine::drive;
use lockgate_model::Json;
use lockgate_model::host_call::{CallBody, FunctionCall, HostCall, Permission};
use lockgate_model::ids::{AttemptId, Digest};
use serde_json::json;

use crate::attempts;
use crate::exit::{CliError, Exit};
use crate::host::Stores;
use crate::output::log_line;
use crate::output::safe;
use crate::output::style::{Style, Tone};
use crate::run_ref;

/// Arguments and results are cut to this many characters in the table.
const SHORT_CHARS: usize = 100;

pub(crate) fn journal(state: &Path, named: &str, step: &str, as_json: bool) -> Result<Exit, CliError> {
    let stores = Stores::open_existing(state)?;
    let run = run_ref::find(stores.log(), named)?;
    let (run_state, _) = drive::load(stores.log(), &*stores.blobs, &run)?;
    let style = Style::stdout();
    for attempt in attempts::ended(&run_state, &run, Some(step))? {
        let calls = stores.journal.read(&attempt, 0).map_err(CliError::host)?;
        if !as_json {
            crate::output::out!("{}", style.bold(&format!("{attempt}: {} calls", calls.len())));
            crate::output::out!("{}", style.dim("   seq       at      took       bytes  call"));
        }
        for call in &calls {
            match as_json {
                true => crate::output::out!("{}", serde_json::to_string(&as_object(&attempt, call))?),
                false => crate::output::out!("{}", line(call, style)),
            }
        }
    }
    Ok(Exit::Passed)
}

fn line(call: &HostCall, style: Style) -> String {
    let HostCall { seq, at_ms, duration_us, permission, body } = call;
    let took = if *duration_us < 10_000 { format!("{duration_us}us") } else { format!("{}ms", duration_us / 1000) };
    let (bytes, text) = match body {
        CallBody::Line(line) => (String::new(), format!("{} {}", style.dim("log"), log_line(line, style))),
        CallBody::Progress { message, done, total } => {
            let total = total.map(|total| format!("/{total}")).unwrap_or_default();
            (String::new(), format!("{} {} {done}{total}", style.dim("progress"), safe(message)))
        }
        CallBody::Function(call) => {
            (if call.bytes == 0 { String::new() } else { call.bytes.to_string() }, function(call))
        }
    };
    let grant = match permission {
        Permission::Free => String::new(),
        Permission::Granted(grant) => style.dim(&format!("  [{}]", safe(grant))),
        Permission::Denied(grant) => style.paint(Tone::Bad, &format!("  denied: {}", safe(grant))),
    };
    format!("{seq:>6} {at_ms:>6}ms {took:>9} {bytes:>11}  {text}{grant}")
}

fn function(call: &FunctionCall) -> String {
    let (arguments, result) = (short(&call.arguments), short(&call.result));
    safe(&format!("{}.{} {arguments} -> {result}", call.interface, call.function))
}

fn short(value: &Json) -> String {
    let text = match value {
        Json::Null => String::new(),
        value => value.to_string(),
    };
    match text.char_indices().nth(SHORT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A call with the digests of its arguments and its result, over their JSON as it stands.
fn as_object(attempt: &AttemptId, call: &HostCall) -> Json {
    let mut object = json!({
        "attempt": attempt.to_string(),
        "seq": call.seq,
        "at-ms": call.at_ms,
        "duration-us": call.duration_us,
        "permission": call.permission,
    });
    let body = match &call.body {
        CallBody::Function(call) => json!({
            "interface": call.interface,
            "function": call.function,
            "arguments": call.arguments,
            "arguments-digest": Digest::of(call.arguments.to_string().as_bytes()),
            "result": call.result,
            "result-digest": Digest::of(call.result.to_string().as_bytes()),
            "bytes": call.bytes,
            "answer": call.answer,
        }),
        other => json!(other),
    };
    if let (Some(object), Json::Object(body)) = (object.as_object_mut(), body) {
        object.extend(body);
    }
    object
}
