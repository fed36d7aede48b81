//! Plans and runs as trees of text.

use lockgate_engine::run::{JobPhase, JobState, RunState, StepPhase, StepState};
use lockgate_model::ids::JobKey;
use lockgate_model::plan::{Plan, PlanJob, PlanStep, StepAction};

use super::style::{Style, Tone};
use super::{duration, safe};

/// Characters of a step's id and name.
const LABEL_CHARS_MAX: usize = 31;
/// Message lines of a step that did not end well.
const MESSAGE_LINES_MAX: usize = 25;

/// What would be run.
pub(crate) fn of_plan(plan: &Plan, style: Style) -> String {
    let mut text = format!("{} {}\n", safe(&plan.name), style.dim(&safe(&plan.file)));
    for job in &plan.jobs {
        text += &job_line(job, style);
        for step in &job.steps {
            text += &step_line(step, style);
        }
    }
    text
}

fn job_line(job: &PlanJob, style: Style) -> String {
    let needs: Vec<&str> = job.needs.iter().map(JobKey::as_str).collect();
    let needs = if needs.is_empty() { String::new() } else { style.dim(&format!("  needs {}", needs.join(", "))) };
    format!("  {}{needs}\n", job.key)
}

fn step_line(step: &PlanStep, style: Style) -> String {
    let what = match &step.action {
        StepAction::Plugin { alias, pin, .. } => format!("{alias} {} {}", pin.kind, pin.digest.short()),
        StepAction::Deploy { environment, .. } => format!("deploy to {environment}"),
    };
    let grants = &step.grants;
    let exec = grants.exec.iter().map(|tool| format!("exec {tool}"));
    let http = grants.http.iter().map(|host| format!("http {host}"));
    let secrets = grants.secrets.iter().map(|name| format!("secret {name}"));
    let exposed = grants.expose.iter().map(|name| format!("EXPOSES secret {name} to its tools"));
    let files = [("read", &grants.read), ("write", &grants.write)];
    let files = files.into_iter().filter_map(|(what, globs)| {
        Some(match globs.as_deref()? {
            [] => format!("{what} nothing"),
            globs => format!("{what} {}", globs.join(" ")),
        })
    });
    let granted: Vec<String> = exec.chain(http).chain(secrets).chain(exposed).chain(files).collect();
    let granted = if granted.is_empty() { "nothing granted".to_owned() } else { granted.join(", ") };
    format!("    {:<20} {what}  {}\n", step.id, style.dim(&granted))
}

/// How a run went, or goes.
pub(crate) fn of_run(state: &RunState, style: Style) -> String {
    let jobs = state.plan.jobs.iter().zip(&state.jobs);
    jobs.map(|(plan, job)| of_job(plan, job, style)).collect()
}

/// A job with its steps.
pub(crate) fn of_job(plan: &PlanJob, job: &JobState, style: Style) -> String {
    let took = match (job.started_at, job.finished_at) {
        (Some(started), Some(finished)) => duration(finished.since_ms(started)),
        _ => String::new(),
    };
    let (mark, word) = match job.phase {
        JobPhase::Waiting => (style.dim("·"), "waiting"),
        JobPhase::Running { .. } => (style.paint(Tone::Busy, "▸"), "running"),
        JobPhase::Done(conclusion) => (style.mark(conclusion), conclusion.name()),
    };
    let reason = if job.reason.is_empty() { String::new() } else { format!("  {}", style.dim(&safe(&job.reason))) };
    let mut text = format!("{mark} {:<34} {word:<16}{took:>8}{reason}\n", plan.key);
    if job.started_at.is_some() {
        text.extend(plan.steps.iter().zip(&job.steps).map(|(plan, step)| of_step(plan, step, style)));
    }
    text
}

/// A step, with its message: one line when it is good, more when it is not.
pub(crate) fn of_step(plan: &PlanStep, step: &StepState, style: Style) -> String {
    let (mark, word) = match step.phase {
        StepPhase::Pending => (style.dim("·"), "pending"),
        StepPhase::Running { .. } => (style.paint(Tone::Busy, "▸"), "running"),
        StepPhase::Retrying | StepPhase::Waiting { .. } => (style.paint(Tone::Busy, "▸"), "to be retried"),
        StepPhase::Skipped => (style.dim("-"), "skipped"),
        StepPhase::Done(conclusion) => (style.mark(conclusion), conclusion.name()),
    };
    let result = step.result.as_ref();
    let took = result.map(|result| duration(result.duration_ms)).unwrap_or_default();
    let attempts = if step.attempts > 1 { format!(" (attempt {})", step.attempts) } else { String::new() };
    let cached = result.and_then(|result| result.cached_from.as_ref());
    let cached = cached.map(|from| style.dim(&format!("  cached from {}", from.run))).unwrap_or_default();
    let message = result.map(|result| result.message.as_str()).filter(|text| !text.is_empty()).unwrap_or(&step.reason);
    let mut lines = message.lines();
    let first = safe(lines.next().unwrap_or_default());
    let label = label(plan);
    let mut text = format!("  {mark} {label:<32} {word:<16}{took:>8}  {first}{attempts}{cached}\n");
    let bad = matches!(step.phase, StepPhase::Done(conclusion) if !conclusion.is_good());
    if bad {
        text.extend(lines.take(MESSAGE_LINES_MAX).map(|line| format!("        {}\n", safe(line))));
    }
    text.trim_end().to_owned() + "\n"
}

/// A step's id; beside one that only counts, its name tells more.
fn label(plan: &PlanStep) -> String {
    if !plan.id.as_str().starts_with("step-") || plan.name == plan.id.as_str() {
        return plan.id.to_string();
    }
    let name = safe(plan.name.lines().next().unwrap_or_default());
    let label = format!("{} {name}", plan.id);
    match label.chars().count() > LABEL_CHARS_MAX {
        true => label.chars().take(LABEL_CHARS_MAX - 1).chain(['…']).collect(),
        false => label,
    }
}
