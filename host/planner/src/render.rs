//! Diagnostics for a person: file:line:col, the source line, a caret, the reason, the remedy.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::source::Source;

impl Diagnostics {
    /// The diagnostics as text, one after the other, with ANSI colours where `color` is set.
    #[must_use]
    pub fn render(&self, source: &Source, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
        let reports: Vec<String> = self.iter().map(|diagnostic| render(diagnostic, source, &renderer)).collect();
        reports.join("\n\n")
    }
}

fn render(diagnostic: &Diagnostic, source: &Source, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        level.primary_title(printable(&diagnostic.message)).id(diagnostic.code).element(snippet(diagnostic, source));
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    renderer.render(&[group] as &[Group<'_>])
}

fn snippet<'a>(diagnostic: &Diagnostic, source: &'a Source) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let label = (!diagnostic.label.is_empty()).then(|| printable(&diagnostic.label));
    let primary = AnnotationKind::Primary.span(diagnostic.span.clone()).label(label);
    let related = diagnostic
        .related
        .as_ref()
        .map(|related| AnnotationKind::Context.span(related.span.clone()).label(printable(&related.label)));
    Snippet::source(&source.text).path(&source.name).annotation(primary).annotations(related)
}

/// Text of the file may hold escape sequences; a terminal must not obey them.
fn printable(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() && char != '\n' { char::REPLACEMENT_CHARACTER } else { char })
        .collect()
}
