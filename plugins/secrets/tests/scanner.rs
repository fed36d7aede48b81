//! The plugin as the host calls it, on files of a workspace.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as its body may")]

use lockgate_plugin_secrets::Plugin;
use lockgate_sdk::testing::Host;
use lockgate_sdk::{Failure, ScanReport, ScanRequest, Severity, call};

// The samples are put together here, so that this file is not a finding itself.
fn token() -> String {
    ["gh", "p_16C7e42F292c6912E7710c838347Ae178B4a"].concat()
}

fn scan(config: &str, files: &[&str]) -> Result<ScanReport, Failure> {
    let files = files.iter().map(|file| (*file).to_owned()).collect();
    call::scan::<Plugin>(config, ScanRequest { files })
}

fn measured(report: &ScanReport, name: &str, why: Option<&str>) -> f64 {
    let wanted =
        |one: &&lockgate_sdk::Measurement| one.name == name && why.is_none_or(|why| one.attributes[0].1 == why);
    report.measurements.iter().find(wanted).unwrap().value
}

#[test]
fn findings_have_place_and_severity_and_no_secret() {
    let host = Host::new().unwrap();
    host.write("src/a.rs", format!("fn a() {{\n    let token = \"{}\";\n}}\n", token())).unwrap();
    let report = scan("{}", &["src/a.rs"]).unwrap();
    let [finding] = &report.findings[..] else { panic!("{report:?}") };
    let at = finding.at.as_ref().unwrap();
    assert_eq!((finding.rule.as_str(), finding.severity), ("github-token", Severity::Critical));
    assert_eq!((at.path.as_str(), at.line, at.column), ("src/a.rs", Some(2), Some(18)));
    assert_eq!(finding.message, "this looks like a GitHub token: `ghp_...` (40 characters)");
    assert!(!format!("{report:?}").contains(&token()[..12]));
}

#[test]
fn a_fingerprint_stays_when_lines_move() {
    let host = Host::new().unwrap();
    host.write("a", token()).unwrap();
    let first = scan("{}", &["a"]).unwrap().findings[0].fingerprint.clone();
    host.write("a", format!("\n\n{}", token())).unwrap();
    assert_eq!(scan("{}", &["a"]).unwrap().findings[0].fingerprint, first);
    let config = format!(r#"{{"allow":{{"fingerprints":["{first}"]}}}}"#);
    assert!(scan(&config, &["a"]).unwrap().findings.is_empty());
}

#[test]
fn what_is_not_read_is_counted() {
    let host = Host::new().unwrap();
    let token = token();
    host.write("binary", [b"\0", token.as_bytes()].concat()).unwrap();
    host.write("vendor/a", &token).unwrap();
    host.write("large", format!("{token}{}", " ".repeat(100))).unwrap();
    host.write("small", "x").unwrap();
    let config = r#"{"max-file-bytes":100,"allow":{"files":["vendor/**"]}}"#;
    let report = scan(config, &["binary", "vendor/a", "large", "small", "gone"]).unwrap();
    assert!(report.findings.is_empty());
    for (why, expected) in [("binary", 1.0), ("allowed", 1.0), ("too-large", 1.0), ("unreadable", 1.0)] {
        assert!((measured(&report, "secrets.files.skipped", Some(why)) - expected).abs() < 1e-9, "{why}");
    }
    assert!((measured(&report, "secrets.files.scanned", None) - 1.0).abs() < 1e-9);
}

#[test]
fn rules_and_patterns_can_be_turned_off() {
    let host = Host::new().unwrap();
    host.write("a", token()).unwrap();
    assert!(scan(r#"{"rules-off":["github-token"]}"#, &["a"]).unwrap().findings.is_empty());
    assert!(scan(r#"{"allow":{"patterns":["^ghp_16C7"]}}"#, &["a"]).unwrap().findings.is_empty());
    assert_eq!(scan(r#"{"rules-off":["gone"]}"#, &["a"]).unwrap_err().code, "bad-config");
}

#[test]
fn odd_bytes_and_long_lines_do_no_harm() {
    let host = Host::new().unwrap();
    host.write("latin", [b"caf\xe9 ", token().as_bytes()].concat()).unwrap();
    host.write("long", "password = aws key curl -u token://".repeat(40_000)).unwrap();
    let report = scan("{}", &["latin", "long"]).unwrap();
    assert_eq!(report.findings.iter().filter(|finding| finding.at.as_ref().unwrap().path == "latin").count(), 1);
}
