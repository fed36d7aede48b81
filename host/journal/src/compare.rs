//! Two records of the same attempt, call by call.
//!
//! What counts is what the plugin did: its calls with their arguments, what it was told, what it logged. When it did so,
//! how long it took, and what its native tools wrote meanwhile is of one run only.

use std::fmt;

use lockgate_model::host_call::{CallBody, FunctionCall, HostCall, LogSource, Permission};
use serde_json::json;

use crate::answers::is_masked;

/// The first place where two records differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Counts the calls that are compared, from 0.
    pub at: usize,
    /// The call in the record; none where the record ends.
    pub recorded: Option<String>,
    /// The call now; none where it is missing.
    pub now: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "call {} is the first that differs:", self.at)?;
        let shown = |call: &Option<String>| call.clone().unwrap_or_else(|| "(no call)".to_owned());
        write!(f, "- {}\n+ {}", shown(&self.recorded), shown(&self.now))
    }
}

/// A record as it is compared.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stream {
    /// In their order.
    calls: Vec<String>,
    /// Requests, by their number: they may end in any order.
    requests: Vec<(u64, String)>,
}

/// The first difference between a record and what was done now; none where there is none.
#[must_use]
pub fn first_difference(recorded: &[HostCall], now: &[HostCall]) -> Option<Difference> {
    let (recorded, now) = (segments(recorded), segments(now));
    let mut before = 0;
    for at in 0..recorded.len().max(now.len()) {
        let (old, new) = (recorded.get(at), now.get(at));
        // An answer that came from the cache has the lines of the log only.
        let lines_only = old.is_some_and(|segment| segment.is_hit) || new.is_some_and(|segment| segment.is_hit);
        let stream = |segment: Option<&Segment<'_>>| segment.map_or_else(Stream::default, |it| it.stream(lines_only));
        let (old, new) = (stream(old), stream(new));
        if let Some(difference) = differ(&old, &new, before) {
            return Some(difference);
        }
        before += old.calls.len();
    }
    None
}

/// How many calls of a record are compared.
#[must_use]
pub fn counted(calls: &[HostCall]) -> usize {
    segments(calls)
        .iter()
        .map(|segment| segment.stream(segment.is_hit))
        .map(|it| it.calls.len() + it.requests.len())
        .sum()
}

fn differ(old: &Stream, new: &Stream, before: usize) -> Option<Difference> {
    let calls = pairs(&old.calls, &new.calls).position(|(old, new)| is_other(old, new));
    let text = |list: &[String], at: usize| list.get(at).cloned();
    if let Some(at) = calls {
        return Some(Difference { at: before + at, recorded: text(&old.calls, at), now: text(&new.calls, at) });
    }
    let requests = |stream: &Stream| stream.requests.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
    let (old_requests, new_requests) = (requests(old), requests(new));
    let at = pairs(&old_requests, &new_requests).position(|(old, new)| is_other(old, new))?;
    let place = before + old.calls.len() + at;
    Some(Difference { at: place, recorded: text(&old_requests, at), now: text(&new_requests, at) })
}

/// What was masked in the record cannot be compared.
fn is_other(recorded: Option<&String>, now: Option<&String>) -> bool {
    recorded != now && !(now.is_some() && recorded.is_some_and(|text| is_masked(text)))
}

fn pairs<'a>(old: &'a [String], new: &'a [String]) -> impl Iterator<Item = (Option<&'a String>, Option<&'a String>)> {
    (0..old.len().max(new.len())).map(|at| (old.get(at), new.get(at)))
}

/// The calls of one call of the plugin: an attempt may make many, and each begins with a look into the cache where its
/// answer can be kept.
struct Segment<'a> {
    is_hit: bool,
    calls: Vec<&'a HostCall>,
}

impl Segment<'_> {
    fn stream(&self, lines_only: bool) -> Stream {
        let mut stream = Stream::default();
        for call in &self.calls {
            match &call.body {
                CallBody::Line(line) => {
                    let is_its_own = matches!(line.source, LogSource::Log | LogSource::Stdout | LogSource::Stderr);
                    if is_its_own {
                        stream.calls.push(format!("log {:?} {:?}: {}", line.level, line.source, line.message));
                    }
                }
                CallBody::Progress { message, done, total } => {
                    stream.calls.push(format!("progress {message} {done}/{total:?}"));
                }
                CallBody::Function(function) if !lines_only => add(&mut stream, &call.permission, function),
                CallBody::Function(_) => {}
            }
        }
        stream.requests.sort();
        stream
    }
}

fn add(stream: &mut Stream, permission: &Permission, call: &FunctionCall) {
    // What a tool contacted is in the answer of its command; sums of own calls depend on how often a guest polled.
    if call.interface == "egress" || call.function == "(own)" {
        return;
    }
    let text = shown(permission, call);
    match call.arguments["exchange"].as_u64().filter(|_| call.interface == "http") {
        Some(number) => stream.requests.push((number, text)),
        None => stream.calls.push(text),
    }
}

/// A call in a line.
fn shown(permission: &Permission, call: &FunctionCall) -> String {
    let denied = match permission {
        Permission::Denied(grant) => format!(" (denied: {grant})"),
        Permission::Free | Permission::Granted(_) => String::new(),
    };
    let mut result = call.result.clone();
    if let Some(fields) = result.as_object_mut() {
        // Of the run, not of the plugin.
        fields.remove("peer");
    }
    format!("{}.{} {} -> {}{denied}", call.interface, call.function, call.arguments, json!(result))
}

fn segments(calls: &[HostCall]) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    for call in calls {
        if let CallBody::Function(look) = &call.body
            && look.interface == "cache"
        {
            let is_hit = !look.result["known-from"].is_null();
            segments.push(Segment { is_hit, calls: Vec::new() });
            continue;
        }
        if segments.is_empty() {
            segments.push(Segment { is_hit: false, calls: Vec::new() });
        }
        if let Some(segment) = segments.last_mut() {
            segment.calls.push(call);
        }
    }
    segments
}
