//! The end of a run: how it went, what failed and why, what to type next.

use lockgate_engine::run::{RunState, StepPhase};
use lockgate_model::event::EvidenceRef;
use lockgate_model::evidence::EvidenceBody;
use lockgate_model::host_call::CallBody;
use lockgate_model::ids::{AttemptId, RunId};
use lockgate_ports::Journal;

use super::style::{Style, Tone};
use super::{duration, log_line, safe, tree};

/// The last lines of a failed step's log that are shown.
const TAIL_LINES: usize = 10;

/// The whole summary.
pub(crate) fn of(state: &RunState, run: &RunId, journal: &dyn Journal, style: Style) -> String {
    format!("\n{}{}", tree::of_run(state, style), end_of(state, run, journal, style))
}

/// The summary below a tree that is on the screen already.
pub(crate) fn end_of(state: &RunState, run: &RunId, journal: &dyn Journal, style: Style) -> String {
    let mut text = tails(state, run, journal, style);
    text += &artifacts(state, style);
    text += &headline(state, run, style);
    text += &next(state, run, style);
    text
}

fn headline(state: &RunState, run: &RunId, style: Style) -> String {
    let took = match (&state.start, state.finished_at) {
        (Some(start), Some(finished)) => format!(" in {}", duration(finished.since_ms(start.at))),
        _ => String::new(),
    };
    let (word, tone) = state.conclusion.map_or(("is running", Tone::Busy), |ended| (ended.name(), Tone::of(ended)));
    let steps = || state.jobs.iter().flat_map(|job| &job.steps);
    let results = steps().filter_map(|step| step.result.as_ref());
    let cached = results.filter(|result| result.cached_from.is_some()).count();
    let all = steps().filter(|step| step.result.is_some()).count();
    let cached = if cached > 0 { format!(", {cached} of {all} steps answered from the cache") } else { String::new() };
    let why = state.cancel.as_ref().map(|reason| format!(" ({})", safe(reason))).unwrap_or_default();
    format!("\nrun {run} {}{why}{took}{cached}\n", style.paint(tone, word))
}

/// What the log of each failed step ends with.
fn tails(state: &RunState, run: &RunId, journal: &dyn Journal, style: Style) -> String {
    let mut text = String::new();
    for (plan, job) in state.plan.jobs.iter().zip(&state.jobs) {
        for (plan_step, step) in plan.steps.iter().zip(&job.steps) {
            let failed = matches!(step.phase, StepPhase::Done(conclusion) if !conclusion.is_good());
            if !failed || step.attempts == 0 {
                continue;
            }
            let attempt = AttemptId {
                run: run.clone(),
                job: plan.key.clone(),
                step: plan_step.id.clone(),
                number: step.attempts,
            };
            let tail = tail(&attempt, journal, style);
            if !tail.is_empty() {
                text += &format!("\n{} {}/{}\n{tail}", style.dim("the log of"), plan.key, plan_step.id);
            }
        }
    }
    text
}

fn tail(attempt: &AttemptId, journal: &dyn Journal, style: Style) -> String {
    let calls = journal.read(attempt, 0).unwrap_or_default();
    let lines: Vec<String> = calls
        .iter()
        .filter_map(|call| match &call.body {
            CallBody::Line(line) => Some(format!("    {}\n", log_line(line, style))),
            _ => None,
        })
        .collect();
    let left_out = lines.len().saturating_sub(TAIL_LINES);
    let mut text = if left_out > 0 { style.dim(&format!("    ... {left_out} lines before\n")) } else { String::new() };
    text.extend(lines.into_iter().skip(left_out));
    text
}

fn artifacts(state: &RunState, style: Style) -> String {
    let results = state.jobs.iter().flat_map(|job| &job.steps).filter_map(|step| step.result.as_ref());
    let inline = results.filter_map(|result| match &result.evidence {
        EvidenceRef::Inline(bodies) => Some(bodies),
        _ => None,
    });
    let found: Vec<String> = inline
        .flatten()
        .filter_map(|body| match body {
            EvidenceBody::Artifact(artifact) => Some(format!(
                "  {} {} {}\n",
                safe(&artifact.name),
                style.dim(&format!("{} bytes", artifact.size_bytes)),
                style.dim(&artifact.digest.to_string())
            )),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return String::new();
    }
    let how = style.dim("  (copy them out with `lockgate artifacts --to DIR`)");
    format!("\nartifacts{how}\n{}", found.concat())
}

/// What to type next.
fn next(state: &RunState, run: &RunId, style: Style) -> String {
    let command = match state.conclusion {
        None => format!("lockgate logs {run} --follow, or lockgate resume {run} if its host is gone"),
        Some(conclusion) if conclusion.is_good() => format!("lockgate logs {run}"),
        Some(_) => format!("lockgate logs {run} JOB/STEP, then lockgate retry {run} --failed"),
    };
    format!("{} {command}\n", style.dim("next:"))
}
