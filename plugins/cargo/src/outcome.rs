//! What a run of cargo proves.

use lockgate_sdk::exec::{Completion, Ending};
use lockgate_sdk::{Artifact, EvidenceBody, Failure, Finding, Product, Ruling, ScanReport, Severity};

use crate::config::{Config, Subcommand};
use crate::report::{self, Tests};
use crate::stream::Stream;
use crate::{diagnostics, measure};

/// Lines of cargo's own error that are told.
const ERROR_LINES_MAX: usize = 20;

/// All that is known when cargo has ended by itself.
pub struct Facts<'a> {
    /// The step's configuration.
    pub config: &'a Config,
    /// How cargo ended.
    pub completion: &'a Completion,
    /// What it said on standard output.
    pub stream: &'a Stream,
    /// What the compiler found.
    pub findings: Vec<Finding>,
    /// What the tests told; only of `test`.
    pub tests: Option<Tests>,
    /// What was published.
    pub artifacts: Vec<Artifact>,
}

/// A command that was killed proved nothing, and neither did one that never began to compile.
///
/// # Errors
/// `timed-out`, `killed`, or `cargo` with cargo's own words.
pub fn check_ending(config: &Config, completion: &Completion, stream: &Stream) -> Result<(), Failure> {
    match completion.ending {
        Ending::TimedOut => {
            Err(Failure::new("timed-out", "cargo was out of time")
                .help("raise `timeout-seconds` or the step's `timeout`"))
        }
        Ending::Signalled(signal) => {
            let message = format!("cargo was killed by signal {signal}");
            Err(Failure::new("killed", message)
                .help("signal 9 is often the memory limit: see the step's log")
                .retryable())
        }
        Ending::Exited(0) => Ok(()),
        Ending::Exited(_) if stream.compiled.is_some() || config.command == Subcommand::Package => Ok(()),
        Ending::Exited(code) => Err(refused(code, &completion.stderr_text())),
    }
}

fn refused(code: u8, stderr: &str) -> Failure {
    let failure = Failure::new("cargo", format!("cargo refused (exit code {code}): {}", error_lines(stderr)));
    if stderr.contains("--offline") || stderr.contains("offline was specified") {
        return failure.help(
            "the step has no network: vendor the dependencies before it, or grant hosts and set `offline: false`",
        );
    }
    if stderr.contains("--locked was passed") {
        return failure.help("commit a `Cargo.lock` that is up to date, or set `locked: false`");
    }
    failure.help("see cargo's own words in the step's log")
}

/// From cargo's first error on, in a few lines.
fn error_lines(stderr: &str) -> String {
    let lines = stderr.lines().skip_while(|line| !line.starts_with("error"));
    let text: Vec<&str> = lines.take(ERROR_LINES_MAX).collect();
    if text.is_empty() { "it said nothing".to_owned() } else { text.join("\n").trim_end().to_owned() }
}

impl Facts<'_> {
    /// The step's product: conclusion, summary, and evidence whatever the conclusion is.
    #[must_use]
    pub fn product(self) -> Product {
        Product {
            conclusion: self.conclusion(),
            summary: Some(self.summary()),
            outputs: self.artifacts.iter().map(|made| (made.name.clone(), made.digest.clone())).collect(),
            evidence: self.evidence(),
        }
    }

    fn conclusion(&self) -> Ruling {
        if !self.completion.success() {
            return Ruling::Fail;
        }
        match &self.tests {
            Some(tests) if tests.report.cases.iter().any(report::is_red) || tests.unaccounted > 0 => Ruling::Warn,
            _ => Ruling::Pass,
        }
    }

    fn summary(&self) -> String {
        let errors = diagnostics::errors(&self.findings);
        match &self.tests {
            Some(tests) if self.stream.compiled == Some(true) => report::summary(&tests.report),
            _ if !self.completion.success() && errors == 0 => error_lines(&self.completion.stderr_text()),
            _ => self.build_summary(errors),
        }
    }

    fn build_summary(&self, errors: usize) -> String {
        let made = self.artifacts.iter().map(|made| made.name.as_str()).collect::<Vec<_>>();
        let mut parts = vec![counted(self.findings.len() - errors, "warning")];
        if errors > 0 {
            parts.insert(0, counted(errors, "error"));
        }
        if !made.is_empty() {
            parts.push(format!("published {}", made.join(", ")));
        }
        let first = self.findings.iter().find(|finding| finding.severity == Severity::High);
        let first = first.map(|finding| format!(": {}{}", place(finding), finding.message));
        format!("{}{}", parts.join(", "), first.unwrap_or_default())
    }

    fn evidence(self) -> Vec<EvidenceBody> {
        let measured = measure::measurements(self.config, self.completion, self.stream);
        let mut evidence: Vec<EvidenceBody> = self.artifacts.into_iter().map(EvidenceBody::Artifact).collect();
        if self.config.command != Subcommand::Package {
            evidence.push(EvidenceBody::Scan(ScanReport { findings: self.findings, ..ScanReport::default() }));
        }
        let ran = self.tests.filter(|_| self.stream.compiled == Some(true));
        evidence.extend(ran.map(|tests| EvidenceBody::Tests(tests.report)));
        evidence.push(EvidenceBody::Measurements(measured));
        evidence
    }
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn place(finding: &Finding) -> String {
    finding.at.as_ref().map_or_else(String::new, |at| match (at.line, at.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}: ", at.path),
        _ => format!("{}: ", at.path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(ending: Ending, stderr: &str) -> Completion {
        Completion {
            ending,
            stdout: Vec::new(),
            stderr: stderr.as_bytes().to_vec(),
            truncated: false,
            wall_ms: 1.0,
            cpu_ms: 1.0,
            max_rss_bytes: 1,
        }
    }

    fn check(ending: Ending, stderr: &str, compiled: Option<bool>, expected: Option<&str>) {
        let config = serde_json::from_str(r#"{"command":"test"}"#).unwrap();
        let stream = Stream { compiled, ..Stream::default() };
        let failure = check_ending(&config, &completion(ending, stderr), &stream).err();
        assert_eq!(failure.map(|failure| failure.code).as_deref(), expected);
    }

    #[test]
    fn endings_that_prove_nothing_are_failures() {
        check(Ending::Exited(0), "", Some(true), None);
        check(Ending::Exited(101), "", Some(true), None);
        check(Ending::Exited(101), "", Some(false), None);
        check(Ending::Exited(101), "error: could not find `Cargo.toml`", None, Some("cargo"));
        check(Ending::Signalled(9), "", None, Some("killed"));
        check(Ending::TimedOut, "", Some(true), Some("timed-out"));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let offline = refused(
            101,
            "   Updating\nerror: no matching package\nAs a reminder, you're using offline mode (--offline)\n",
        );
        assert!(offline.help.unwrap().contains("vendor"));
        assert_eq!(
            offline.message,
            "cargo refused (exit code 101): error: no matching package\nAs a reminder, you're using offline mode (--offline)"
        );
        assert!(
            refused(101, "error: the lock file needs to be updated but --locked was passed")
                .help
                .unwrap()
                .contains("Cargo.lock")
        );
        assert!(refused(1, "").message.ends_with("it said nothing"));
    }
}
