//! Single numbers. Every measurement of the name must hold; the worst one is told.

use lockgate_sdk::{EvidenceBody, Measurement, Reason};

use super::inconclusive;
use crate::config::MeasurementRule;
use crate::limit::{Side, number};

pub(super) fn judge(rule: &MeasurementRule, bodies: &[&EvidenceBody]) -> Vec<Reason> {
    let measured: Vec<&Measurement> = bodies.iter().flat_map(|body| of(body)).filter(|one| fits(rule, one)).collect();
    if measured.is_empty() {
        return inconclusive(format!("`{}` was not measured", rule.name), "let a step before the gate measure it");
    }
    if let Some(other) = measured.iter().find(|one| rule.unit.as_ref().is_some_and(|unit| *unit != one.unit)) {
        let message = format!("`{}` was measured in `{}`", rule.name, other.unit);
        return inconclusive(message, "write the rule in the unit that is measured");
    }
    if measured.iter().any(|one| !one.value.is_finite()) {
        return inconclusive(format!("`{}` is no finite number", rule.name), "look at the step that measures it");
    }
    levels(rule, &measured)
}

/// All measurements that a piece of evidence carries.
fn of(body: &EvidenceBody) -> &[Measurement] {
    match body {
        EvidenceBody::Measurements(measured) => measured,
        EvidenceBody::Tests(report) => &report.measurements,
        EvidenceBody::Scan(report) => &report.measurements,
        EvidenceBody::Artifact(_) => &[],
    }
}

fn fits(rule: &MeasurementRule, one: &Measurement) -> bool {
    let has = |(name, value): (&String, &String)| one.attributes.iter().any(|(n, v)| n == name && v == value);
    one.name == rule.name && rule.attributes.iter().all(has)
}

fn levels(rule: &MeasurementRule, measured: &[&Measurement]) -> Vec<Reason> {
    let largest = measured.iter().max_by(|a, b| a.value.total_cmp(&b.value));
    let smallest = measured.iter().min_by(|a, b| a.value.total_cmp(&b.value));
    let sides = [(rule.at_most, Side::AtMost, largest), (rule.at_least, Side::AtLeast, smallest)];
    let reasons = sides.into_iter().filter_map(|(limit, side, worst)| {
        let (limit, worst) = (limit?, worst?);
        let message = format!("`{}` is {} {}", rule.name, number(worst.value), worst.unit);
        Some(limit.judge(side, worst.value, &message, "find what changed it"))
    });
    let reasons: Vec<_> = reasons.collect();
    if reasons.is_empty() {
        return inconclusive(format!("the rule for `{}` has no limit", rule.name), "give it `at-most` or `at-least`");
    }
    reasons
}
