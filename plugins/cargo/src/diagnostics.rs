//! The compiler's and the linter's messages as findings.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::CompilerMessage;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel, DiagnosticSpan};
use lockgate_sdk::{Finding, Location, Severity};
use sha2::{Digest, Sha256};

use crate::package;
use crate::places::Places;

/// Findings of one step; a build that is worse than this is as well told by its first ones.
pub const FINDINGS_MAX: usize = 2_000;
/// Hexadecimal digits of a fingerprint.
const FINGERPRINT_DIGITS: usize = 32;

/// Errors and warnings, each once: cargo compiles a library again for its tests and then repeats itself.
#[must_use]
pub fn findings(messages: &[CompilerMessage], places: &Places) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut twins: BTreeMap<String, u32> = BTreeMap::new();
    let mut findings = Vec::new();
    for message in messages {
        let Some(mut finding) = finding(message, places) else { continue };
        if findings.len() < FINDINGS_MAX && seen.insert(identity(&finding)) {
            let twin = twins.entry(finding.fingerprint.clone()).or_default();
            finding.fingerprint = numbered(&finding.fingerprint, *twin);
            *twin += 1;
            findings.push(finding);
        }
    }
    findings
}

/// How many of the findings are as bad as errors.
#[must_use]
pub fn errors(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.severity == Severity::High).count()
}

/// Whether the compiler gave up because of it.
#[must_use]
pub fn is_error(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.level, DiagnosticLevel::Ice | DiagnosticLevel::Error)
}

fn finding(message: &CompilerMessage, places: &Places) -> Option<Finding> {
    let diagnostic = &message.message;
    let severity = severity(diagnostic.level)?;
    let span = place(diagnostic);
    if span.is_none() && diagnostic.code.is_none() && is_bookkeeping(&diagnostic.message) {
        return None;
    }
    let rule = diagnostic.code.as_ref().map_or_else(|| level_name(severity).to_owned(), |code| code.code.clone());
    let at = span.map(|span| location(span, places));
    let subject = package::name(&message.package_id.repr);
    let fingerprint =
        fingerprint(&[&rule, subject, at.as_ref().map_or("", |at| &at.path), &diagnostic.message, &source(span)]);
    let (help, references) = advice(diagnostic);
    Some(Finding {
        rule,
        severity,
        message: diagnostic.message.clone(),
        help,
        at,
        subject: Some(subject.to_owned()),
        fingerprint,
        fixed_in: None,
        references,
    })
}

fn severity(level: DiagnosticLevel) -> Option<Severity> {
    match level {
        DiagnosticLevel::Ice | DiagnosticLevel::Error => Some(Severity::High),
        DiagnosticLevel::Warning => Some(Severity::Low),
        _ => None,
    }
}

fn level_name(severity: Severity) -> &'static str {
    if severity == Severity::High { "error" } else { "warning" }
}

/// What the compiler says about its own messages, which is no finding of its own.
fn is_bookkeeping(message: &str) -> bool {
    let counts = message.ends_with("warning emitted") || message.ends_with("warnings emitted");
    counts || message.starts_with("aborting due to") || message.starts_with("could not compile")
}

/// The primary span, moved out of macros to where the code itself stands.
fn place(diagnostic: &Diagnostic) -> Option<&DiagnosticSpan> {
    let mut span = diagnostic.spans.iter().find(|span| span.is_primary).or(diagnostic.spans.first())?;
    while let Some(expansion) = span.expansion.as_deref().filter(|_| span.file_name.starts_with(['<', '/'])) {
        span = &expansion.span;
    }
    Some(span)
}

fn location(span: &DiagnosticSpan, places: &Places) -> Location {
    let number = |number: usize| u32::try_from(number).ok();
    Location {
        path: places.resolve(&span.file_name),
        line: number(span.line_start),
        column: number(span.column_start),
        end_line: number(span.line_end),
    }
}

/// The highlighted code, which moves with its line.
fn source(span: Option<&DiagnosticSpan>) -> String {
    let lines = span.map_or(&[][..], |span| &span.text).iter().map(|line| line.text.trim());
    lines.collect::<Vec<_>>().join("\n")
}

/// What to do, and where to read on.
fn advice(diagnostic: &Diagnostic) -> (Option<String>, Vec<String>) {
    let helps = diagnostic.children.iter().filter(|child| child.level == DiagnosticLevel::Help);
    let (links, words): (Vec<_>, Vec<_>) = helps.map(help).partition(|text| link(text).is_some());
    let help = words.join("\n");
    ((!help.is_empty()).then_some(help), links.iter().filter_map(|text| link(text).map(str::to_owned)).collect())
}

fn help(child: &Diagnostic) -> String {
    let replacement = child
        .spans
        .iter()
        .find_map(|span| span.suggested_replacement.as_deref())
        .filter(|text| !text.trim().is_empty());
    match replacement {
        Some(text) => format!("{}: `{}`", child.message, text.trim()),
        None => child.message.clone(),
    }
}

fn link(text: &str) -> Option<&str> {
    text.strip_prefix("for further information visit ")
}

fn identity(finding: &Finding) -> (String, String, String) {
    let at = finding.at.as_ref().map(|at| format!("{}:{:?}:{:?}", at.path, at.line, at.column));
    (finding.rule.clone(), finding.message.clone(), at.unwrap_or_default())
}

/// A digest of what stays the same when lines are added above.
fn fingerprint(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\0").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..FINGERPRINT_DIGITS].to_owned()
}

fn numbered(fingerprint: &str, twin: u32) -> String {
    if twin == 0 { fingerprint.to_owned() } else { format!("{fingerprint}-{twin}") }
}
