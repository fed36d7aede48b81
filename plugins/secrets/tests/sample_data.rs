//! Recall and precision on published dummy secrets, where the sample data is present.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test's helpers may panic and print as its body may")]

use std::path::{Path, PathBuf};
use std::process::Command;

use lockgate_plugin_secrets::detect::Detector;
use lockgate_plugin_secrets::rules;
use serde::Deserialize;

/// Floors: a change of the rules that falls below them is a step back.
const RECALL_MIN: f64 = 0.97;
const PRECISION_MIN: f64 = 0.85;

#[derive(Deserialize)]
struct Case {
    rule: String,
    expect: bool,
    text: String,
}

/// The sample data's folder: beside the project's root, or where `LOCKGATE_SAMPLE_DATA` says.
fn sample_data() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    std::env::var_os("LOCKGATE_SAMPLE_DATA").map_or_else(beside, PathBuf::from)
}

/// The unpacked set, or nothing with a word about why.
fn unpacked(folder: &Path) -> Option<PathBuf> {
    let packed = sample_data().join("08-secrets.tar.zst");
    if !packed.is_file() {
        eprintln!("skipped: there is no sample data at {}", packed.display());
        return None;
    }
    let status = Command::new("tar").arg("--zstd").arg("-xf").arg(&packed).arg("-C").arg(folder).status();
    if !status.is_ok_and(|status| status.success()) {
        eprintln!("skipped: tar and zstd are needed to unpack {}", packed.display());
        return None;
    }
    Some(folder.join("08-secrets"))
}

#[test]
fn recall_and_precision() {
    let folder = tempfile::tempdir().unwrap();
    let Some(data) = unpacked(folder.path()) else { return };
    let cases = std::fs::read_to_string(data.join("gitleaks-rule-cases.jsonl")).unwrap();
    let cases: Vec<Case> = cases.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let detector = Detector::new(rules::all()).unwrap();
    let [mut found, mut missed, mut alarmed, mut quiet] = [0_u32; 4];
    for case in &cases {
        let hits = detector.hits(case.text.as_bytes());
        match (case.expect, hits.first()) {
            (true, Some(_)) => found += 1,
            (false, None) => quiet += 1,
            (true, None) => {
                missed += 1;
                eprintln!("missed   {}: {}", case.rule, shown(&case.text));
            }
            (false, Some(hit)) => {
                alarmed += 1;
                eprintln!("false    {} by {}: {}", case.rule, detector.rule(hit).id, shown(&case.text));
            }
        }
    }
    let share = |part: u32, rest: u32| f64::from(part) / f64::from(part + rest);
    let (recall, precision) = (share(found, missed), share(found, alarmed));
    eprintln!(
        "recall {recall:.3} ({found} of {}), precision {precision:.3} ({alarmed} false), {quiet} rightly quiet",
        found + missed
    );
    assert!(recall >= RECALL_MIN && precision >= PRECISION_MIN, "recall {recall:.3}, precision {precision:.3}");
}

#[test]
fn files_of_other_scanners() {
    let folder = tempfile::tempdir().unwrap();
    let Some(data) = unpacked(folder.path()) else { return };
    let detector = Detector::new(rules::all()).unwrap();
    let check = |file: &str, expected: &str| {
        let text = std::fs::read(data.join("trivy-cases").join(file)).unwrap();
        let ids: Vec<_> = detector.hits(&text).iter().map(|hit| detector.rule(hit).id).collect();
        assert!(ids.contains(&expected), "{file}: {ids:?}");
    };
    check("aws-secrets.txt", "aws-access-key-id");
    check("asymmetric-private-secret.txt", "private-key");
    check("alibaba-access-key-id.txt", "alibaba-access-key-id");
    check("openai-project-api-key.txt", "openai-key");
    check("crlf-line-endings.txt", "github-token");
}

fn shown(text: &str) -> String {
    text.chars().take(110).collect()
}
