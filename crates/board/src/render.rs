//! Diagnostics for people and for programs: frames for a terminal, JSON for editors and pipelines.

use crate::{Diagnostic, Diagnostics, Label, Severity};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use contract::place_of;
use serde_json::json;
use std::ops::Range;

impl Diagnostics {
    /// As text for a terminal; `colour` adds ANSI colours. Nothing found: the empty text.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Unicode);
        self.0
            .iter()
            .map(|diagnostic| format!("{}\n", renderer.render(&[group(diagnostic)])))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// As JSON: a list of `{severity, code, headline, file, line, column, end, help, labels}`; lines and columns from 1.
    pub fn to_json(&self) -> serde_json::Value {
        self.0.iter().map(entry).collect()
    }
}

fn entry(diagnostic: &Diagnostic) -> serde_json::Value {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut object = json!({
        "severity": severity,
        "code": diagnostic.code,
        "headline": diagnostic.headline,
        "help": diagnostic.help,
        "labels": diagnostic.labels.iter().map(place).collect::<Vec<_>>(),
    });
    let first = diagnostic.labels.first().map(place).unwrap_or_default();
    for name in ["file", "line", "column", "end"] {
        object[name] = first[name].clone();
    }
    object
}

fn place(label: &Label) -> serde_json::Value {
    let (start, end) = (place_of(&label.text, label.span.start), place_of(&label.text, label.span.end));
    json!({
        "file": &*label.file,
        "line": start.line,
        "column": start.column,
        "end": { "line": end.line, "column": end.column },
        "words": label.words,
    })
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&*diagnostic.headline).id(diagnostic.code));
    let mut left = diagnostic.labels.iter().enumerate().peekable();
    while let Some((number, label)) = left.next() {
        // Labels in one file that follow each other share a frame.
        let mut shared = vec![(number, label)];
        while let Some(next) = left.next_if(|(_, next)| next.file == label.file) {
            shared.push(next);
        }
        group = group.element(snippet(&shared));
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(&**help)),
        None => group,
    }
}

/// Only the lines that are shown are handed on: a contract may have megabytes.
fn snippet<'d>(labels: &[(usize, &'d Label)]) -> Snippet<'d, Annotation<'d>> {
    let Some((_, first)) = labels.first() else {
        return Snippet::source("");
    };
    let text = &*first.text;
    let spans: Vec<Range<usize>> = labels.iter().map(|(_, label)| within(text, label)).collect();
    let from = spans.iter().map(|span| span.start).min().unwrap_or_default();
    let upto = spans.iter().map(|span| span.end).max().unwrap_or_default();
    let start = text[..from].rfind('\n').map_or(0, |at| at + 1);
    let end = text[upto..].find('\n').map_or(text.len(), |at| upto + at);
    let line = usize::try_from(place_of(text, start).line).unwrap_or(1);
    let mut snippet = Snippet::source(&text[start..end]).path(&*first.file).line_start(line);
    for ((number, label), span) in labels.iter().zip(spans) {
        let kind = if *number == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let words = (!label.words.is_empty()).then_some(&*label.words);
        snippet = snippet.annotation(kind.span(span.start - start..span.end - start).label(words));
    }
    snippet
}

/// The span within the text, on borders of characters, not over several lines.
fn within(text: &str, label: &Label) -> Range<usize> {
    let border =
        |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = border(label.span.start);
    let end = border(label.span.end).max(start);
    let line = text[start..end].find('\n').map_or(end, |at| start + at);
    start..line
}
