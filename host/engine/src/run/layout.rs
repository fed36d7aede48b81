//! What follows from a plan alone, worked out once: where jobs stand, what they need, which are cells of one matrix.

use std::collections::HashMap;

use lockgate_model::ids::{JobId, JobKey};
use lockgate_model::plan::{Plan, PlanJob};

use super::state::{JobPhase, JobState};
use super::status::is_red;

/// Places of jobs, so that no question of `decide` has to compare names.
#[derive(Debug, PartialEq)]
pub(super) struct Layout {
    index: HashMap<JobKey, usize>,
    needs: Vec<Vec<usize>>,
    group: Vec<usize>,
    cells: Vec<Vec<usize>>,
}

impl Layout {
    pub(super) fn of(plan: &Plan) -> Self {
        let index: HashMap<JobKey, usize> =
            plan.jobs.iter().enumerate().map(|(at, job)| (job.key.clone(), at)).collect();
        let needs_of = |job: &PlanJob| job.needs.iter().filter_map(|need| index.get(need).copied()).collect();
        let needs = plan.jobs.iter().map(needs_of).collect();
        let mut groups: HashMap<&JobId, usize> = HashMap::new();
        let mut cells: Vec<Vec<usize>> = Vec::new();
        let mut group = Vec::new();
        for (at, job) in plan.jobs.iter().enumerate() {
            let place = *groups.entry(&job.id).or_insert(cells.len());
            if place == cells.len() {
                cells.push(Vec::new());
            }
            cells[place].push(at);
            group.push(place);
        }
        Self { index, needs, group, cells }
    }

    pub(super) fn job(&self, key: &JobKey) -> Option<usize> {
        self.index.get(key).copied()
    }

    pub(super) fn needs(&self, job: usize) -> &[usize] {
        &self.needs[job]
    }

    pub(super) fn groups(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn group(&self, job: usize) -> usize {
        self.group[job]
    }

    /// Every job of the same id, this one included.
    pub(super) fn cells(&self, job: usize) -> &[usize] {
        &self.cells[self.group[job]]
    }
}

/// How the cells of one matrix stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Cells that run.
    pub(super) running: usize,
    /// Whether one ended badly that is not forgiven.
    pub(super) failed: bool,
}

impl Tally {
    pub(super) fn of<'a>(cells: impl Iterator<Item = (&'a PlanJob, &'a JobState)>) -> Self {
        let mut tally = Self::default();
        for (plan, job) in cells {
            tally.running += usize::from(matches!(job.phase, JobPhase::Running { .. }));
            tally.failed |= !plan.continue_on_error && job.conclusion().is_some_and(is_red);
        }
        tally
    }
}
