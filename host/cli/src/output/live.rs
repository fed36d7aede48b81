//! A tree that moves: what is running now below, what has ended above.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lockgate_engine::Observer;
use lockgate_engine::run::RunState;
use lockgate_model::event::RunEvent;
use lockgate_model::host_call::{CallBody, HostCall};
use lockgate_model::ids::{AttemptId, JobKey, RunId, StepId};
use lockgate_model::time::Timestamp;

use super::style::Style;
use super::tree;

/// How often the picture moves.
const TICK: Duration = Duration::from_millis(100);
/// Jobs that are shown moving at the same time; more of them are only counted.
const MOVING_MAX: usize = 16;
/// Characters of a log line beside a step.
const LINE_CHARS_MAX: usize = 70;

/// The live view.
pub(crate) struct Live {
    style: Style,
    bars: MultiProgress,
    head: ProgressBar,
    jobs: Mutex<BTreeMap<JobKey, Moving>>,
}

/// A job that runs: one bar of two lines, so that a thousand quick steps cost a thousand texts and no more.
struct Moving {
    bar: ProgressBar,
    step: String,
}

impl Live {
    pub(crate) fn new(run: &RunId, style: Style) -> Self {
        let bars = MultiProgress::new();
        let head = bars.add(spinner("{spinner} run {prefix} {elapsed} {wide_msg}"));
        head.set_prefix(run.to_string());
        head.enable_steady_tick(TICK);
        Self { style, bars, head, jobs: Mutex::default() }
    }

    /// Takes everything that moves off the terminal; what has ended stays.
    pub(crate) fn finish(&self) {
        self.lock().clear();
        self.head.finish_and_clear();
        let _ = self.bars.clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<JobKey, Moving>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn job_started(&self, job: &JobKey) {
        let mut jobs = self.lock();
        if jobs.len() >= MOVING_MAX {
            return;
        }
        let bar = self.bars.add(spinner("{spinner} {prefix} {elapsed}\n    {wide_msg}"));
        bar.set_prefix(job.to_string());
        bar.enable_steady_tick(TICK);
        jobs.insert(job.clone(), Moving { bar, step: String::new() });
    }

    fn job_ended(&self, job: &JobKey, state: &RunState) {
        if let Some(moving) = self.lock().remove(job) {
            moving.bar.finish_and_clear();
        }
        if let Some(at) = state.job_index(job) {
            let text = tree::of_job(state.plan_job(at), &state.jobs[at], self.style);
            let _ = self.bars.println(text.trim_end());
        }
        let done = state.jobs.iter().filter(|job| job.conclusion().is_some()).count();
        self.head.set_message(format!("{done} of {} jobs", state.jobs.len()));
    }

    fn step_started(&self, job: &JobKey, step: &StepId) {
        if let Some(moving) = self.lock().get_mut(job) {
            moving.step = step.to_string();
            moving.bar.set_message(moving.step.clone());
        }
    }
}

impl Observer for Live {
    fn event(&self, _at: Timestamp, event: &RunEvent, state: &RunState) {
        match event {
            RunEvent::JobStarted { job, .. } => self.job_started(job),
            RunEvent::JobFinished { job, .. } | RunEvent::JobSkipped { job, .. } => self.job_ended(job, state),
            RunEvent::AttemptLost { job, step, number } => {
                let _ = self.bars.println(format!("! {job}/{step}: attempt {number} was lost and is repeated"));
            }
            RunEvent::CancelRequested { reason } => self.head.set_message(format!("stopping: {reason}")),
            _ => {}
        }
    }

    fn call(&self, attempt: &AttemptId, call: &HostCall) {
        let text = match &call.body {
            CallBody::Line(line) => &line.message,
            CallBody::Progress { message, .. } => message,
            CallBody::Function { .. } => return,
        };
        if let Some(moving) = self.lock().get(&attempt.job) {
            let shown = text.chars().filter(|c| !c.is_control()).take(LINE_CHARS_MAX).collect::<String>();
            moving.bar.set_message(format!("{:<20} {}", moving.step, self.style.dim(&shown)));
        }
    }

    fn started(&self, attempt: &AttemptId) {
        self.step_started(&attempt.job, &attempt.step);
    }
}

fn spinner(template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}
