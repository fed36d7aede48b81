//! `types`: evidence, findings, verdicts, failures.

use lockgate_model::evidence as model;
use lockgate_model::outcome::Failure;

use super::{InvalidAnswer, same_variants};
use crate::bindings::guest::quality_gate as gate;
use crate::bindings::host::types as wit;

same_variants!(severity, wit::Severity => model::Severity, [Info, Low, Medium, High, Critical]);
same_variants!(wit_severity, model::Severity => wit::Severity, [Info, Low, Medium, High, Critical]);
same_variants!(status, wit::TestStatus => model::TestStatus, [Passed, Failed, Errored, Skipped, Flaky]);
same_variants!(wit_status, model::TestStatus => wit::TestStatus, [Passed, Failed, Errored, Skipped, Flaky]);
same_variants!(ruling, wit::Ruling => model::Ruling, [Pass, Warn, Fail, Inconclusive]);

pub(crate) fn failure(failure: wit::Failure) -> Failure {
    let wit::Failure { code, message, help, at, retryable } = failure;
    Failure { code, message, help, at: at.into_iter().map(location).collect(), retryable }
}

pub(crate) fn verdict(verdict: gate::Verdict) -> model::Verdict {
    model::Verdict { ruling: ruling(verdict.ruling), reasons: verdict.reasons.into_iter().map(reason).collect() }
}

fn reason(reason: wit::Reason) -> model::Reason {
    let wit::Reason { ruling: of, message, at, help } = reason;
    model::Reason { ruling: ruling(of), message, at: at.map(location), help }
}

pub(crate) fn body(body: wit::EvidenceBody) -> Result<model::EvidenceBody, InvalidAnswer> {
    Ok(match body {
        wit::EvidenceBody::Artifact(of) => model::EvidenceBody::Artifact(artifact(of)?),
        wit::EvidenceBody::Tests(of) => model::EvidenceBody::Tests(tests(of)),
        wit::EvidenceBody::Scan(of) => model::EvidenceBody::Scan(scan(of)),
        wit::EvidenceBody::Measurements(of) => {
            model::EvidenceBody::Measurements(of.into_iter().map(measurement).collect())
        }
    })
}

fn artifact(artifact: wit::Artifact) -> Result<model::Artifact, InvalidAnswer> {
    let wit::Artifact { name, digest, media_type, size_bytes, annotations } = artifact;
    Ok(model::Artifact { name, digest: digest.parse()?, media_type, size_bytes, annotations })
}

pub(crate) fn tests(report: wit::TestReport) -> model::TestReport {
    model::TestReport {
        cases: report.cases.into_iter().map(case).collect(),
        coverage: report.coverage.into_iter().map(coverage).collect(),
        measurements: report.measurements.into_iter().map(measurement).collect(),
    }
}

fn case(case: wit::TestCase) -> model::TestCase {
    let wit::TestCase { suite, name, status: of, duration_ms, message, output, at, attempts } = case;
    model::TestCase { suite, name, status: status(of), duration_ms, message, output, at: at.map(location), attempts }
}

fn coverage(coverage: wit::FileCoverage) -> model::FileCoverage {
    let wit::FileCoverage { path, covered_lines, total_lines, missed } = coverage;
    model::FileCoverage { path, covered_lines, total_lines, missed }
}

pub(crate) fn scan(report: wit::ScanReport) -> model::ScanReport {
    model::ScanReport {
        findings: report.findings.into_iter().map(finding).collect(),
        components: report.components.into_iter().map(component).collect(),
        measurements: report.measurements.into_iter().map(measurement).collect(),
    }
}

fn finding(finding: wit::Finding) -> model::Finding {
    let wit::Finding { rule, severity: of, message, help, at, subject, fingerprint, fixed_in, references } = finding;
    let (severity, at) = (severity(of), at.map(location));
    model::Finding { rule, severity, message, help, at, subject, fingerprint, fixed_in, references }
}

fn component(component: wit::ComponentRef) -> model::ComponentRef {
    let wit::ComponentRef { purl, name, version, licenses, depends_on } = component;
    model::ComponentRef { purl, name, version, licenses, depends_on }
}

fn measurement(measurement: wit::Measurement) -> model::Measurement {
    let wit::Measurement { name, value, unit, attributes } = measurement;
    model::Measurement { name, value, unit, attributes }
}

fn location(location: wit::Location) -> model::Location {
    let wit::Location { path, line, column, end_line } = location;
    model::Location { path, line, column, end_line }
}

pub(crate) fn wit_evidence(evidence: &model::Evidence) -> wit::Evidence {
    wit::Evidence {
        job: evidence.job.to_string(),
        matrix: evidence.matrix.clone(),
        step: evidence.step.to_string(),
        body: wit_body(&evidence.body),
    }
}

fn wit_body(body: &model::EvidenceBody) -> wit::EvidenceBody {
    match body {
        model::EvidenceBody::Artifact(of) => wit::EvidenceBody::Artifact(wit_artifact(of)),
        model::EvidenceBody::Tests(of) => wit::EvidenceBody::Tests(wit_tests(of)),
        model::EvidenceBody::Scan(of) => wit::EvidenceBody::Scan(wit_scan(of)),
        model::EvidenceBody::Measurements(of) => {
            wit::EvidenceBody::Measurements(of.iter().map(wit_measurement).collect())
        }
    }
}

pub(crate) fn wit_artifact(artifact: &model::Artifact) -> wit::Artifact {
    wit::Artifact {
        name: artifact.name.clone(),
        digest: artifact.digest.to_string(),
        media_type: artifact.media_type.clone(),
        size_bytes: artifact.size_bytes,
        annotations: artifact.annotations.clone(),
    }
}

fn wit_tests(report: &model::TestReport) -> wit::TestReport {
    wit::TestReport {
        cases: report.cases.iter().map(wit_case).collect(),
        coverage: report.coverage.iter().map(wit_coverage).collect(),
        measurements: report.measurements.iter().map(wit_measurement).collect(),
    }
}

fn wit_case(case: &model::TestCase) -> wit::TestCase {
    wit::TestCase {
        suite: case.suite.clone(),
        name: case.name.clone(),
        status: wit_status(case.status),
        duration_ms: case.duration_ms,
        message: case.message.clone(),
        output: case.output.clone(),
        at: case.at.as_ref().map(wit_location),
        attempts: case.attempts,
    }
}

fn wit_coverage(coverage: &model::FileCoverage) -> wit::FileCoverage {
    wit::FileCoverage {
        path: coverage.path.clone(),
        covered_lines: coverage.covered_lines,
        total_lines: coverage.total_lines,
        missed: coverage.missed.clone(),
    }
}

fn wit_scan(report: &model::ScanReport) -> wit::ScanReport {
    wit::ScanReport {
        findings: report.findings.iter().map(wit_finding).collect(),
        components: report.components.iter().map(wit_component).collect(),
        measurements: report.measurements.iter().map(wit_measurement).collect(),
    }
}

fn wit_finding(finding: &model::Finding) -> wit::Finding {
    wit::Finding {
        rule: finding.rule.clone(),
        severity: wit_severity(finding.severity),
        message: finding.message.clone(),
        help: finding.help.clone(),
        at: finding.at.as_ref().map(wit_location),
        subject: finding.subject.clone(),
        fingerprint: finding.fingerprint.clone(),
        fixed_in: finding.fixed_in.clone(),
        references: finding.references.clone(),
    }
}

fn wit_component(component: &model::ComponentRef) -> wit::ComponentRef {
    wit::ComponentRef {
        purl: component.purl.clone(),
        name: component.name.clone(),
        version: component.version.clone(),
        licenses: component.licenses.clone(),
        depends_on: component.depends_on.clone(),
    }
}

fn wit_measurement(measurement: &model::Measurement) -> wit::Measurement {
    wit::Measurement {
        name: measurement.name.clone(),
        value: measurement.value,
        unit: measurement.unit.clone(),
        attributes: measurement.attributes.clone(),
    }
}

fn wit_location(location: &model::Location) -> wit::Location {
    wit::Location {
        path: location.path.clone(),
        line: location.line,
        column: location.column,
        end_line: location.end_line,
    }
}
