//! Problems while they are gathered: told all at once, sorted, with literal secrets blacked out.

use crate::code::Code;
use crate::tree::{At, SourceFile};
use crate::{Diagnostic, Diagnostics, Label, Severity};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// More than this is no help to anybody.
const MOST: usize = 500;

/// Where problems are put. Nobody stops at the first.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: RefCell<Vec<Diagnostic>>,
    literals: RefCell<Vec<At>>,
}

/// A problem while it is being worded.
#[must_use]
pub(crate) struct Problem(Diagnostic);

impl Problem {
    /// The board cannot run with it.
    pub(crate) fn error(code: &Code, headline: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, &headline.into())
    }

    /// Somebody should know.
    pub(crate) fn warning(code: &Code, headline: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, &headline.into())
    }

    fn new(severity: Severity, code: &Code, headline: &str) -> Self {
        let headline = printable(headline);
        Self(Diagnostic { severity, code: code.slug, headline, labels: Vec::new(), help: None })
    }

    /// Where, and what is said there; the first one is the main one.
    pub(crate) fn at(mut self, at: &At, words: impl Into<String>) -> Self {
        self.0.labels.push(Label {
            file: Arc::clone(&at.file.name),
            text: Arc::clone(&at.file.text),
            span: at.span,
            words: printable(&words.into()),
        });
        self
    }

    /// What to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(printable(&help.into()));
        self
    }
}

impl Report {
    /// Takes a problem.
    pub(crate) fn add(&self, problem: Problem) {
        let mut found = self.found.borrow_mut();
        if found.len() < MOST {
            found.push(problem.0);
        }
    }

    /// Whether anything was found so far.
    pub(crate) fn any(&self) -> bool {
        !self.found.borrow().is_empty()
    }

    /// Whether one of these was found so far.
    pub(crate) fn has(&self, codes: &[&Code]) -> bool {
        self.found.borrow().iter().any(|found| codes.iter().any(|code| code.slug == found.code))
    }

    /// A secret stands here in clear: it is blacked out wherever this file is shown.
    pub(crate) fn hide(&self, at: &At) {
        self.literals.borrow_mut().push(at.clone());
    }

    /// All problems, by file and place.
    pub(crate) fn finish(self) -> Diagnostics {
        let mut found = self.found.into_inner();
        let clean = blacked_out(&self.literals.into_inner());
        for label in found.iter_mut().flat_map(|diagnostic| &mut diagnostic.labels) {
            if let Some(text) = clean.get(&label.file) {
                label.text = Arc::clone(text);
            }
        }
        found.sort_by(|one, other| key(one).cmp(&key(other)));
        found.dedup();
        Diagnostics(found)
    }
}

/// The board's own files stand before the contracts they name.
fn key(diagnostic: &Diagnostic) -> (bool, &str, usize) {
    diagnostic.labels.first().map_or((false, "", 0), |label| {
        (!label.file.starts_with("switchboard."), &*label.file, label.span.start)
    })
}

fn blacked_out(literals: &[At]) -> HashMap<Arc<str>, Arc<str>> {
    let mut clean = HashMap::new();
    for At { file, span } in literals {
        let text: &mut Vec<u8> = clean
            .entry(Arc::clone(&file.name))
            .or_insert_with(|| SourceFile::clone(file).text.as_bytes().to_vec());
        // The quotes stay, and so does every line: spans of other problems still fit.
        for byte in text.iter_mut().take(span.end.saturating_sub(1)).skip(span.start + 1) {
            if *byte != b'\n' {
                *byte = b'*';
            }
        }
    }
    clean.into_iter().map(|(name, text)| (name, String::from_utf8_lossy(&text).into())).collect()
}

/// Without control characters: names in a board may hold anything, a terminal must not obey them.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter })
        .collect()
}

/// The known word that was probably meant.
pub(crate) fn closest<'w>(typed: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let typed = typed.to_lowercase();
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&typed, &word.to_lowercase()), word))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, word)| word)
}
