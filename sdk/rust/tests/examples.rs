//! A plugin of any kind is short: each example, whole, stays under 40 lines, and there is one for each kind.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of a test may stop it and say why")]

use std::fs;
use std::path::Path;

const LINES_MAX: usize = 39;

const KINDS: [&str; 8] = [
    "alert_rule",
    "build_step",
    "deploy_strategy",
    "deploy_target",
    "notifier",
    "quality_gate",
    "scanner",
    "test_reporter",
];

#[test]
fn every_kind_has_an_example_under_40_lines() {
    for kind in KINDS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(kind).with_extension("rs");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(text.contains(&format!("export!({kind}: ")), "{kind}: it exports another kind");
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{kind}: {lines} lines, at most {LINES_MAX}");
    }
}
