//! Findings, all scans together. A limit for a severity holds for worse ones, too: what may not be high may not be critical.

use lockgate_sdk::{EvidenceBody, Finding, Reason, Severity};

use super::{inconclusive, with_names};
use crate::config::FindingRules;
use crate::limit::{Limit, Side};

pub(super) fn judge(rules: &FindingRules, bodies: &[&EvidenceBody]) -> Vec<Reason> {
    let reports: Vec<_> = bodies
        .iter()
        .filter_map(|body| match body {
            EvidenceBody::Scan(report) => Some(report),
            _ => None,
        })
        .collect();
    if reports.is_empty() {
        return inconclusive("nothing was scanned", "let a scanner run before the gate");
    }
    let findings: Vec<&Finding> = reports.iter().flat_map(|report| &report.findings).collect();
    let limits = [
        (rules.critical, Severity::Critical, "critical findings"),
        (rules.high, Severity::High, "findings are high or worse"),
        (rules.medium, Severity::Medium, "findings are medium or worse"),
        (rules.low, Severity::Low, "findings are low or worse"),
        (rules.info, Severity::Info, "findings"),
    ];
    let count = |(limit, severity, what): (Option<Limit>, Severity, &str)| {
        limit.map(|limit| at_most_of(limit, severity, what, &findings))
    };
    limits.into_iter().filter_map(count).collect()
}

fn at_most_of(limit: Limit, severity: Severity, what: &str, findings: &[&Finding]) -> Reason {
    let hits: Vec<_> = findings.iter().filter(|finding| finding.severity >= severity).collect();
    let names: Vec<_> = hits.iter().map(|finding| name(finding)).collect();
    let message = with_names(&format!("{} {what}", hits.len()), &names);
    let help = hits.iter().find_map(|finding| finding.help.as_deref()).unwrap_or("mend what was found");
    let mut reason = limit.judge(Side::AtMost, hits.len() as f64, &message, help);
    reason.at = hits.iter().find_map(|finding| finding.at.clone());
    reason
}

fn name(finding: &Finding) -> String {
    match (&finding.subject, &finding.at) {
        (Some(subject), _) => format!("{} in {subject}", finding.rule),
        (None, Some(at)) => format!("{} in {}", finding.rule, at.path),
        (None, None) => finding.rule.clone(),
    }
}
