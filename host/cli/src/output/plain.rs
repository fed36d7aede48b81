//! A line for each thing that happened, on standard error: for logs of other systems and for pipes.

use lockgate_engine::Observer;
use lockgate_engine::run::RunState;
use lockgate_model::event::RunEvent;
use lockgate_model::host_call::HostCall;
use lockgate_model::ids::AttemptId;
use lockgate_model::time::Timestamp;

use super::style::{Style, Tone};
use super::{duration, safe};

/// Lines.
pub(crate) struct Plain {
    style: Style,
}

impl Plain {
    pub(crate) fn new(style: Style) -> Self {
        Self { style }
    }

    fn line(&self, event: &RunEvent) -> Option<String> {
        let style = self.style;
        Some(match event {
            RunEvent::AttemptStarted { job, step, number, .. } => {
                format!("{} {job}/{step}{}", style.dim("·"), again(*number))
            }
            RunEvent::AttemptFinished { job, step, number, result } => {
                let mark = style.mark(result.conclusion);
                let cached = if result.cached_from.is_some() { " (cached)" } else { "" };
                let message = safe(result.message.lines().next().unwrap_or_default());
                let (took, again) = (duration(result.duration_ms), again(*number));
                format!("{mark} {job}/{step}{again} {} {took}{cached} {message}", result.conclusion.name())
            }
            RunEvent::JobSkipped { job, reason } => format!("{} {job} skipped: {}", style.dim("-"), safe(reason)),
            RunEvent::StepSkipped { job, step, reason } => {
                format!("{} {job}/{step} skipped: {}", style.dim("-"), safe(reason))
            }
            RunEvent::AttemptLost { job, step, number } => {
                format!("{} {job}/{step} attempt {number} was lost and is repeated", style.paint(Tone::Busy, "!"))
            }
            RunEvent::RetryScheduled { job, step, number, .. } => {
                format!("{} {job}/{step} will be tried again: attempt {number}", style.paint(Tone::Busy, "!"))
            }
            RunEvent::NeedsAttention { job, step, reason } => {
                format!("{} {job}/{step} needs attention: {reason}", style.paint(Tone::Bad, "!"))
            }
            RunEvent::JobTimedOut { job } => format!("{} {job} is out of time", style.paint(Tone::Bad, "✗")),
            RunEvent::CancelRequested { reason } => {
                format!("{} cancelled: {}", style.paint(Tone::Busy, "!"), safe(reason))
            }
            _ => return None,
        })
    }
}

fn again(number: u32) -> String {
    if number > 1 { format!(" (attempt {number})") } else { String::new() }
}

impl Observer for Plain {
    fn event(&self, _at: Timestamp, event: &RunEvent, _state: &RunState) {
        if let Some(line) = self.line(event) {
            // One write for a line: runs have thousands of them, and standard error has no buffer.
            super::note(&format!("{}\n", line.trim_end()));
        }
    }

    fn call(&self, _attempt: &AttemptId, _call: &HostCall) {}

    fn started(&self, _attempt: &AttemptId) {}
}
