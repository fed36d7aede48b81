//! The difference between two snapshots, for a person.

use std::time::Duration;

use similar::TextDiff;

use super::{CaseError, EXPECTED_FILE, Snapshot};

/// Lines of a difference that are shown; whoever has more looks at the file.
const DIFF_LINES_MAX: usize = 200;
/// Unchanged lines around a change.
const CONTEXT_LINES: usize = 3;
/// How long the smallest difference is looked for; then a larger one will do.
const DIFF_MS_MAX: u64 = 2_000;

/// A unified diff of the JSON texts, with as many lines as a person reads.
pub(super) fn unified(expected: &Snapshot, found: &Snapshot) -> Result<String, CaseError> {
    let (expected, found) = (expected.text()?, found.text()?);
    let diff = TextDiff::configure().timeout(Duration::from_millis(DIFF_MS_MAX)).diff_lines(&expected, &found);
    let mut unified = diff.unified_diff();
    let text = unified.context_radius(CONTEXT_LINES).header(EXPECTED_FILE, "this outcome").to_string();
    let lines: Vec<&str> = text.lines().collect();
    match lines.len().checked_sub(DIFF_LINES_MAX) {
        None | Some(0) => Ok(text),
        Some(more) => Ok(format!("{}\n... {more} more lines\n", lines[..DIFF_LINES_MAX].join("\n"))),
    }
}
