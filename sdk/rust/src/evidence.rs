//! Short ways to make the contract's words: locations, measurements, test cases, findings, reasons, verdicts.

use crate::{
    Evidence, EvidenceBody, Finding, Location, Measurement, Reason, Ruling, ScanReport, Severity, TestCase, TestReport,
    TestStatus, Verdict,
};

impl Location {
    /// A file of the workspace, `/` between parts.
    #[must_use]
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, column: None, end_line: None }
    }

    /// Sets the line, which counts from 1.
    #[must_use]
    pub fn line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// Sets the column, which counts from 1.
    #[must_use]
    pub fn column(mut self, column: u32) -> Self {
        self.column = Some(column);
        self
    }
}

impl Measurement {
    /// A dotted name, a value and its unit (UCUM or a plain word: `ms`, `By`, `1`, `%`).
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: impl Into<String>) -> Self {
        Self { name: name.into(), value, unit: unit.into(), attributes: Vec::new() }
    }

    /// Adds a dimension.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }
}

impl TestCase {
    /// A case of one attempt, of which nothing else is known.
    #[must_use]
    pub fn new(suite: impl Into<String>, name: impl Into<String>, status: TestStatus) -> Self {
        Self {
            suite: suite.into(),
            name: name.into(),
            status,
            duration_ms: None,
            message: None,
            output: None,
            at: None,
            attempts: 1,
        }
    }

    /// Sets the wall time in milliseconds.
    #[must_use]
    pub fn duration_ms(mut self, duration_ms: f64) -> Self {
        self.duration_ms = Some(duration_ms);
        self
    }

    /// Says why it is not green.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Adds what it wrote.
    #[must_use]
    pub fn output(mut self, output: impl Into<String>) -> Self {
        self.output = Some(output.into());
        self
    }

    /// Says where it stands, or where it failed.
    #[must_use]
    pub fn at(mut self, at: Location) -> Self {
        self.at = Some(at);
        self
    }
}

#[allow(clippy::derivable_impls, reason = "the type is generated, so there is no place for a derive")]
impl Default for TestReport {
    fn default() -> Self {
        Self { cases: Vec::new(), coverage: Vec::new(), measurements: Vec::new() }
    }
}

impl TestReport {
    /// How many cases have this status.
    #[must_use]
    pub fn count(&self, status: TestStatus) -> usize {
        self.cases.iter().filter(|case| case.status == status).count()
    }
}

impl Finding {
    /// A finding whose fingerprint is its rule and its message; set a better one where lines or names may move.
    #[must_use]
    pub fn new(rule: impl Into<String>, severity: Severity, message: impl Into<String>) -> Self {
        let (rule, message) = (rule.into(), message.into());
        Self {
            fingerprint: format!("{rule}:{message}"),
            rule,
            severity,
            message,
            help: None,
            at: None,
            subject: None,
            fixed_in: None,
            references: Vec::new(),
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, at: Location) -> Self {
        self.at = Some(at);
        self
    }

    /// Names the package, image or resource concerned.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets what is the same for the same finding in another run.
    #[must_use]
    pub fn fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.fingerprint = fingerprint.into();
        self
    }
}

#[allow(clippy::derivable_impls, reason = "the type is generated, so there is no place for a derive")]
impl Default for ScanReport {
    fn default() -> Self {
        Self { findings: Vec::new(), components: Vec::new(), measurements: Vec::new() }
    }
}

impl Evidence {
    /// Proof of a step outside a matrix; the host makes the real ones, tests make theirs with this.
    #[must_use]
    pub fn new(job: impl Into<String>, step: impl Into<String>, body: EvidenceBody) -> Self {
        Self { job: job.into(), matrix: Vec::new(), step: step.into(), body }
    }
}

impl Reason {
    /// What this reason alone would rule, and why.
    #[must_use]
    pub fn new(ruling: Ruling, message: impl Into<String>) -> Self {
        Self { ruling, message: message.into(), at: None, help: None }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, at: Location) -> Self {
        self.at = Some(at);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Verdict {
    /// The gravest of the reasons decides: fail, then inconclusive, then warn; without any reason it is a pass.
    #[must_use]
    pub fn of(reasons: Vec<Reason>) -> Self {
        let ruling = reasons.iter().map(|reason| reason.ruling).max_by_key(|ruling| gravity(*ruling));
        Self { ruling: ruling.unwrap_or(Ruling::Pass), reasons }
    }
}

fn gravity(ruling: Ruling) -> u8 {
    match ruling {
        Ruling::Pass => 0,
        Ruling::Warn => 1,
        Ruling::Inconclusive => 2,
        Ruling::Fail => 3,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Reason, Ruling, Verdict};

    fn check(rulings: &[Ruling], expected: Ruling) {
        let reasons = rulings.iter().map(|ruling| Reason::new(*ruling, "because")).collect();
        assert_eq!(Verdict::of(reasons).ruling, expected, "{rulings:?}");
    }

    #[test]
    fn the_gravest_reason_decides() {
        check(&[], Ruling::Pass);
        check(&[Ruling::Pass, Ruling::Warn], Ruling::Warn);
        check(&[Ruling::Inconclusive, Ruling::Warn], Ruling::Inconclusive);
        check(&[Ruling::Inconclusive, Ruling::Fail, Ruling::Pass], Ruling::Fail);
    }
}
