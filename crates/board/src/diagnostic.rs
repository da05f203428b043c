//! A diagnostic: one problem of a board, where it is, and what to do.

use contract::Span;
use std::sync::Arc;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The board cannot run.
    Error,
    /// It can, but somebody should know.
    Warning,
}

/// A stretch of a file with words to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Name of the file as shown.
    pub file: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// Where.
    pub span: Span,
    /// What is said there.
    pub words: String,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Stable slug; `switchboard explain SLUG` prints its page.
    pub code: &'static str,
    /// In plain words, one line.
    pub headline: String,
    /// Where, the user's own file first.
    pub labels: Vec<Label>,
    /// What to write instead, ready to paste.
    pub help: Option<String>,
}

/// All problems of a board, sorted by file and place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Whether the board cannot run.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}
