//! What is wrong with a pipeline file, each mistake at its place, all of them at once.

use std::ops::Range;

use serde::Serialize;

use lockgate_model::Json;

use crate::source::{Lines, Source, Span};

/// Diagnostics that are kept; a file with more has them cut and says so.
pub const DIAGNOSTICS_MAX: usize = 200;

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// There is no plan.
    Error,
    /// There is a plan, and somebody should look.
    Warning,
}

/// A second place that explains the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Bytes of the source.
    pub span: Range<usize>,
    /// What is there.
    pub label: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// For machines: `unknown-key`, `cycle` ...
    pub code: &'static str,
    /// What is wrong, in a line.
    pub message: String,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in the line, from 1, in characters.
    pub column: u32,
    /// Bytes of the source.
    pub span: Range<usize>,
    /// What to say at the place; may be empty.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
    /// Another place that belongs to it.
    pub related: Option<Related>,
}

/// Mistakes in the order of their places.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Each of them, by place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A JSON list of them: `severity`, `code`, `message`, `line`, `column`, `span` {start, end}, `label`, `help`,
    /// `related`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, diagnostic) in self.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{}:{}: {}", diagnostic.line, diagnostic.column, diagnostic.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// A mistake before its line is known.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    severity: Severity,
    code: &'static str,
    message: String,
    span: Span,
    label: String,
    help: Option<String>,
    related: Option<(Span, String)>,
}

impl Finding {
    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(&mut self, help: Option<String>) -> &mut Self {
        self.help = help.or(self.help.take());
        self
    }

    pub(crate) fn related(&mut self, span: Span, label: impl Into<String>) -> &mut Self {
        self.related = Some((span, label.into()));
        self
    }
}

/// Findings that are kept while the file is read. More than are shown, since they come in any order; bounded, since a
/// file can hold a mistake in every other byte.
const FINDINGS_MAX: usize = 2_000;

/// Collects mistakes while the file is read, in any order.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: Vec<Finding>,
    overflow: usize,
}

impl Report {
    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Finding {
        self.push(Severity::Error, code, span, message.into())
    }

    pub(crate) fn warning(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Finding {
        self.push(Severity::Warning, code, span, message.into())
    }

    fn push(&mut self, severity: Severity, code: &'static str, span: Span, message: String) -> &mut Finding {
        let finding = Finding { severity, code, message, span, label: String::new(), help: None, related: None };
        if self.findings.len() == FINDINGS_MAX {
            self.overflow += 1;
            self.findings.pop();
        }
        let at = self.findings.len();
        self.findings.push(finding);
        &mut self.findings[at]
    }

    /// Whether something within `span` is wrong already: a mistake that follows from it need not be told.
    pub(crate) fn has_error_in(&self, span: Span) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error && span.contains(finding.span))
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// All findings by place; one that a matrix repeated for each cell stands once.
    pub(crate) fn finish(mut self, source: &Source) -> Diagnostics {
        self.findings.sort_by(|left, right| left.key().cmp(&right.key()));
        self.findings.dedup_by(|left, right| left.span == right.span && left.code == right.code);
        let left_out = self.findings.len().saturating_sub(DIAGNOSTICS_MAX) + self.overflow;
        self.findings.truncate(DIAGNOSTICS_MAX);
        if left_out > 0
            && let Some(last) = self.findings.last_mut()
        {
            last.help(format!("{left_out} more are not shown"));
        }
        let lines = Lines::new(&source.text);
        Diagnostics(self.findings.into_iter().map(|finding| finding.place(&lines)).collect())
    }
}

impl Finding {
    fn key(&self) -> (Span, Severity, &'static str, &str) {
        (self.span, self.severity, self.code, &self.message)
    }

    fn place(self, lines: &Lines<'_>) -> Diagnostic {
        let (line, column) = lines.place(self.span.start);
        let range = |span: Span| {
            let span = lines.underlined(span);
            span.start..span.end
        };
        Diagnostic {
            severity: self.severity,
            code: self.code,
            message: self.message,
            line,
            column,
            span: range(self.span),
            label: self.label,
            help: self.help,
            related: self.related.map(|(span, label)| Related { span: range(span), label }),
        }
    }
}
