//! Line coverage. A file that several steps report counts once, with its best coverage.

use std::collections::BTreeMap;

use lockgate_sdk::{EvidenceBody, FileCoverage, Location, Reason};

use super::inconclusive;
use crate::config::CoverageRules;
use crate::limit::{Limit, Side, number};

pub(super) fn judge(rules: &CoverageRules, bodies: &[&EvidenceBody]) -> Vec<Reason> {
    let files = best_of_each_file(bodies);
    if files.is_empty() {
        return inconclusive("no report says which lines ran", "let the test step report its coverage");
    }
    let lines = rules.lines.map(|limit| all_lines(limit, &files));
    let per_file = rules.per_file.and_then(|limit| each_file(limit, &files));
    lines.into_iter().chain(per_file).collect()
}

/// Files without a line that could run say nothing.
fn best_of_each_file<'a>(bodies: &[&'a EvidenceBody]) -> BTreeMap<&'a str, &'a FileCoverage> {
    let mut files: BTreeMap<&str, &FileCoverage> = BTreeMap::new();
    for body in bodies {
        let EvidenceBody::Tests(report) = body else { continue };
        for file in report.coverage.iter().filter(|file| file.total_lines > 0) {
            let best = files.entry(&file.path).or_insert(file);
            if percent(file) > percent(best) {
                *best = file;
            }
        }
    }
    files
}

fn percent(file: &FileCoverage) -> f64 {
    100.0 * f64::from(file.covered_lines) / f64::from(file.total_lines)
}

fn all_lines(limit: Limit, files: &BTreeMap<&str, &FileCoverage>) -> Reason {
    let sum = |part: fn(&FileCoverage) -> u32| files.values().map(|file| u64::from(part(file))).sum::<u64>();
    let (covered, total) = (sum(|file| file.covered_lines), sum(|file| file.total_lines));
    let value = 100.0 * covered as f64 / total as f64;
    let message = format!("{}% of {total} lines ran", number(value));
    limit.judge(Side::AtLeast, value, &message, "test the lines that did not run")
}

/// Judged by the file that is covered least.
fn each_file(limit: Limit, files: &BTreeMap<&str, &FileCoverage>) -> Option<Reason> {
    let worst = files.values().min_by(|a, b| percent(a).total_cmp(&percent(b)))?;
    let value = percent(worst);
    let message = format!("the least covered file has {}% of its lines run ({})", number(value), worst.path);
    let mut reason = limit.judge(Side::AtLeast, value, &message, "test the lines that did not run");
    reason.at = Some(Location { line: worst.missed.first().map(|(line, _)| *line), ..Location::file(&worst.path) });
    Some(reason)
}
