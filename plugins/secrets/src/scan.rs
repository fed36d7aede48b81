//! Files in, report out.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use lockgate_sdk::{Failure, Finding, Measurement, ScanReport, log};

use crate::config::Allowed;
use crate::detect::Detector;
use crate::finding;

/// How far into a file a zero byte makes it a binary one.
const BINARY_PROBE_BYTES: usize = 8 * 1024;
/// Findings of one step.
pub const FINDINGS_MAX: usize = 5_000;

/// Why a file was not looked at, or that it was.
enum Content {
    Text(Vec<u8>),
    Binary,
    TooLarge,
    /// It is a link to nowhere, or out of the workspace.
    Gone,
}

#[derive(Default)]
struct Counts {
    scanned: u32,
    binary: u32,
    too_large: u32,
    allowed: u32,
    unreadable: u32,
    bytes: u64,
}

/// Looks at every file.
///
/// # Errors
/// When a file cannot be read for another reason than that it is not there.
pub fn files(
    root: &Path,
    paths: &[String],
    detector: &Detector,
    allowed: &Allowed,
    bytes_max: u64,
) -> Result<ScanReport, Failure> {
    let mut counts = Counts::default();
    let mut findings = Vec::new();
    for path in paths {
        if allowed.has_file(path) {
            counts.allowed += 1;
            continue;
        }
        let content = read(&root.join(path), bytes_max).map_err(|error| unreadable(path, &error))?;
        if let Some(text) = counts.count(content) {
            findings.extend(in_text(path, &text, detector, allowed));
        }
    }
    if findings.len() > FINDINGS_MAX {
        log::warn(format!("{} findings; the first {FINDINGS_MAX} are reported", findings.len()));
        findings.truncate(FINDINGS_MAX);
    }
    Ok(ScanReport { findings, components: Vec::new(), measurements: counts.measurements() })
}

/// Findings of one text.
#[must_use]
pub fn in_text(path: &str, text: &[u8], detector: &Detector, allowed: &Allowed) -> Vec<Finding> {
    let hits = detector.hits(text);
    let findings = hits.iter().map(|hit| (hit.secret, finding::finding(detector.rule(hit), path, text, hit)));
    findings
        .filter(|(secret, finding)| !allowed.has_secret(secret, &finding.fingerprint))
        .map(|(_, finding)| finding)
        .collect()
}

fn read(path: &Path, bytes_max: u64) -> io::Result<Content> {
    let mut file = match File::open(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
            return Ok(Content::Gone);
        }
        opened => opened?,
    };
    if file.metadata()?.len() > bytes_max {
        return Ok(Content::TooLarge);
    }
    let mut text = Vec::new();
    file.by_ref().take(bytes_max).read_to_end(&mut text)?;
    let is_binary = text[..text.len().min(BINARY_PROBE_BYTES)].contains(&0);
    Ok(if is_binary { Content::Binary } else { Content::Text(text) })
}

fn unreadable(path: &str, error: &io::Error) -> Failure {
    Failure::new("io", format!("cannot read {path}: {error}")).help("take it out of the step's `files:`, or mend it")
}

impl Counts {
    fn count(&mut self, content: Content) -> Option<Vec<u8>> {
        match content {
            Content::Text(text) => {
                self.scanned += 1;
                self.bytes += text.len() as u64;
                return Some(text);
            }
            Content::Binary => self.binary += 1,
            Content::TooLarge => self.too_large += 1,
            Content::Gone => self.unreadable += 1,
        }
        None
    }

    fn measurements(&self) -> Vec<Measurement> {
        let skipped = |count: u32, why: &str| {
            Measurement::new("secrets.files.skipped", f64::from(count), "1").attribute("why", why)
        };
        vec![
            Measurement::new("secrets.files.scanned", f64::from(self.scanned), "1"),
            Measurement::new("secrets.bytes.scanned", self.bytes as f64, "By"),
            skipped(self.binary, "binary"),
            skipped(self.too_large, "too-large"),
            skipped(self.allowed, "allowed"),
            skipped(self.unreadable, "unreadable"),
        ]
    }
}
