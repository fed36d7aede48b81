//! The run's row in the list of runs, built from its state; readers need no event for it.

use lockgate_model::ids::RunId;
use lockgate_model::outcome::Conclusion;
use lockgate_model::time::Timestamp;
use lockgate_ports::log::ViewRow;
use serde::{Deserialize, Serialize};

use super::state::{JobPhase, RunState};

/// The name of the view.
pub const RUN_VIEW: &str = "run";

/// A line of the list of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunRow {
    /// The run.
    pub run: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline's file.
    pub file: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended, once it has.
    pub finished_at: Option<Timestamp>,
    /// How it ended, once it has.
    pub conclusion: Option<Conclusion>,
    /// Jobs that ended.
    pub jobs_done: usize,
    /// Jobs in all.
    pub jobs: usize,
}

impl RunRow {
    /// The row of this state; none before the run has started.
    #[must_use]
    pub fn of(state: &RunState) -> Option<Self> {
        let start = state.start.as_ref()?;
        Some(Self {
            run: start.run.clone(),
            pipeline: state.plan.name.clone(),
            file: state.plan.file.clone(),
            started_at: start.at,
            finished_at: state.finished_at,
            conclusion: state.conclusion,
            jobs_done: state.jobs.iter().filter(|job| matches!(job.phase, JobPhase::Done(_))).count(),
            jobs: state.jobs.len(),
        })
    }

    /// The row as the log keeps it.
    #[must_use]
    pub fn view_row(&self) -> Option<ViewRow> {
        let body = serde_json::to_vec(self).ok()?;
        Some(ViewRow { view: RUN_VIEW.to_owned(), key: self.run.to_string(), body })
    }
}
