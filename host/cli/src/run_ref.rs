//! How a person names a run: its id, the end of its id, or `latest`.

use lockgate_engine::run::view::{RUN_VIEW, RunRow};
use lockgate_model::ids::RunId;
use lockgate_ports::EventLog;

use crate::exit::CliError;

/// Runs that are looked through.
const ROWS_MAX: usize = 10_000;

/// The run that is meant.
pub(crate) fn find(log: &dyn EventLog, named: &str) -> Result<RunId, CliError> {
    let rows = rows(log, ROWS_MAX)?;
    if named == "latest" {
        let latest = rows.into_iter().next().map(|row| row.run);
        return latest.ok_or_else(|| CliError::Usage("there is no run yet; start one with `lockgate run`".to_owned()));
    }
    let fits = |row: &&RunRow| row.run.as_str() == named || (named.len() >= 3 && row.run.as_str().ends_with(named));
    let found: Vec<&RunRow> = rows.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(one.run.clone()),
        [] => Err(CliError::Usage(format!("there is no run `{named}`; `lockgate runs` lists them"))),
        many => Err(CliError::Usage(format!("`{named}` is the end of {} runs; write more of the id", many.len()))),
    }
}

/// Runs, the latest first.
pub(crate) fn rows(log: &dyn EventLog, rows_max: usize) -> Result<Vec<RunRow>, CliError> {
    let rows = log.rows(RUN_VIEW, rows_max)?;
    rows.iter().map(|row| serde_json::from_slice(&row.body).map_err(CliError::from)).collect()
}
