//! A case as its folder says it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lockgate_model::Json;
use lockgate_model::call::{Call, Kind};
use lockgate_model::grant::Grants;
use lockgate_model::limits::REPORT_BYTES_MAX;
use serde::Deserialize;
use serde_json::{Map, json};
use toml::Value;

use super::{CASE_FILE, CaseError, FILES_FOLDER, files};

/// A `case.toml`.
const CASE_BYTES_MAX: u64 = 1024 * 1024;

/// A case.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) folder: PathBuf,
    pub(super) grants: Grants,
    pub(super) env: BTreeMap<String, String>,
    function: Option<String>,
    config: Value,
    input: toml::Table,
}

#[derive(Deserialize)]
struct File {
    call: Option<String>,
    #[serde(default)]
    config: toml::Table,
    #[serde(default)]
    grants: Grants,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(flatten)]
    input: toml::Table,
}

impl Case {
    pub(super) fn read(folder: &Path) -> Result<Self, CaseError> {
        let path = folder.join(CASE_FILE);
        let text = files::read_text(&path, CASE_BYTES_MAX)?;
        let file: File = toml::from_str(&text).map_err(|error| CaseError::malformed(&path, error.to_string()))?;
        let File { call: function, config, grants, env, input } = file;
        Ok(Self { folder: folder.to_owned(), grants, env, function, config: Value::Table(config), input })
    }

    /// The folder of its files, which need not exist.
    pub(super) fn files(&self) -> PathBuf {
        self.folder.join(FILES_FOLDER)
    }

    /// The configuration.
    pub(super) fn config(&self) -> Json {
        as_json(&self.config)
    }

    /// The call of a plugin of this kind.
    pub(super) fn call(&self, kind: Kind) -> Result<Call, CaseError> {
        let wrong = |detail: String| CaseError::malformed(&self.folder.join(CASE_FILE), detail);
        let function = match (&self.function, functions(kind)) {
            (Some(function), _) => function.as_str(),
            (None, [only]) => only,
            (None, several) => {
                return Err(wrong(format!("say which function: `call` is one of {}", several.join(", "))));
            }
        };
        let mut input: Map<String, Json> =
            self.input.iter().map(|(name, value)| (name.clone(), as_json(value))).collect();
        input.insert("config".to_owned(), self.config());
        self.complete(kind, &mut input)?;
        let call: Call =
            serde_json::from_value(json!({ function: input })).map_err(|error| wrong(error.to_string()))?;
        if call.kind() != kind {
            return Err(CaseError::WrongKind { called: call.kind(), kind });
        }
        Ok(call)
    }

    /// Adds what may be left out.
    fn complete(&self, kind: Kind, input: &mut Map<String, Json>) -> Result<(), CaseError> {
        match kind {
            Kind::BuildStep | Kind::QualityGate => {
                input.entry("evidence").or_insert_with(|| json!([]));
            }
            Kind::Scanner if !input.contains_key("files") => {
                input.insert("files".to_owned(), json!(files::list(&self.files())?));
            }
            Kind::TestReporter if !input.contains_key("content") => {
                let path = self.report(input.get("path").and_then(Json::as_str))?;
                input.insert("content".to_owned(), json!(files::read(&self.files().join(&path), REPORT_BYTES_MAX)?));
                input.insert("path".to_owned(), json!(path));
            }
            _ => {}
        }
        Ok(())
    }

    /// The report that is to be read: the one that the case names, else the only one.
    fn report(&self, named: Option<&str>) -> Result<String, CaseError> {
        let mut files = files::list(&self.files())?;
        let found = match named {
            Some(path) => files.contains(&path.to_owned()).then(|| path.to_owned()),
            None if files.len() == 1 => files.pop(),
            None => None,
        };
        let detail = "name the report by `path`, and put it into `files/`";
        found.ok_or_else(|| CaseError::malformed(&self.folder.join(CASE_FILE), detail))
    }
}

/// Names of a kind's functions, as `Call` has them in JSON.
fn functions(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::BuildStep => &["build-step"],
        Kind::TestReporter => &["test-reporter"],
        Kind::Scanner => &["scanner"],
        Kind::QualityGate => &["quality-gate"],
        Kind::DeployStrategy => &["deploy-strategy"],
        Kind::DeployTarget => &["target-prepare", "target-route", "target-observe", "target-retire"],
        Kind::AlertRule => &["alert-queries", "alert-evaluate"],
        Kind::Notifier => &["notify"],
    }
}

/// JSON has no dates: they become text, as YAML's do in a pipeline.
fn as_json(value: &Value) -> Json {
    match value {
        Value::String(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Boolean(value) => json!(value),
        Value::Datetime(instant) => json!(instant.to_string()),
        Value::Array(values) => values.iter().map(as_json).collect(),
        Value::Table(table) => Json::Object(table.iter().map(|(name, value)| (name.clone(), as_json(value))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kind: Kind, text: &str, files: &[(&str, &str)]) -> Result<Call, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(CASE_FILE), text).unwrap();
        for (path, content) in files {
            let path = folder.path().join(FILES_FOLDER).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        Case::read(folder.path()).and_then(|case| case.call(kind)).map_err(|error| error.chain())
    }

    fn check(kind: Kind, text: &str, files: &[(&str, &str)], expected: Json) {
        let expected: Call = serde_json::from_value(expected).unwrap();
        assert_eq!(call(kind, text, files), Ok(expected), "{text}");
    }

    fn check_error(kind: Kind, text: &str, expected: &str) {
        let error = call(kind, text, &[]).unwrap_err();
        assert!(error.contains(expected), "`{expected}` in `{error}`");
    }

    #[test]
    fn what_a_case_leaves_out_is_added() {
        check(Kind::BuildStep, "", &[], json!({"build-step": {"config": {}, "evidence": []}}));
        let gate = json!({"quality-gate": {"config": {"findings": 1}, "evidence": [], "baseline": []}});
        check(Kind::QualityGate, "config = { findings = 1 }", &[], gate);
        let files = [("b/c", ""), ("a", "")];
        check(Kind::Scanner, "", &files, json!({"scanner": {"config": {}, "files": ["a", "b/c"]}}));
        check(Kind::Scanner, "files = [\"a\"]", &files, json!({"scanner": {"config": {}, "files": ["a"]}}));
        let report = json!({"test-reporter": {"config": {}, "path": "r.txt", "content": "one ok"}});
        check(Kind::TestReporter, "", &[("r.txt", "one ok")], report.clone());
        check(Kind::TestReporter, "path = \"r.txt\"", &[("r.txt", "one ok"), ("s.txt", "")], report);
    }

    #[test]
    fn other_keys_are_the_calls_own_input() {
        let text =
            "call = \"alert-evaluate\"\n[input]\nnow = 5\nanswers = [{ id = \"now\", outcome = { err = \"no\" } }]";
        let input = json!({"now": 5, "answers": [{"id": "now", "outcome": {"err": "no"}}]});
        check(Kind::AlertRule, text, &[], json!({"alert-evaluate": {"config": {}, "input": input}}));
        check(Kind::DeployTarget, "call = \"target-observe\"", &[], json!({"target-observe": {"config": {}}}));
    }

    #[test]
    fn dates_are_text() {
        let expected = json!({"build-step": {"config": {"since": "2026-01-02"}, "evidence": []}});
        check(Kind::BuildStep, "config = { since = 2026-01-02 }", &[], expected);
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        check_error(Kind::DeployTarget, "", "target-prepare, target-route");
        check_error(Kind::QualityGate, "evidense = []", "evidense");
        check_error(Kind::QualityGate, "grants = { exek = [] }", "exek");
        check_error(Kind::QualityGate, "config = ", "case.toml");
        check_error(
            Kind::QualityGate,
            "call = \"build-step\"",
            "it calls a build-step, and the plugin is a quality-gate",
        );
        check_error(Kind::TestReporter, "", "name the report");
        check_error(Kind::TestReporter, "path = \"../case.toml\"", "name the report");
    }
}
