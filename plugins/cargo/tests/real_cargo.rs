//! The plugin with the machine's own cargo, on tiny crates made here.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as its body may")]

mod common;

use common::{denied, file, host, plain_counts};
use lockgate_plugin_cargo::Plugin;
use lockgate_sdk::exec::{Completion, Ending};
use lockgate_sdk::testing::{Host, exited};
use lockgate_sdk::{
    BuildRequest, EvidenceBody, Failure, Product, Ruling, ScanReport, Severity, TestReport, TestStatus, call,
};

const TESTS: &str = r#"
//! ```
//! assert!(true);
//! ```
#[test] fn good() {}
#[test] #[ignore = "slow"] fn slow() {}
#[test] fn bad() { println!("words"); assert_eq!(1 + 1, 3, "sum"); }
#[test] #[should_panic] fn panics() { panic!("as it should") }
"#;

fn run(config: &str) -> Result<Product, Failure> {
    call::run::<Plugin>(config, BuildRequest::default())
}

fn report(product: &Product) -> &TestReport {
    product
        .evidence
        .iter()
        .find_map(|body| if let EvidenceBody::Tests(report) = body { Some(report) } else { None })
        .unwrap()
}

fn scan(product: &Product) -> &ScanReport {
    product
        .evidence
        .iter()
        .find_map(|body| if let EvidenceBody::Scan(report) = body { Some(report) } else { None })
        .unwrap()
}

#[test]
fn red_tests_are_a_result_with_all_its_proof() {
    let host = host(TESTS);
    host.write("tests/more.rs", "#[test] fn integrates() {}\n").unwrap();
    let expected = plain_counts(host.workspace());
    let product = run(r#"{"command":"test","junit":"reports/unit.xml"}"#).unwrap();
    assert_eq!(product.conclusion, Ruling::Fail);
    assert_eq!(
        product.summary.as_deref(),
        Some("4 passed, 1 failed, 1 skipped: tiny::bad: assertion `left == right` failed: sum")
    );
    let report = report(&product);
    let counted = [TestStatus::Passed, TestStatus::Failed, TestStatus::Skipped].map(|status| report.count(status));
    assert_eq!(counted, expected, "the plugin's counts against plain cargo's");
    let xml = quick_junit::Report::deserialize_from_str(&host.read("reports/unit.xml").unwrap()).unwrap();
    assert_eq!((xml.tests, xml.failures, xml.errors), (6, 1, 0));
    assert!(!file(&host, ".lockgate-cargo-stdout").exists());
    assert!(host.lines().iter().any(|line| line.message.starts_with("tiny::bad: assertion")));
}

#[test]
fn green_tests_pass_and_are_measured() {
    let _host = host("#[test] fn good() {}\n");
    let product = run(r#"{"command":"test","test-args":["--test-threads=1"]}"#).unwrap();
    assert_eq!((product.conclusion, product.summary.as_deref()), (Ruling::Pass, Some("1 passed")));
    let measured = product
        .evidence
        .iter()
        .find_map(|body| if let EvidenceBody::Measurements(list) = body { Some(list) } else { None });
    let named = |name: &str| measured.unwrap().iter().find(|one| one.name == name).unwrap().value;
    assert!((named("cargo.wall") - 12.0).abs() < 1e-9 && named("cargo.units.compiled") > 0.0);
}

#[test]
fn a_process_that_leaves_early_never_passes() {
    let _host = host("#[test] fn leaves() { std::process::exit(0) }\n#[test] fn other() {}\n");
    let product = run(r#"{"command":"test","test-args":["--test-threads=1"]}"#).unwrap();
    assert_eq!(product.conclusion, Ruling::Warn);
    assert_eq!(report(&product).count(TestStatus::Errored), 1);
}

#[test]
fn code_that_does_not_compile_is_a_finding_that_keeps_its_fingerprint() {
    let host = host("pub fn f() -> u32 { \"no\" }\n");
    let product = run(r#"{"command":"test"}"#).unwrap();
    assert_eq!(product.conclusion, Ruling::Fail);
    assert_eq!(product.summary.as_deref(), Some("1 error, 0 warnings: src/lib.rs:1:21: mismatched types"));
    let first = scan(&product).findings[0].clone();
    assert_eq!(
        (first.rule.as_str(), first.severity, first.subject.as_deref()),
        ("E0308", Severity::High, Some("tiny"))
    );
    host.write("src/lib.rs", "\n\n\npub fn f() -> u32 { \"no\" }\n").unwrap();
    let again = run(r#"{"command":"build"}"#).unwrap();
    let second = &scan(&again).findings[0];
    assert_eq!((second.at.as_ref().unwrap().line, &second.fingerprint), (Some(4), &first.fingerprint));
    assert!(!again.evidence.iter().any(|body| matches!(body, EvidenceBody::Tests(_))));
}

#[test]
fn warnings_are_low_findings_with_advice_and_each_told_once() {
    let _host = host("pub fn f() { let left = 1; }\npub fn g() { let left = 1; }\n");
    let product = run(r#"{"command":"check","all-targets":true}"#).unwrap();
    assert_eq!((product.conclusion, product.summary.as_deref()), (Ruling::Pass, Some("2 warnings")));
    let findings = &scan(&product).findings;
    assert_eq!((findings[0].rule.as_str(), findings[0].severity), ("unused_variables", Severity::Low));
    assert_eq!(findings[0].help.as_deref(), Some("if this is intentional, prefix it with an underscore: `_left`"));
    assert_ne!(findings[0].fingerprint, findings[1].fingerprint);
}

#[test]
fn lints_may_be_errors() {
    let host = host("pub fn f(a: bool) -> bool { return a; }\n");
    let product = match run(r#"{"command":"clippy","lint-args":["-D","warnings"]}"#) {
        Err(failure) if failure.message.contains("no such command") || failure.message.contains("not installed") => {
            assert!(std::env::var_os("CI").is_none(), "clippy is needed in CI: {failure}");
            eprintln!("skipped: this machine has no clippy ({failure})");
            return;
        }
        answer => answer.unwrap(),
    };
    assert_eq!(product.conclusion, Ruling::Fail);
    let finding = &scan(&product).findings[0];
    assert_eq!((finding.rule.as_str(), finding.severity), ("clippy::needless_return", Severity::High));
    assert!(finding.references[0].contains("needless_return"), "{finding:?}");
    drop(host);
}

#[test]
fn binaries_are_published_when_asked_for() {
    let host = host("");
    host.write("src/bin/tool.rs", "fn main() {}\n").unwrap();
    let product = run(r#"{"command":"build","publish-binaries":true}"#).unwrap();
    let published: Vec<String> = host.published().into_iter().map(|made| made.name).collect();
    assert_eq!(published, ["tool"]);
    assert_eq!(product.outputs[0].0, "tool");
    assert!(host.commands()[1].outputs.contains(&"target/debug/tool".to_owned()));
    assert!(matches!(&product.evidence[0], EvidenceBody::Artifact(made) if made.size_bytes > 0));
}

#[test]
fn packages_are_published_with_the_files_that_were_named() {
    let host = host("//! Tiny.\n");
    host.write("NOTES.txt", "notes").unwrap();
    let product = run(r#"{"command":"package","args":["--allow-dirty"],"artifacts":["*.txt"]}"#).unwrap();
    let published: Vec<(String, String)> =
        host.published().into_iter().map(|made| (made.name, made.media_type)).collect();
    let expected = [("NOTES.txt", "text/plain"), ("tiny-0.3.0.crate", "application/gzip")];
    assert_eq!(published, expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
    assert_eq!(product.summary.as_deref(), Some("0 warnings, published NOTES.txt, tiny-0.3.0.crate"));
}

#[test]
fn a_package_that_does_not_compile_fails_with_cargos_words() {
    let _host = host("pub fn f() -> u32 { \"no\" }\n");
    let product = run(r#"{"command":"package"}"#).unwrap();
    assert_eq!(product.conclusion, Ruling::Fail);
    assert!(product.summary.unwrap().starts_with("error[E0308]: mismatched types"));
}

#[test]
fn what_cargo_refuses_is_a_failure() {
    let host = host("");
    host.write(
        "Cargo.toml",
        "[package]\nname = \"tiny\"\nversion = \"0.3.0\"\n[workspace]\n[dependencies]\ngone = \"1\"\n",
    )
    .unwrap();
    let failure = run(r#"{"command":"build"}"#).unwrap_err();
    assert_eq!(failure.code, "cargo");
    assert!(failure.help.as_ref().unwrap().contains("vendor"), "{failure:?}");
}

#[test]
fn a_crate_below_the_workspace_is_found_where_it_is() {
    let host = host("");
    host.write("inner/Cargo.toml", "[package]\nname = \"inner\"\nversion = \"0.1.0\"\n[workspace]\n").unwrap();
    host.write("inner/src/lib.rs", "pub fn f() { let left = 1; }\n").unwrap();
    let product = run(r#"{"command":"check","working-directory":"inner"}"#).unwrap();
    assert_eq!(scan(&product).findings[0].at.as_ref().unwrap().path, "inner/src/lib.rs");
}

#[test]
fn denials_and_deaths_are_failures() {
    let host = Host::new().unwrap();
    host.on_exec(denied);
    assert_eq!(run(r#"{"command":"build"}"#).unwrap_err().code, "denied");
    for (ending, code) in [(Ending::TimedOut, "timed-out"), (Ending::Signalled(9), "killed")] {
        host.on_exec(move |_| Ok(Completion { ending, ..exited(0, "") }));
        assert_eq!(run(r#"{"command":"build"}"#).unwrap_err().code, code);
    }
    assert_eq!(run(r#"{"command":"build","junit":"x"}"#).unwrap_err().code, "bad-config");
}
