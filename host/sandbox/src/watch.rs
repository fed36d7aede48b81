//! What is shared between a call, its streams and the native tools that it runs: the recorder, the limits on time and
//! log, and the flag that cancels it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lockgate_model::host_call::{CallBody, HostCall, LogLevel, LogLine, LogSource, Permission};
use lockgate_model::ids::AttemptId;
use lockgate_model::limits::LOG_BYTES_MAX;
use lockgate_model::outcome::Limit;
use lockgate_ports::secrets::Mask;
use lockgate_ports::{Cancel, Clock, Recorder};

use crate::stop::Stop;

/// Watches over one call.
pub(crate) struct Watch {
    clock: Arc<dyn Clock>,
    recorder: Arc<dyn Recorder>,
    cancel: Cancel,
    began_us: u64,
    time_ms: u64,
    log_bytes: AtomicU64,
    log_is_cut: AtomicBool,
    tools: Mutex<ToolResults>,
    mask: Mask,
    failed: Mutex<Option<Stop>>,
}

/// Where the results of a call's native tools came from.
#[derive(Debug, Default)]
struct ToolResults {
    some_ran: bool,
    known_from: Option<AttemptId>,
}

impl Watch {
    /// Starts the clock: the call may take `time_ms` from now on.
    pub(crate) fn start(clock: Arc<dyn Clock>, recorder: Arc<dyn Recorder>, cancel: Cancel, time_ms: u64) -> Self {
        let began_us = clock.monotonic_us();
        let (log_bytes, log_is_cut) = (AtomicU64::new(0), AtomicBool::new(false));
        let (tools, mask, failed) = (Mutex::default(), Mask::default(), Mutex::default());
        Self { clock, recorder, cancel, began_us, time_ms, log_bytes, log_is_cut, tools, mask, failed }
    }

    /// The flag that cancels the call.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// What is taken out of all that is written.
    pub(crate) fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Ends the call from outside of it; the first reason stays.
    pub(crate) fn fail(&self, stop: Stop) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(stop);
    }

    /// Whether something ended the call from outside of it.
    pub(crate) fn check_failed(&self) -> Result<(), Stop> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
    }

    /// The host's clock.
    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Microseconds since the call began.
    pub(crate) fn elapsed_us(&self) -> u64 {
        self.clock.monotonic_us().saturating_sub(self.began_us)
    }

    /// Milliseconds until its time is up.
    pub(crate) fn left_ms(&self) -> u64 {
        self.time_ms.saturating_sub(self.elapsed_us() / 1000)
    }

    /// Whether the call may go on.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        if self.cancel.is_raised() {
            return Err(Stop::Cancelled);
        }
        if self.elapsed_us() >= self.time_ms.saturating_mul(1000) {
            return Err(Stop::Time(self.time_ms));
        }
        self.check_failed().and_then(|()| self.check_log())
    }

    /// Whether the log has room.
    pub(crate) fn check_log(&self) -> Result<(), Stop> {
        if self.log_is_cut.load(Ordering::Relaxed) { Err(Stop::Limit(Limit::Log)) } else { Ok(()) }
    }

    /// Notes where a native tool's result came from: an earlier attempt, or a run of its own.
    pub(crate) fn note_tool(&self, known_from: Option<&AttemptId>) {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        match known_from {
            Some(attempt) => drop(tools.known_from.get_or_insert_with(|| attempt.clone())),
            None => tools.some_ran = true,
        }
    }

    /// The attempt whose work this call gave back: native tools were asked for, and not one of them had to run.
    pub(crate) fn known_from(&self) -> Option<AttemptId> {
        let tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        tools.known_from.clone().filter(|_| !tools.some_ran)
    }

    /// Writes to the journal, without the values of secrets.
    pub(crate) fn record(&self, began_us: u64, permission: Permission, body: CallBody) {
        let (permission, body) = masked(&self.mask, permission, body);
        let duration_us = self.elapsed_us().saturating_sub(began_us);
        self.recorder.record(HostCall { seq: 0, at_ms: began_us / 1000, duration_us, permission, body });
        if self.recorder.has_lost() {
            self.fail(Stop::Limit(Limit::Journal));
        }
    }

    /// Takes room for so many bytes in the log; false once it is full. The first that finds no room leaves a marker.
    pub(crate) fn reserve_log(&self, bytes: usize) -> bool {
        let before = self.log_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let fits = before.saturating_add(bytes as u64) <= LOG_BYTES_MAX;
        if !fits && !self.log_is_cut.swap(true, Ordering::Relaxed) {
            let message = format!("the log is cut here: it has reached its limit of {LOG_BYTES_MAX} bytes");
            self.write(LogLine { source: LogSource::Host, level: LogLevel::Warn, message, fields: Vec::new() });
        }
        fits
    }

    /// Says something of the host's own that a person should see.
    pub(crate) fn warn(&self, message: String) {
        self.write(LogLine { source: LogSource::Host, level: LogLevel::Warn, message, fields: Vec::new() });
    }

    /// Writes a line that room was taken for.
    pub(crate) fn write(&self, line: LogLine) {
        self.record(self.elapsed_us(), Permission::Free, CallBody::Line(line));
    }
}

fn masked(mask: &Mask, permission: Permission, mut body: CallBody) -> (Permission, CallBody) {
    if mask.is_empty() {
        return (permission, body);
    }
    let text = |text: &mut String| *text = mask.text(text).into_owned();
    match &mut body {
        CallBody::Line(line) => {
            text(&mut line.message);
            line.fields.iter_mut().flat_map(|(name, value)| [name, value]).for_each(text);
        }
        CallBody::Progress { message, .. } => text(message),
        CallBody::Function(call) => {
            mask.json(&mut call.arguments);
            mask.json(&mut call.result);
        }
    }
    let permission = match permission {
        Permission::Denied(missing) => Permission::Denied(mask.text(&missing).into_owned().into()),
        Permission::Granted(grant) => Permission::Granted(mask.text(&grant).into_owned().into()),
        Permission::Free => Permission::Free,
    };
    (permission, body)
}
