//! How cases are read, compared and kept.

use std::fs;
use std::path::Path;

use lockgate_authoring::cases::{self, CaseError, Options, Report};
use lockgate_model::Json;
use lockgate_model::call::{Answer, Call, Kind, Product};
use lockgate_model::evidence::{Ruling, Verdict};
use lockgate_model::host_call::{CallBody, HostCall, LogLevel, LogLine, LogSource, Permission};
use lockgate_model::outcome::Outcome;
use lockgate_ports::{Invocation, Recorder};
use tempfile::TempDir;

use crate::world::World;

/// A plugin's folder with these files.
fn plugin(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join("cases").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn try_all(folder: &Path, world: &World, accept: bool) -> Report {
    try_some(folder, world, accept, None).unwrap()
}

fn try_some(folder: &Path, world: &World, accept: bool, filter: Option<&str>) -> Result<Report, CaseError> {
    let check_config = |_: &Json, config: &Json| match config.get("typo") {
        Some(_) => vec!["/typo: unknown key `typo`".to_owned()],
        None => vec![],
    };
    cases::run(folder, b"component", &world.host(), &Options { filter, accept, check_config: &check_config })
}

/// A gate that passes at most as many findings as it is configured to.
fn gate(limit: u64) -> World {
    World::new(Kind::QualityGate, move |invocation, recorder| {
        let Call::QualityGate { config, .. } = &invocation.call else { panic!("a gate is called as one") };
        let pass = config["findings"].as_u64().is_some_and(|findings| findings <= limit);
        say(recorder, LogSource::Log, "judged");
        say(recorder, LogSource::ToolStdout, "took 12 ms");
        let ruling = if pass { Ruling::Pass } else { Ruling::Fail };
        Outcome::Answered(Answer::Verdict(Verdict { ruling, reasons: vec![] }))
    })
}

fn say(recorder: &dyn Recorder, source: LogSource, message: &str) {
    let line = LogLine { source, level: LogLevel::Info, message: message.to_owned(), fields: vec![] };
    let body = CallBody::Line(line);
    recorder.record(HostCall { seq: 0, at_ms: 0, duration_us: 0, permission: Permission::Free, body });
}

#[test]
fn a_snapshot_is_made_kept_and_compared() {
    let folder = plugin(&[("few/case.toml", "config = { findings = 1 }"), ("many/case.toml", "config.findings = 5")]);
    let first = try_all(folder.path(), &gate(3), false);
    assert_eq!((first.failed(), first.is_good()), (2, false));
    assert!(first.to_string().contains("expected.json; look at the outcome"), "{first}");
    assert!(!folder.path().join("cases/few/expected.json").exists());

    let accepted = try_all(folder.path(), &gate(3), true);
    assert_eq!(accepted.to_string(), "accepted  few\naccepted  many\n2 cases, 0 failed");
    let kept = fs::read_to_string(folder.path().join("cases/few/expected.json")).unwrap();
    assert!(kept.contains("\"ruling\": \"pass\"") && kept.contains("judged") && !kept.contains("took"), "{kept}");

    assert_eq!(try_all(folder.path(), &gate(3), false).to_string(), "ok        few\nok        many\n2 cases, 0 failed");
    let other = try_all(folder.path(), &gate(9), false);
    let text = other.to_string();
    assert_eq!(other.failed(), 1);
    for line in ["ok        few", "FAILED    many"] {
        assert!(text.lines().any(|found| found == line), "`{line}` in\n{text}");
    }
    let changed: Vec<_> = text.lines().map(str::trim).filter(|line| line.contains("ruling")).collect();
    assert_eq!(changed, ["-        \"ruling\": \"fail\"", "+        \"ruling\": \"pass\""]);
    assert!(text.ends_with("keeps it"), "{text}");
}

#[test]
fn the_layout_of_a_snapshot_does_not_matter() {
    let folder = plugin(&[("few/case.toml", "config.findings = 1")]);
    try_all(folder.path(), &gate(3), true);
    let path = folder.path().join("cases/few/expected.json");
    let value: Json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    fs::write(&path, value.to_string()).unwrap();
    assert!(try_all(folder.path(), &gate(3), false).is_good());
}

#[test]
fn one_broken_case_does_not_hide_the_others() {
    let folder =
        plugin(&[("a/case.toml", "config = "), ("b/case.toml", ""), ("c/note.txt", ""), ("d/expected.json", "{")]);
    fs::write(folder.path().join("cases/d/case.toml"), "").unwrap();
    let report = try_all(folder.path(), &gate(3), false);
    let text = report.to_string();
    assert_eq!((report.cases.len(), report.failed()), (4, 4), "{text}");
    assert!(text.contains("c/case.toml: it is missing") && text.contains("make it again with `--accept`"), "{text}");
}

#[test]
fn a_filter_leaves_cases_out_and_one_that_fits_nothing_is_a_mistake() {
    let folder = plugin(&[("few/case.toml", ""), ("many/case.toml", "")]);
    let report = try_some(folder.path(), &gate(3), true, Some("an")).unwrap();
    assert_eq!(report.to_string(), "accepted  many\n1 case, 0 failed, 1 left out");
    let error = try_some(folder.path(), &gate(3), true, Some("none")).unwrap_err();
    assert!(error.to_string().contains("there are few, many"), "{error}");
    let nothing = tempfile::tempdir().unwrap();
    assert!(matches!(try_some(nothing.path(), &gate(3), true, None), Err(CaseError::NoCases(_))));
}

#[test]
fn a_configuration_that_the_schema_refuses_is_not_called_with() {
    let folder = plugin(&[("typo/case.toml", "config.typo = 1")]);
    let world = World::new(Kind::QualityGate, |_, _| panic!("it is not called"));
    assert!(try_all(folder.path(), &world, true).is_good());
    let kept = fs::read_to_string(folder.path().join("cases/typo/expected.json")).unwrap();
    assert!(kept.contains("\"code\": \"configuration\"") && kept.contains("unknown key `typo`"), "{kept}");
}

#[test]
fn a_build_step_has_its_files_and_its_changes_are_told() {
    let files = [
        ("x/case.toml", "grants = { exec = [\"make\"], scratch = [\"target\"] }\nenv = { A = \"b\" }"),
        ("x/files/a/in", "1"),
    ];
    let folder = plugin(&files);
    let world = World::new(Kind::BuildStep, |invocation, _| {
        let Invocation { workspace, grants, env, .. } = invocation;
        let access = workspace.as_ref().unwrap();
        assert_eq!(fs::read_to_string(access.folder.path().join("a/in")).unwrap(), "1");
        assert_eq!((grants.exec[0].tool.as_str(), env["A"].as_str()), ("make", "b"));
        assert!(access.writable && access.scratch[0].name == "target" && access.scratch[0].path.is_dir());
        fs::write(access.folder.path().join("out"), "2").unwrap();
        fs::remove_file(access.folder.path().join("a/in")).unwrap();
        let summary = Some(format!("made in {}", access.folder.path().display()));
        let product = Product { conclusion: Ruling::Pass, outputs: vec![], evidence: vec![], summary };
        Outcome::Answered(Answer::Product(product))
    });
    assert!(try_all(folder.path(), &world, true).is_good());
    // Another folder, and still the same: no path of the temporary workspace is in the snapshot.
    assert!(try_all(folder.path(), &world, false).is_good());
    let kept: Json = serde_json::from_slice(&fs::read(folder.path().join("cases/x/expected.json")).unwrap()).unwrap();
    assert_eq!((&kept["changed"][0], &kept["removed"][0]), (&Json::from("out"), &Json::from("a/in")));
    assert_eq!(kept["outcome"]["answered"]["product"]["summary"], "made in /workspace");
    assert_eq!(fs::read_to_string(folder.path().join("cases/x/files/a/in")).unwrap(), "1");
}

#[test]
fn a_host_that_fails_is_no_outcome_to_keep() {
    let folder = plugin(&[("x/case.toml", "")]);
    let world = World::new(Kind::QualityGate, |_, _| Outcome::Faulted { message: "the disk is full".to_owned() });
    let report = try_all(folder.path(), &world, true);
    assert_eq!(report.failed(), 1);
    assert!(report.to_string().contains("the host failed: the disk is full"), "{report}");
    assert!(!folder.path().join("cases/x/expected.json").exists());
}

#[cfg(unix)]
#[test]
fn a_link_out_of_a_cases_files_is_refused() {
    let folder = plugin(&[("x/case.toml", ""), ("x/files/a", "")]);
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("cases/x/files/link")).unwrap();
    let world = World::new(Kind::Scanner, |_, _| panic!("it is not called"));
    let report = try_all(folder.path(), &world, true);
    assert!(report.to_string().contains("plain files and folders only"), "{report}");
}
