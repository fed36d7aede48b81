//! What is compared of a call, as `expected.json` holds it: the outcome, the lines that the plugin wrote, and the names of
//! files that it wrote. What varies from one call to the next is not in it: spans of time that were measured, the folder of
//! the workspace, the frames of a trap.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lockgate_model::Json;
use lockgate_model::call::Kind;
use lockgate_model::host_call::LogLine;
use lockgate_model::limits::{LOG_BYTES_MAX, PRODUCT_BYTES_MAX};
use lockgate_model::outcome::Outcome;
use serde::{Deserialize, Serialize};

use super::perform::Written;
use super::{CaseError, files};

/// An `expected.json`; indented JSON has room for every outcome and log that the host lets pass.
const EXPECTED_BYTES_MAX: u64 = 4 * (LOG_BYTES_MAX + PRODUCT_BYTES_MAX as u64);
/// Stands for a span of time that was measured.
const VARIES: &str = "(varies)";
/// Stands for the workspace's folder, which a native tool may have named.
const WORKSPACE: &str = "/workspace";
/// Units of measurements that are spans of time (UCUM).
const TIME_UNITS: [&str; 6] = ["ns", "us", "ms", "s", "min", "h"];
// Everybody may read a snapshot; temporary files are private where nothing is said.
const MODE: u32 = 0o644;

/// An outcome and what led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Snapshot {
    /// How the call ended: an `Outcome` in JSON.
    outcome: Json,
    /// What the plugin logged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    log: Vec<Json>,
    /// Files of the workspace that are new or have other bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
    /// Files of the workspace that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed: Vec<String>,
}

impl Snapshot {
    pub(super) fn of(
        outcome: Outcome,
        log: Vec<LogLine>,
        written: Written,
        kind: Kind,
        workspace: &Path,
    ) -> Result<Self, CaseError> {
        let steady = Steady { measures: kind.is_outward(), workspace: workspace.to_str().unwrap_or_default() };
        let outcome = steady.json(serde_json::to_value(without_frames(outcome))?);
        let lines: Result<Vec<Json>, serde_json::Error> = log.into_iter().map(serde_json::to_value).collect();
        let log = lines?.into_iter().map(|line| steady.json(line)).collect();
        Ok(Self { outcome, log, changed: written.changed, removed: written.removed })
    }

    /// Reads a snapshot; none where there is no file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, CaseError> {
        if !path.exists() {
            return Ok(None);
        }
        let bytes = files::read(path, EXPECTED_BYTES_MAX)?;
        let read = serde_json::from_slice(&bytes);
        read.map(Some).map_err(|error| {
            CaseError::malformed(path, format!("{error}; remove it, and make it again with `--accept`"))
        })
    }

    /// Writes it: whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<(), CaseError> {
        let failed = |error| CaseError::file("write", path, error);
        let folder = path.parent().unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().permissions(Permissions::from_mode(MODE)).tempfile_in(folder);
        let mut file = file.map_err(failed)?;
        file.write_all(self.text()?.as_bytes()).map_err(failed)?;
        file.persist(path).map(drop).map_err(|error| failed(error.error))
    }

    /// As it stands in the file.
    pub(super) fn text(&self) -> Result<String, CaseError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// A trap's frames, and the numbers in a limit's message, change with every build.
fn without_frames(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Trapped { message } => {
            Outcome::Trapped { message: message.lines().next().unwrap_or_default().to_owned() }
        }
        other => other,
    }
}

/// Takes out what varies.
struct Steady<'a> {
    /// Whether spans of time are measured by the plugin, rather than read from its input.
    measures: bool,
    workspace: &'a str,
}

impl Steady<'_> {
    fn json(&self, value: Json) -> Json {
        match value {
            Json::String(text) if !self.workspace.is_empty() => Json::String(text.replace(self.workspace, WORKSPACE)),
            Json::Array(values) => values.into_iter().map(|value| self.json(value)).collect(),
            Json::Object(fields) => {
                let is_time = fields.get("unit").and_then(Json::as_str).is_some_and(|unit| TIME_UNITS.contains(&unit));
                let field = |(name, value): (String, Json)| {
                    let varies = name == "duration-ms" || (is_time && name == "value");
                    let value = if varies && self.measures { VARIES.into() } else { self.json(value) };
                    (name, value)
                };
                Json::Object(fields.into_iter().map(field).collect())
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(measures: bool, value: Json, expected: &Json) {
        assert_eq!(Steady { measures, workspace: "/tmp/x/workspace" }.json(value), *expected);
    }

    #[test]
    fn what_was_measured_varies_and_what_was_read_does_not() {
        let value = json!({"cases": [{"duration-ms": 3.5}], "m": {"name": "t", "unit": "ms", "value": 1}});
        let steady = json!({"cases": [{"duration-ms": VARIES}], "m": {"name": "t", "unit": "ms", "value": VARIES}});
        check(true, value.clone(), &steady);
        check(false, value.clone(), &value);
        check(true, json!({"unit": "By", "value": 1}), &json!({"unit": "By", "value": 1}));
        check(true, json!(["in /tmp/x/workspace/a"]), &json!(["in /workspace/a"]));
    }

    #[test]
    fn a_trap_has_no_frames() {
        let trapped = |message: &str| Outcome::Trapped { message: message.to_owned() };
        assert_eq!(without_frames(trapped("unreachable\n  0: f\n")), trapped("unreachable"));
    }

    #[test]
    fn a_snapshot_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("expected.json");
        assert_eq!(Snapshot::read(&path).unwrap(), None);
        let written = Written { changed: vec!["a".to_owned()], removed: vec![] };
        let snapshot = Snapshot::of(Outcome::Cancelled, vec![], written, Kind::BuildStep, Path::new("")).unwrap();
        snapshot.write(&path).unwrap();
        assert_eq!(Snapshot::read(&path).unwrap(), Some(snapshot));
        std::fs::write(&path, "{}").unwrap();
        assert!(Snapshot::read(&path).unwrap_err().to_string().contains("--accept"));
    }
}
