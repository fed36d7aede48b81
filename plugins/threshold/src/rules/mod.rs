//! One file for each sort of evidence; each rule gives exactly one reason.

mod coverage;
mod findings;
mod measurements;
mod tests;

use lockgate_sdk::{EvidenceBody, Reason, Ruling};

use crate::config::Config;

/// How many names a message lists before it says `and N more`.
const NAMES_MAX: usize = 5;

/// All reasons, in the order of the configuration.
pub(crate) fn judge(config: &Config, bodies: &[&EvidenceBody]) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if let Some(rules) = &config.tests {
        reasons.extend(tests::judge(rules, bodies));
    }
    if let Some(rules) = &config.coverage {
        reasons.extend(coverage::judge(rules, bodies));
    }
    if let Some(rules) = &config.findings {
        reasons.extend(findings::judge(rules, bodies));
    }
    reasons.extend(config.measurements.iter().flat_map(|rule| measurements::judge(rule, bodies)));
    reasons
}

/// What was needed to judge is missing.
fn inconclusive(message: impl Into<String>, help: &str) -> Vec<Reason> {
    vec![Reason::new(Ruling::Inconclusive, message).help(help)]
}

/// `what` and the first few names in parentheses; only `what` where there are none.
fn with_names(what: &str, names: &[String]) -> String {
    let listed = names.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => what.to_owned(),
        count if count > NAMES_MAX => format!("{what} ({listed} and {} more)", count - NAMES_MAX),
        _ => format!("{what} ({listed})"),
    }
}
