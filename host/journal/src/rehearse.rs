//! Another version of a plugin over the records of earlier attempts: would it have decided otherwise, and would it have
//! asked for other things?

use std::collections::BTreeMap;

use lockgate_engine::drive::history::Past;
use lockgate_model::catalog::PluginPin;
use lockgate_model::host_call::{FunctionCall, HostCall, Permission};
use lockgate_ports::BlobError;
use lockgate_ports::sandbox::UNANSWERED;

use crate::answers::Match;
use crate::replay::{Bench, EndDifference};

/// What came of one attempt under another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// How its end differs.
    pub ends: Vec<EndDifference>,
    /// Calls by name, and how often they were made: then and now. Only those whose number changed.
    pub calls: Vec<(String, u64, u64)>,
    /// Grants that it was refused now and not then.
    pub refused: Vec<String>,
    /// What it asked the world that the record has no answer to: from there on it went another way.
    pub unanswered: Vec<String>,
}

impl Rehearsed {
    /// Whether it did and decided the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.ends.is_empty() && self.calls.is_empty() && self.refused.is_empty() && self.unanswered.is_empty()
    }
}

/// Carries an attempt out with another component, fed with what the world answered then.
///
/// # Errors
/// When evidence cannot be read.
pub fn rehearse(bench: &Bench, past: &Past, recorded: &[HostCall], pin: &PluginPin) -> Result<Rehearsed, BlobError> {
    let task = past.task.with_component(pin.clone());
    let fresh = bench.carry_out(&task, recorded, Match::Lenient);
    let ends = bench.compare_ends(&past.result, &fresh.result)?;
    let (before, now) = (tally(recorded), tally(&fresh.calls));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let count = |tally: &BTreeMap<String, u64>, name: &String| tally.get(name).copied().unwrap_or(0);
    let calls = names.into_iter().map(|name| (name.clone(), count(&before, name), count(&now, name)));
    let refused_before = refused(recorded);
    Ok(Rehearsed {
        ends,
        calls: calls.filter(|(_, before, now)| before != now).collect(),
        refused: refused(&fresh.calls).into_iter().filter(|grant| !refused_before.contains(grant)).collect(),
        unanswered: unanswered(&fresh.calls),
    })
}

/// Functions by name; an attempt that came from the cache has none, and its look is no call of the plugin.
fn tally(calls: &[HostCall]) -> BTreeMap<String, u64> {
    let mut tally = BTreeMap::new();
    for function in calls.iter().filter_map(HostCall::function) {
        if !matches!(function.interface.as_ref(), "cache" | "egress") && function.function != "(own)" {
            *tally.entry(format!("{}.{}", function.interface, function.function)).or_default() += 1;
        }
    }
    tally
}

fn refused(calls: &[HostCall]) -> Vec<String> {
    let mut refused: Vec<String> = calls
        .iter()
        .filter_map(|call| match &call.permission {
            Permission::Denied(grant) => Some(grant.to_string()),
            Permission::Free | Permission::Granted(_) => None,
        })
        .collect();
    refused.sort();
    refused.dedup();
    refused
}

fn unanswered(calls: &[HostCall]) -> Vec<String> {
    let is_open = |function: &&FunctionCall| function.result.to_string().contains(UNANSWERED);
    let open = calls.iter().filter_map(HostCall::function).filter(is_open);
    open.map(|function| format!("{}.{} {}", function.interface, function.function, function.arguments)).collect()
}
