//! All that matters of what happened in a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_model::Json;
use lockgate_model::event::StepResult;
use lockgate_model::ids::{JobKey, RunId, StepId};
use lockgate_model::outcome::Conclusion;
use lockgate_model::plan::{Plan, PlanJob, PlanStep};
use lockgate_model::time::Timestamp;
use lockgate_model::tree::TreeRef;

use super::layout::{Layout, Tally};

/// A run, folded from its events.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// What is run.
    pub plan: Arc<Plan>,
    /// Its id and the tree it started from, once it has.
    pub start: Option<RunStart>,
    /// One for each job of the plan, in its order.
    pub jobs: Vec<JobState>,
    /// Why it shall stop, once somebody asked.
    pub cancel: Option<String>,
    /// How it ended, once it has.
    pub conclusion: Option<Conclusion>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    layout: Arc<Layout>,
    /// One for each job id: how its cells stand.
    tallies: Vec<Tally>,
}

/// The beginning of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStart {
    /// The run.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
    /// Where each job's workspace starts.
    pub tree: TreeRef,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobState {
    /// Where it stands.
    pub phase: JobPhase,
    /// One for each step of the plan's job.
    pub steps: Vec<StepState>,
    /// Its named values, once it ended.
    pub outputs: BTreeMap<String, Json>,
    /// Its workspace as the last step left it; none before the first change.
    pub tree: Option<TreeRef>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it did not run, or ended without a step that tells.
    pub reason: String,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JobPhase {
    /// For jobs that it needs.
    #[default]
    Waiting,
    /// Its steps are carried out.
    Running {
        /// When its time is up.
        deadline: Timestamp,
        /// It is up.
        timed_out: bool,
    },
    /// It ended.
    Done(Conclusion),
}

/// A step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepState {
    /// Where it stands.
    pub phase: StepPhase,
    /// Attempts that have begun, lost ones counted: the next one's number is one more.
    pub attempts: u32,
    /// Attempts whose end was worth another; those that were lost with their host do not use up the step's tries.
    pub retries: u32,
    /// How the last attempt ended.
    pub result: Option<StepResult>,
    /// The workspace before it; set when its first attempt begins, kept for each further one.
    pub tree_before: Option<TreeRef>,
    /// Why it was skipped, or what a person should know.
    pub reason: String,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StepPhase {
    /// For those before it.
    #[default]
    Pending,
    /// An attempt was announced and has not ended.
    Running {
        /// Which attempt.
        number: u32,
        /// When its time is up.
        deadline: Timestamp,
    },
    /// An attempt ended in a way that is worth another; when that comes is not decided yet.
    Retrying,
    /// The next attempt waits for its time.
    Waiting {
        /// Not before.
        not_before: Timestamp,
    },
    /// Its condition did not hold.
    Skipped,
    /// Its last attempt ended.
    Done(Conclusion),
}

impl StepPhase {
    /// Whether nothing more will happen to it.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Skipped | Self::Done(_))
    }
}

impl RunState {
    /// A run of this plan before its first event.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        let jobs = plan.jobs.iter().map(|job| JobState::of(job.steps.len())).collect();
        let layout = Arc::new(Layout::of(&plan));
        let tallies = vec![Tally::default(); layout.groups()];
        Self { plan, start: None, jobs, cancel: None, conclusion: None, finished_at: None, layout, tallies }
    }

    /// Where a job stands in the plan.
    #[must_use]
    pub fn job_index(&self, key: &JobKey) -> Option<usize> {
        self.layout.job(key)
    }

    /// The jobs that a job needs, all their cells.
    #[must_use]
    pub fn needs(&self, job: usize) -> &[usize] {
        self.layout.needs(job)
    }

    /// The cells of a job's matrix, itself counted; itself alone outside a matrix.
    #[must_use]
    pub fn cells(&self, job: usize) -> &[usize] {
        self.layout.cells(job)
    }

    /// How the cells of a job's matrix stand, itself counted.
    pub(super) fn tally(&self, job: usize) -> Tally {
        self.tallies[self.layout.group(job)]
    }

    /// Counts the cells of a job anew, after one of them has begun or ended.
    pub(super) fn count_cells(&mut self, job: usize) {
        let cells = self.layout.cells(job).iter().map(|cell| (&self.plan.jobs[*cell], &self.jobs[*cell]));
        self.tallies[self.layout.group(job)] = Tally::of(cells);
    }

    /// The plan's job.
    #[must_use]
    pub fn plan_job(&self, job: usize) -> &PlanJob {
        &self.plan.jobs[job]
    }

    /// The plan's step.
    #[must_use]
    pub fn plan_step(&self, job: usize, step: usize) -> &PlanStep {
        &self.plan.jobs[job].steps[step]
    }

    /// The names of a step.
    #[must_use]
    pub fn names(&self, job: usize, step: usize) -> (JobKey, StepId) {
        (self.plan_job(job).key.clone(), self.plan_step(job, step).id.clone())
    }

    /// Attempts that were announced and have not ended: job, step, number.
    pub fn running_attempts(&self) -> impl Iterator<Item = (usize, usize, u32)> + '_ {
        let steps = |(at, job): (usize, &JobState)| -> Vec<(usize, usize, u32)> {
            let numbers = job.steps.iter().enumerate();
            numbers.filter_map(|(step, state)| state.running_number().map(|number| (at, step, number))).collect()
        };
        self.jobs.iter().enumerate().flat_map(steps)
    }

    /// The tree that the next step of a job starts from; none before the run has started.
    #[must_use]
    pub fn job_tree(&self, job: usize) -> Option<TreeRef> {
        self.jobs[job].tree.or(self.start.as_ref().map(|start| start.tree))
    }
}

impl JobState {
    fn of(steps: usize) -> Self {
        Self { steps: vec![StepState::default(); steps], ..Self::default() }
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn conclusion(&self) -> Option<Conclusion> {
        match self.phase {
            JobPhase::Done(conclusion) => Some(conclusion),
            JobPhase::Waiting | JobPhase::Running { .. } => None,
        }
    }
}

impl StepState {
    fn running_number(&self) -> Option<u32> {
        match self.phase {
            StepPhase::Running { number, .. } => Some(number),
            _ => None,
        }
    }
}
