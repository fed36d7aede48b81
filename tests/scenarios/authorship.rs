//! A plugin from its template to its cases in the real sandbox, for every kind that there is.

use std::path::PathBuf;
use std::process::Command;

use lockgate_model::call::Kind;
use lockgate_tests::{Ended, Project};

/// All kinds share one target folder, that of the authorship room's own tests, and the SDK of this checkout: what plugins
/// depend on is compiled once.
fn target() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("plugins")
}

fn author(project: &Project, folder: &str, arguments: &[&str]) -> Ended {
    let mut command: Command = project.command(arguments);
    command.current_dir(project.path(folder)).env("CARGO_TARGET_DIR", target());
    Ended::of(command.output().expect("lockgate starts"))
}

fn made(project: &Project, kind: Kind) -> String {
    let name = format!("my-{kind}");
    let sdk = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sdk/rust").canonicalize().expect("the SDK");
    let new = ["plugin", "new", "--kind", kind.name(), &name, "--sdk", sdk.to_str().expect("a path")];
    author(project, ".", &new).expect_code(0).expect_text("lockgate plugin test");
    name
}

#[test]
fn the_cases_of_every_template_hold_in_the_real_sandbox() {
    let project = Project::empty();
    for kind in Kind::ALL {
        let name = made(&project, kind);
        let tested = author(&project, &name, &["plugin", "test", "--json"]);
        let report: serde_json::Value = serde_json::from_str(&tested.expect_code(0).stdout).expect("JSON");
        let cases = report["cases"].as_array().expect("cases");
        assert!(cases.len() >= 2 && cases.iter().all(|case| case["result"] == "same"), "{kind}: {report:#}");
    }
}

#[test]
fn an_outcome_that_changed_is_shown_and_can_be_accepted() {
    let project = Project::empty();
    let name = made(&project, Kind::QualityGate);
    let source = format!("{name}/src/lib.rs");
    let text = std::fs::read_to_string(project.path(&source)).expect("a source");
    project.write(&source, &text.replace("nothing was scanned", "nobody looked"));
    let differs = author(&project, &name, &["plugin", "test"]);
    differs.expect_code(1).expect_text("nobody looked").expect_text("--accept");
    author(&project, &name, &["plugin", "test", "--accept"]).expect_code(0);
    author(&project, &name, &["plugin", "test"]).expect_code(0);
    let inspected = author(&project, &name, &["plugin", "build", "--json"]);
    let built: serde_json::Value = serde_json::from_str(&inspected.expect_code(0).stdout).expect("JSON");
    let path = built["path"].as_str().expect("a path");
    author(&project, &name, &["plugin", "inspect", path]).expect_code(0).expect_text("the plugin was not run");
    author(&project, &name, &["plugin", "inspect", path, "--run"]).expect_code(0).expect_text("says the same");
    author(&project, &name, &["plugin", "docs", path]).expect_code(0).expect_text("| `findings` |");
}
